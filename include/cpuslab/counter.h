/* SPDX-License-Identifier: MIT */
/*
 * counter.h - one number that every CPU adds to.
 *
 *	CPU:   0    3    7   shared     residual
 *	             12   4    9   0          31        -> sum 56
 *
 * Not for numbers that go down: see gauge.h; for bounds in O(1): approx.h.
 */
#ifndef CPUSLAB_COUNTER_H
#define CPUSLAB_COUNTER_H

#include <cpuslab/ops.h>
#include <cpuslab/slab.h>

CPUSLAB_BEGIN

struct cpuslab_counter {
	struct cpuslab_percpu handle; /* W init, fini; R any */
	struct cpuslab_slab *slab;
};

/**
 * cpuslab_counter_init() - a counter at 0.
 * Context: may sleep, allocates.
 * Return:  as cpuslab_alloc().
 */
CPUSLAB_API int cpuslab_counter_init(struct cpuslab_counter *counter,
				     struct cpuslab_slab *slab);
/* Nobody uses it any more. Context: may sleep. */
CPUSLAB_API void cpuslab_counter_fini(struct cpuslab_counter *counter);

/**
 * cpuslab_counter_add() - add to the counter. Context, Order: see ops.h.
 */
CPUSLAB_INLINE void cpuslab_counter_add(const struct cpuslab_counter *counter,
					uint64_t value)
{
	cpuslab_add(&counter->handle, 0, value);
}

/**
 * cpuslab_counter_sum() - the value. See cpuslab_sum().
 */
CPUSLAB_API uint64_t cpuslab_counter_sum(const struct cpuslab_counter *counter);

CPUSLAB_END

#endif /* CPUSLAB_COUNTER_H */
