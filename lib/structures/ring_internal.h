/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_RING_INTERNAL_H
#define CPUSLAB_RING_INTERNAL_H
/*
 * ring_internal.h - rings of a type of their own.
 */
#include <cpuslab/ring.h>

CPUSLAB_BEGIN

/* Of a ring in pages of @page_ bytes. */
#define CPUSLAB__RING_TYPE(page_)                                              \
	{                                                                      \
		.name = "cpuslab_ring", .size = 2 * (page_), .align = (page_), \
		.ctor = cpuslab__ring_ctor, .drain = cpuslab__ring_drain,      \
		.counters = 1, .flags = CPUSLAB_TYPE_SIGNAL_SAFE,              \
	}

int cpuslab__ring_ctor(void *copy, uint32_t cpu, void *arg) CPUSLAB_NOEXCEPT;
int cpuslab__ring_drain(void *copy, void *shared, uint32_t cpu,
			void *arg) CPUSLAB_NOEXCEPT;

/*
 * As cpuslab_ring_init(), of a type that is made by CPUSLAB__RING_TYPE(), or
 * calls the same functions.
 */
CPUSLAB_NODISCARD int cpuslab__ring_create(struct cpuslab_ring *ring,
					   struct cpuslab_slab *slab,
					   const struct cpuslab_type *type,
					   uint64_t bytes, uint32_t flags);

CPUSLAB_END

#endif /* CPUSLAB_RING_INTERNAL_H */
