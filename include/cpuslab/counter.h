/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_COUNTER_H
#define CPUSLAB_COUNTER_H
/*
 * counter.h - a counter that every CPU adds to in its own copy.
 *
 *	CPU:   0    3    7   shared     residual
 *	      12    4    9   0          31        -> sum 56
 *
 * Not for a value that also goes down (see gauge.h), nor for one that is read
 * as often as it is written (see approx.h, which gives bounds in O(1)).
 */

#include <cpuslab/default.h>
#include <cpuslab/ops.h>
#include <cpuslab/slab.h>

CPUSLAB_BEGIN

#define CPUSLAB_COUNTER_MANY 4096u /* of one cpuslab_counter_init_many() */

struct cpuslab_counter {
	struct cpuslab_percpu handle; /* W init, fini; R any */
	struct cpuslab_slab *slab;    /* W init; R fini */
	struct cpuslab__named named;  /* of CPUSLAB_COUNTER_INIT() */
	cpuslab_word early;           /* likewise; W, R any */
};

/**
 * CPUSLAB_COUNTER_INIT() - initialise a counter, without a call.
 * @text: its name, a string literal.
 *
 *	static struct cpuslab_counter hits = CPUSLAB_COUNTER_INIT("hits");
 *
 * It has the value 0 and may be used from then on, in any context that may add
 * to a counter; default.h says when it gets its copies. For an object that is
 * not const, in C and in C++. Do not call cpuslab_counter_init() on it.
 */
#define CPUSLAB_COUNTER_INIT(text)                                             \
	{                                                                      \
		CPUSLAB__NAMED_HANDLE(CPUSLAB__OF_NAMED_COUNTER), NULL,        \
			{ text, 0, 0 }, 0                                      \
	}

/**
 * cpuslab_counter_init() - set up a counter with value 0.
 * @counter: resident memory of the caller.
 * @slab:    where its copies are allocated; outlives it.
 *
 * Context: may sleep, allocates.
 * Return:  as cpuslab_alloc().
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_APC int
cpuslab_counter_init(CPUSLAB_OUT struct cpuslab_counter *counter,
		     CPUSLAB_INOUT struct cpuslab_slab *slab);

/**
 * cpuslab_counter_init_many() - set up counters that are neighbours.
 * @counters: [@count] resident memory of the caller; null handles after an
 *            error.
 * @slab:     where their copies are allocated; outlives them.
 * @count:    how many, from 1 to CPUSLAB_COUNTER_MANY.
 *
 * One allocation; on each CPU they follow each other without a gap, eight in a
 * cache line of 64 bytes, in which the first begins. Sums of all of them in one
 * pass: cpuslab_sum_many(&counters[0].handle, 0, count, sums).
 *
 * Context: may sleep, allocates.
 * Return:  as cpuslab_alloc(); -CPUSLAB_EINVAL for another @count.
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_APC int
cpuslab_counter_init_many(CPUSLAB_ARRAY struct cpuslab_counter *counters,
			  CPUSLAB_INOUT struct cpuslab_slab *slab,
			  uint32_t count);

/**
 * cpuslab_counter_fini_many() - free counters that are neighbours.
 * @counters: set up by cpuslab_counter_init_many(), all of them.
 *
 * Context: may sleep.
 */
CPUSLAB_API CPUSLAB_APC void
cpuslab_counter_fini_many(CPUSLAB_ARRAY struct cpuslab_counter *counters);

/**
 * cpuslab_counter_fini() - free a counter that is no longer used.
 * @counter: set up by cpuslab_counter_init(), not by _init_many(); or by
 *           CPUSLAB_COUNTER_INIT(), and then it keeps its value and may be used
 *           again.
 *
 * Context: may sleep; in a callback of its slab the copies are freed no earlier
 *          than the slab.
 */
CPUSLAB_API CPUSLAB_APC void
cpuslab_counter_fini(CPUSLAB_INOUT struct cpuslab_counter *counter);

/**
 * cpuslab_counter_sum() - read the counter.
 * @counter: set up by cpuslab_counter_init() or CPUSLAB_COUNTER_INIT().
 *
 * Context, Order, Return: as cpuslab_sum().
 */
CPUSLAB_API CPUSLAB_DISPATCH uint64_t
cpuslab_counter_sum(CPUSLAB_IN const struct cpuslab_counter *counter);

/**
 * cpuslab_counter_interval() - read what was added since the last call.
 * @counter: set up by cpuslab_counter_init() or CPUSLAB_COUNTER_INIT().
 * @last:    as of cpuslab_sum_interval(); 0 before the first call.
 *
 * Context, Order, Return: as cpuslab_sum_interval().
 */
CPUSLAB_INLINE CPUSLAB_DISPATCH uint64_t
cpuslab_counter_interval(CPUSLAB_IN const struct cpuslab_counter *counter,
			 CPUSLAB_INOUT cpuslab_word *last)
{
	return cpuslab_sum_interval(&counter->handle, 0, last);
}

/**
 * cpuslab_counter_set() - give the counter another value.
 * @counter: set up by cpuslab_counter_init() or CPUSLAB_COUNTER_INIT().
 * @value:   what it is from now on.
 *
 * It adds the difference to the sum that it has read. So an add in progress
 * counts either as before the set, and is replaced, or as after it, and is
 * kept. A set that lowers the value is a negative add: see cpuslab_sum().
 *
 * Context, Order, Return: as cpuslab_sum() and then cpuslab_add().
 */
CPUSLAB_INLINE CPUSLAB_DISPATCH int
cpuslab_counter_set(CPUSLAB_IN const struct cpuslab_counter *counter,
		    uint64_t value)
{
	return cpuslab_add(&counter->handle, 0,
			   value - cpuslab_sum(&counter->handle, 0));
}

/**
 * cpuslab_counter_add() - add @value to the counter.
 * @counter: set up by cpuslab_counter_init() or CPUSLAB_COUNTER_INIT().
 * @value:   added modulo 2^64.
 *
 * Context, Order, Return: as cpuslab_add().
 */
CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_counter_add(CPUSLAB_IN const struct cpuslab_counter *counter,
		    uint64_t value)
{
	return cpuslab_add(&counter->handle, 0, value);
}

CPUSLAB_END

/*
 * Synchronization:
 *   add, sum, interval
 *                 any context, concurrently with everything
 *   set           likewise; the caller excludes other sets
 *   init, init_many, fini, fini_many
 *                 the caller excludes every other call
 */

#endif /* CPUSLAB_COUNTER_H */
