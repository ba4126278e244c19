/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_GAUGE_H
#define CPUSLAB_GAUGE_H
/*
 * gauge.h - a value that goes up and down, such as bytes in use.
 *
 * One object holds two counters, neither of which ever falls:
 *
 *	CPU:    0    3    7   shared
 *	in      9    4    6   0		-> 19
 *	out     2    8    5   0		-> 15		value 4
 *
 * No two sums are of one moment, so a difference of two can be wrong by all
 * that changes between them: by millions, if the reader is preempted there. A
 * read therefore sums both counters twice:
 *
 *	out0  in0  |  out1  in1		| is some moment of the call
 *
 * A sum lies between the counter's values at its beginning and at its end, and
 * these never fall. So at that moment `in` was in [in0, in1], `out` was in
 * [out0, out1], and the value was in
 *
 *	[in0 - out1, in1 - out0]	least, most
 *
 * The two differ by what went in and out between the sums, and are equal if
 * nothing did. A read takes new sums up to CPUSLAB_GAUGE_TRIES times, until the
 * bounds are equal, and returns the narrowest. So one preemption does not
 * matter, and the error is at most what changes during the shortest try.
 *
 * `most` has one guarantee more: what went out had come in before, and out0 is
 * read before in1, so that a balanced gauge never reads as negative.
 *
 * What came in, or went out, in an interval is read as for a counter:
 *
 *	cpuslab_sum_interval(&gauge.handle,
 *			     offsetof(struct cpuslab_gauge_cpu, in), &last)
 *
 * Not for a value that only grows: see counter.h.
 */

#include <cpuslab/default.h>
#include <cpuslab/ops.h>
#include <cpuslab/slab.h>

CPUSLAB_BEGIN

#define CPUSLAB_GAUGE_TRIES 4

/* One CPU's copy. */
struct cpuslab_gauge_cpu {
	uint64_t in;  /* W operations of the CPU; R any */
	uint64_t out; /* W operations of the CPU; R any */
};

struct cpuslab_gauge {
	struct cpuslab_percpu handle;   /* W init, fini; R any */
	struct cpuslab_slab *slab;      /* W init; R fini */
	struct cpuslab__named named;    /* of CPUSLAB_GAUGE_INIT() */
	struct cpuslab_gauge_cpu early; /* likewise; W, R any */
};

/**
 * CPUSLAB_GAUGE_INIT() - initialise a gauge, without a call.
 * @text: its name, a string literal.
 *
 * As CPUSLAB_COUNTER_INIT().
 */
#define CPUSLAB_GAUGE_INIT(text)                                               \
	{                                                                      \
		CPUSLAB__NAMED_HANDLE(CPUSLAB__OF_NAMED_GAUGE), NULL,          \
			{ text, 0, 0 },                                        \
		{                                                              \
			0, 0                                                   \
		}                                                              \
	}

/**
 * cpuslab_gauge_init() - set up a gauge with value 0.
 * @gauge: resident memory of the caller.
 * @slab:  where its copies are allocated; outlives it.
 *
 * Context: may sleep, allocates.
 * Return:  as cpuslab_alloc().
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_APC int
cpuslab_gauge_init(CPUSLAB_OUT struct cpuslab_gauge *gauge,
		   CPUSLAB_INOUT struct cpuslab_slab *slab);

/**
 * cpuslab_gauge_fini() - free a gauge that is no longer used.
 * @gauge: set up by cpuslab_gauge_init(); or by CPUSLAB_GAUGE_INIT(), and then
 *         it keeps its value and may be used again.
 *
 * Context: as cpuslab_counter_fini().
 */
CPUSLAB_API CPUSLAB_APC void
cpuslab_gauge_fini(CPUSLAB_INOUT struct cpuslab_gauge *gauge);

/**
 * cpuslab_gauge_bounds() - read a lower and an upper bound of the value.
 * @gauge: set up by cpuslab_gauge_init() or CPUSLAB_GAUGE_INIT().
 * @least: set to the lower bound.
 * @most:  set to the upper bound.
 *
 * At one moment of the call the value was neither below nor above these; they
 * are equal if nothing changed in one of the tries. @most is never negative if
 * every sub follows the add of the same amount; @least may be.
 *
 * Context: any. Wait-free; O(CPUs in use).
 * Order:   acquire; sees what was written before the changes that it counts.
 */
CPUSLAB_API CPUSLAB_DISPATCH void
cpuslab_gauge_bounds(CPUSLAB_IN const struct cpuslab_gauge *gauge,
		     CPUSLAB_OUT int64_t *least, CPUSLAB_OUT int64_t *most);

/**
 * cpuslab_gauge_sum() - read the gauge: the upper bound.
 * @gauge: set up by cpuslab_gauge_init() or CPUSLAB_GAUGE_INIT().
 *
 * It is never too low: a program that adds and then reads always notices that a
 * limit is exceeded.
 *
 * Context, Order: as cpuslab_gauge_bounds().
 * Return:  what came in minus what went out, exact while nothing changes.
 */
CPUSLAB_API CPUSLAB_DISPATCH int64_t
cpuslab_gauge_sum(CPUSLAB_IN const struct cpuslab_gauge *gauge);

/**
 * cpuslab_gauge_add() - raise the gauge by @value.
 * @gauge: set up by cpuslab_gauge_init() or CPUSLAB_GAUGE_INIT().
 * @value: not negative; to lower the gauge call cpuslab_gauge_sub().
 *
 * Context, Order, Return: as cpuslab_add().
 */
CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_gauge_add(CPUSLAB_IN const struct cpuslab_gauge *gauge, uint64_t value)
{
	return cpuslab_add(&gauge->handle,
			   offsetof(struct cpuslab_gauge_cpu, in), value);
}

/**
 * cpuslab_gauge_sub() - lower the gauge by @value, on any CPU.
 * @gauge: set up by cpuslab_gauge_init() or CPUSLAB_GAUGE_INIT().
 * @value: subtracted; what was added before.
 *
 * The add of what goes out must happen before this call.
 *
 * Context, Order, Return: as cpuslab_add().
 */
CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_gauge_sub(CPUSLAB_IN const struct cpuslab_gauge *gauge, uint64_t value)
{
	return cpuslab_add(&gauge->handle,
			   offsetof(struct cpuslab_gauge_cpu, out), value);
}

CPUSLAB_END

/*
 * Synchronization:
 *   add, sub, sum, bounds    any context, concurrently with everything
 *   init, fini               the caller excludes every other call
 */

#endif /* CPUSLAB_GAUGE_H */
