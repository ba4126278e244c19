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
 * @batch. A thread that finds it full publishes
 * one batch to the global bounds with three atomic instructions and resets it.
 * This is like the Linux kernel's percpu_counter, except that the bounds are
 * guaranteed: an event enters `most` before it leaves its CPU, and `least`
 * after.
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
 * instructions on words that all CPUs share.
 *
 * Not for a value that is read once a second (counter.h costs half as much),
 * nor for a limit that must never be exceeded: others add between the read and
 * the decision.
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
	cpuslab_word least; /* published events; W, R any */
	uint64_t most;      /* these and events being published; W, R any */
	uint64_t copies;    /* W constructors, destructors; R any */
	char pad_after[CPUSLAB_CACHE_LINE];
};

/* Count one event for a CPU that had a batch pending. */
CPUSLAB_API void cpuslab__approx_slow_step(struct cpuslab_approx *approx);
/* Publish @value events. */
CPUSLAB_API void cpuslab__approx_show(struct cpuslab_approx *approx,
				      uint64_t value);

/**
 * cpuslab_approx_init() - set up a counter with value 0.
 * @approx: memory of the caller.
 * @slab:   where its copies are allocated; outlives it.
 * @batch:  how many events each CPU may have pending, at least 1.
 *
 * Context: may sleep, allocates.
 * Return:  as cpuslab_alloc(); -CPUSLAB_EINVAL for a batch of 0.
 */
CPUSLAB_NODISCARD CPUSLAB_API int
cpuslab_approx_init(struct cpuslab_approx *approx, struct cpuslab_slab *slab,
		    uint32_t batch);

/**
 * cpuslab_approx_fini() - free a counter that is no longer used.
 * @approx: set up by cpuslab_approx_init().
 *
 * Context: may sleep.
 */
CPUSLAB_API void cpuslab_approx_fini(struct cpuslab_approx *approx);

/**
 * cpuslab_approx_sum() - read the exact value.
 * @approx: set up by cpuslab_approx_init().
 *
 * Context, Order, Return: as cpuslab_sum().
 */
CPUSLAB_API uint64_t cpuslab_approx_sum(const struct cpuslab_approx *approx);

/**
 * cpuslab_approx_bounds() - read a lower and an upper bound of the value.
 * @approx: set up by cpuslab_approx_init().
 * @least:  set to a lower bound, in events; see Guarantees above.
 * @most:   set to an upper bound.
 *
 * Context: any. Wait-free; three loads.
 * Order:   acquire.
 */
CPUSLAB_API void cpuslab_approx_bounds(const struct cpuslab_approx *approx,
				       uint64_t *least, uint64_t *most);

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
CPUSLAB_INLINE int cpuslab_approx_add(struct cpuslab_approx *approx,
				      uint64_t value)
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
 *   add, bounds, sum    any context, concurrently with everything
 *   init, fini          the caller excludes every other call
 *
 * The struct must not be copied or moved after init.
 */

#endif /* CPUSLAB_APPROX_H */
