/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_APPROX_H
#define CPUSLAB_APPROX_H
/*
 * approx.h - a counter of events with bounds that are read in O(1), and an
 * exact sum as that of counter.h.
 *
 *	CPU           0     3     7   shared
 *	exact        10    12     9   0			-> sum 31
 *	pending     2/8   4/8   1/8   0/8		at most batch each
 *
 *	published    least 24, most 24			global
 *	bounds       least ... most + batch * copies	-> 24 ... 56
 *
 * An event is counted twice on its CPU: in the exact count, and in the count of
 * pending events, those not yet published. The pending count is capped at
 * @batch. A thread that finds it full publishes one batch to the global bounds
 * with three atomic instructions and resets it. This is like the Linux kernel's
 * percpu_counter, except that the bounds are guaranteed: an event enters `most`
 * before it leaves its CPU, and `least` after.
 *
 * Guarantees: `least` counts only events of adds that had begun when
 * cpuslab_approx_bounds() returned; `most` counts every event of adds that had
 * ended when it was called. While no add is in progress the two differ by
 * @batch * copies, where copies are the CPUs with a block and the shared block.
 * Each add that is publishing a batch can widen them by one batch, and so can
 * each batch that is published between the two loads. A thread that is killed
 * while it publishes leaves them one batch wider.
 *
 * An amount above CPUSLAB_APPROX_STEPS is published at once, by two atomic
 * instructions on words that all CPUs share. So is what is taken back by
 * cpuslab_approx_sub(), by three. While that happens, the guarantees hold for
 * the value with and without it.
 *
 * The value must stay below 2^63, and what is taken back must have been added
 * before.
 *
 * For a limit that must never be exceeded see cpuslab_approx_add_limited():
 * others may add between a read of the bounds and a decision.
 *
 * Not for a value that is read once a second (counter.h costs half as much),
 * nor for one that falls as often as it rises (see gauge.h).
 */

#include <cpuslab/ops.h>
#include <cpuslab/slab.h>

CPUSLAB_BEGIN

#define CPUSLAB_APPROX_STEPS 8u /* events */

/* One CPU's copy. */
struct cpuslab_approx_cpu {
	uint64_t exact;   /* events; W operations of the CPU; R any */
	uint64_t pending; /* events; W operations of the CPU, drain */
};

struct cpuslab_approx {
	struct cpuslab_percpu handle; /* W init, fini; R any */
	struct cpuslab_slab *slab;    /* W init; R fini */
	uint32_t batch;               /* events; W init; R any */
	struct cpuslab_type type;     /* W init; R slab; arg is this counter */
	char pad_before[CPUSLAB_CACHE_LINE];
	cpuslab_word least;    /* published events; W, R any */
	cpuslab_word most;     /* these and events being published; W, R any */
	cpuslab_word copies;   /* W constructors, destructors; R any */
	cpuslab_word taken;    /* events taken back, by sub; W, R any */
	cpuslab_word reserved; /* by add_limited in progress; W, R any */
	char pad_after[CPUSLAB_CACHE_LINE];
};

/* Count one event for a CPU that had a batch pending. */
CPUSLAB_API void cpuslab__approx_slow_step(struct cpuslab_approx *approx);
/* Publish @value events. */
CPUSLAB_API void cpuslab__approx_show(struct cpuslab_approx *approx,
				      uint64_t value);

/**
 * cpuslab_approx_init() - set up a counter with value 0.
 * @approx: resident memory of the caller.
 * @slab:   where its copies are allocated; outlives it.
 * @batch:  how many events each CPU may have pending, at least 1.
 *
 * Context: may sleep, allocates.
 * Return:  as cpuslab_alloc(); -CPUSLAB_EINVAL for a batch of 0.
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_APC int
cpuslab_approx_init(CPUSLAB_OUT struct cpuslab_approx *approx,
		    CPUSLAB_INOUT struct cpuslab_slab *slab, uint32_t batch);

/**
 * cpuslab_approx_fini() - free a counter that is no longer used.
 * @approx: set up by cpuslab_approx_init().
 *
 * Context: may sleep.
 */
CPUSLAB_API CPUSLAB_APC void
cpuslab_approx_fini(CPUSLAB_INOUT struct cpuslab_approx *approx);

/**
 * cpuslab_approx_sum() - read the exact value.
 * @approx: set up by cpuslab_approx_init().
 *
 * While others take back, it is never too low.
 *
 * Context, Order, Return: as cpuslab_sum().
 */
CPUSLAB_API CPUSLAB_DISPATCH uint64_t
cpuslab_approx_sum(CPUSLAB_IN const struct cpuslab_approx *approx);

/**
 * cpuslab_approx_bounds() - read a lower and an upper bound of the value.
 * @approx: set up by cpuslab_approx_init().
 * @least:  set to a lower bound, in events; see Guarantees above.
 * @most:   set to an upper bound.
 *
 * Context: any. Wait-free; three loads.
 * Order:   acquire.
 */
CPUSLAB_API CPUSLAB_HIGH void
cpuslab_approx_bounds(CPUSLAB_IN const struct cpuslab_approx *approx,
		      CPUSLAB_OUT uint64_t *least, CPUSLAB_OUT uint64_t *most);

/**
 * cpuslab_approx_compare() - compare the value with @bound.
 * @approx: set up by cpuslab_approx_init().
 * @bound:  events.
 *
 * By the bounds if they exclude @bound, else by the exact sum.
 *
 * Context: any. Wait-free; three loads while the value is further than
 *          @batch * copies from @bound, else O(CPUs in use).
 * Order:   acquire.
 * Return:  -1, 0 or 1: at a moment of the call the value was less than @bound,
 *          equal, or greater.
 */
CPUSLAB_API CPUSLAB_DISPATCH int
cpuslab_approx_compare(CPUSLAB_IN const struct cpuslab_approx *approx,
		       uint64_t bound);

/**
 * cpuslab_approx_add_limited() - count @value events, unless that exceeds
 * @limit.
 * @approx: set up by cpuslab_approx_init().
 * @limit:  events.
 * @value:  events.
 *
 *	if reserved + value > limit: return CPUSLAB_FULL
 *	reserved += value
 *	if value of the counter + reserved > limit:
 *		reserved -= value, return CPUSLAB_FULL
 *	cpuslab_approx_add()
 *	reserved -= value
 *
 * If all that is added is added by this function, with one limit, the value
 * never exceeds the limit. Adds that are in progress count as added, so an add
 * can be refused because of another one that is refused as well. Of adds that
 * race, the first to reserve is refused only if its amount does not fit.
 *
 * A thread that is killed inside leaves its amount reserved.
 *
 * Context: as cpuslab_approx_add(). No lock, no waiting: a compare-and-swap,
 *          repeated while others change the word, and an atomic add, on a word
 *          that all CPUs share; an exact sum if the value is within
 *          @batch * copies of the limit.
 * Order:   acquire and release; none of CPUSLAB_FULL.
 * Return:  CPUSLAB_OK; CPUSLAB_FULL with nothing changed; -CPUSLAB_EINVAL if it
 *          was not initialised.
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_DISPATCH int
cpuslab_approx_add_limited(CPUSLAB_INOUT struct cpuslab_approx *approx,
			   uint64_t limit, uint64_t value);

/**
 * cpuslab_approx_sub() - take @value events back, on any CPU.
 * @approx: set up by cpuslab_approx_init().
 * @value:  events; their add must happen before this call.
 *
 * Context: any. Three atomic instructions on words that all CPUs share.
 * Order:   acquire and release.
 * Return:  CPUSLAB_OK; -CPUSLAB_EINVAL if it was not initialised.
 */
CPUSLAB_API CPUSLAB_HIGH int
cpuslab_approx_sub(CPUSLAB_INOUT struct cpuslab_approx *approx, uint64_t value);

/**
 * cpuslab_approx_set() - give the counter another value.
 * @approx: set up by cpuslab_approx_init().
 * @value:  what it is from now on, in events.
 *
 * Adds the difference to the sum that it has read, or takes it back; see
 * cpuslab_counter_set().
 *
 * Context: as cpuslab_approx_sum() and cpuslab_approx_add().
 * Return:  CPUSLAB_OK; -CPUSLAB_EINVAL if it was not initialised.
 */
CPUSLAB_API CPUSLAB_DISPATCH int
cpuslab_approx_set(CPUSLAB_INOUT struct cpuslab_approx *approx, uint64_t value);

/* Count one more pending event. */
CPUSLAB_INLINE void cpuslab__approx_step(struct cpuslab_approx *approx)
{
	int result = cpuslab_add_below(
		&approx->handle, offsetof(struct cpuslab_approx_cpu, pending),
		approx->batch, 1);

	if (cpuslab_unlikely(result == CPUSLAB_FULL))
		cpuslab__approx_slow_step(approx);
}

/**
 * cpuslab_approx_add() - count @value events.
 * @approx: set up by cpuslab_approx_init().
 * @value:  events.
 *
 *	cpuslab_add() to the exact count
 *	for each event
 *		while cpuslab_add_below() says that batch events are pending:
 *			publish them and reset the count
 *
 * Context: any, signal handlers included. No lock, no waiting.
 * Order:   release, for both counts.
 * Return:  as cpuslab_add().
 */
CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_approx_add(CPUSLAB_INOUT struct cpuslab_approx *approx, uint64_t value)
{
	int result = cpuslab_add(&approx->handle, 0, value);

	if (cpuslab_unlikely(value > CPUSLAB_APPROX_STEPS)) {
		if (!result)
			cpuslab__approx_show(approx, value);
		return result;
	}
	for (; value; value--)
		cpuslab__approx_step(approx);
	return result;
}

CPUSLAB_END

/*
 * Synchronization:
 *   add, add_limited, sub, bounds, compare, sum
 *                       any context, concurrently with everything
 *   set                 likewise; the caller excludes other sets and subs
 *   init, fini          the caller excludes every other call
 *
 * The struct must not be copied or moved after init.
 */

#endif /* CPUSLAB_APPROX_H */
