/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_GAUGE_H
#define CPUSLAB_GAUGE_H
/*
 * gauge.h - a value that goes up and down, such as bytes in use.
 *
 * One object holds two counters. A sum reads `out` before `in`: what went out
 * had come in before, so a balanced gauge never reads as negative. In return, a
 * sum that races with many changes may be too high; it is never too low.
 *
 *	CPU:    0    3    7   shared
 *	in      9    4    6   0		-> 19
 *	out     2    8    5   0		-> 15		sum 4
 *
 * Not for a value that only grows: see counter.h.
 */

#include <cpuslab/ops.h>
#include <cpuslab/slab.h>

CPUSLAB_BEGIN

struct cpuslab_gauge {
	struct cpuslab_percpu handle; /* W init, fini; R any */
	struct cpuslab_slab *slab;    /* W init; R fini */
};

/* One CPU's copy. */
struct cpuslab_gauge_cpu {
	uint64_t in;  /* W operations of the CPU; R any */
	uint64_t out; /* W operations of the CPU; R any */
};

/**
 * cpuslab_gauge_init() - set up a gauge with value 0.
 * Context: may sleep, allocates.
 * Return:  as cpuslab_alloc().
 */
CPUSLAB_API int cpuslab_gauge_init(struct cpuslab_gauge *gauge,
				   struct cpuslab_slab *slab);

/**
 * cpuslab_gauge_fini() - free a gauge that is no longer used.
 * Context: may sleep.
 */
CPUSLAB_API void cpuslab_gauge_fini(struct cpuslab_gauge *gauge);

/**
 * cpuslab_gauge_sum() - read the gauge.
 * Context: any. Wait-free; O(CPUs in use).
 * Order:   acquire; sees what was written before the changes that it counts.
 * Return:  what came in minus what went out; never negative if every sub
 *          follows the add of the same amount.
 */
CPUSLAB_API int64_t cpuslab_gauge_sum(const struct cpuslab_gauge *gauge);

/**
 * cpuslab_gauge_add() - raise the gauge by @value.
 * Context, Order, Return: as cpuslab_add().
 */
CPUSLAB_INLINE int cpuslab_gauge_add(const struct cpuslab_gauge *gauge,
				     uint64_t value)
{
	return cpuslab_add(&gauge->handle,
			   offsetof(struct cpuslab_gauge_cpu, in), value);
}

/**
 * cpuslab_gauge_sub() - lower the gauge by @value, on any CPU.
 *
 * The add of what goes out must happen before this call.
 *
 * Context, Order, Return: as cpuslab_add().
 */
CPUSLAB_INLINE int cpuslab_gauge_sub(const struct cpuslab_gauge *gauge,
				     uint64_t value)
{
	return cpuslab_add(&gauge->handle,
			   offsetof(struct cpuslab_gauge_cpu, out), value);
}

CPUSLAB_END

/*
 * Synchronization:
 *   add, sub, sum    any context, concurrently with everything
 *   init, fini       the caller excludes every other call
 */

#endif /* CPUSLAB_GAUGE_H */
