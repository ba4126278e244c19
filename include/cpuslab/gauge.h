/* SPDX-License-Identifier: MIT */
/*
 * gauge.h - a number that goes up and down: what came in less what went out.
 *
 * Two counters side by side in one object. A sum reads `out` first: each `out`
 * comes after its `in`, so balanced use never shows a negative value. The
 * price: a sum that races with many changes may show too much, never too
 * little.
 */
#ifndef CPUSLAB_GAUGE_H
#define CPUSLAB_GAUGE_H

#include <cpuslab/ops.h>
#include <cpuslab/slab.h>

CPUSLAB_BEGIN

struct cpuslab_gauge {
	struct cpuslab_percpu handle; /* W init, fini; R any */
	struct cpuslab_slab *slab;
};

/* One CPU's copy. */
struct cpuslab_gauge_cpu {
	uint64_t in;  /* W owner; R any */
	uint64_t out; /* W owner; R any */
};

/**
 * cpuslab_gauge_init() - a gauge at 0.
 * Context: may sleep, allocates.
 * Return:  as cpuslab_alloc().
 */
CPUSLAB_API int cpuslab_gauge_init(struct cpuslab_gauge *gauge,
				   struct cpuslab_slab *slab);
/* Nobody uses it any more. Context: may sleep. */
CPUSLAB_API void cpuslab_gauge_fini(struct cpuslab_gauge *gauge);

/**
 * cpuslab_gauge_add() - @value came in. Context, Order: see ops.h.
 */
CPUSLAB_INLINE void cpuslab_gauge_add(const struct cpuslab_gauge *gauge,
				      uint64_t value)
{
	cpuslab_add(&gauge->handle, offsetof(struct cpuslab_gauge_cpu, in),
		    value);
}

/**
 * cpuslab_gauge_sub() - @value went out, on whatever CPU; its coming in
 * happened before. Context, Order: see ops.h.
 */
CPUSLAB_INLINE void cpuslab_gauge_sub(const struct cpuslab_gauge *gauge,
				      uint64_t value)
{
	cpuslab_add(&gauge->handle, offsetof(struct cpuslab_gauge_cpu, out),
		    value);
}

/**
 * cpuslab_gauge_sum() - in less out; never negative with balanced use.
 * Context: any. Wait-free.
 */
CPUSLAB_API int64_t cpuslab_gauge_sum(const struct cpuslab_gauge *gauge);

CPUSLAB_END

#endif /* CPUSLAB_GAUGE_H */
