/* SPDX-License-Identifier: MIT */
/*
 * approx.h - a counter of events that says in O(1) between which two numbers
 * it is; and exactly, as counter.h, for whoever has the time.
 *
 *	CPU     0     3     7   shared
 *	exact         12    4     9   0			-> sum
 *	not shown yet 2/8   4/8   1/8 0/8		at most batch on each
 *
 *	shown to all  least 24, most 24
 *	bounds        least, most + batch * copies	   -> 24 ... 56
 *
 * Each event is counted twice on its own CPU: exactly, and among those
 * not shown yet. That one is a counter that refuses to pass @batch (a log of
 * empty records); who finds it full shows a batch to all, with three atomic
 * instructions, and starts it anew. As the Linux kernel's percpu_counter, but
 * its bounds hold: an event is in "most" before it leaves its CPU, and in
 * "least" after.
 *
 * What is guaranteed: least counts only events whose add had begun when
 * cpuslab_approx_bounds() returned; most counts every event whose add had
 * ended when it was called. With no add under way the two are @batch * copies
 * apart (copies: the CPUs that have a block in the slab, and the
 * shared block); each add under way that shows a batch may let them be one batch
 * farther apart, and so does each batch that is shown between the two loads. A
 * thread that is killed while it shows one leaves them so.
 *
 * Made for events: an amount of more than CPUSLAB_APPROX_STEPS is shown to all
 * at once, by two atomic instructions that CPUs contend for.
 *
 * Not for sums that are read once a second (counter.h is half the price), nor
 * for limits that must never be passed: others add between read and decision.
 *
 * Synchronization:
 *   add, bounds, sum    any context, any time, against anything
 *   init, fini          the caller: nobody uses it (before, any more)
 *
 * The struct must not be copied or moved.
 */
#ifndef CPUSLAB_APPROX_H
#define CPUSLAB_APPROX_H

#include <cpuslab/ops.h>
#include <cpuslab/slab.h>

CPUSLAB_BEGIN

#define CPUSLAB_APPROX_STEPS 8u
#define CPUSLAB_APPROX_MAX_BATCH 4096u

/* One CPU's copy. */
struct cpuslab_approx_cpu {
	uint64_t exact; /* W owner; R any */
	uint64_t unused;
	uint64_t tail; /* 8 for each event not shown; W owner, drain */
	uint64_t unused_too;
	uint64_t records[1]; /* batch words that nobody reads */
};

struct cpuslab_approx {
	struct cpuslab_percpu handle; /* W init, fini; R any */
	struct cpuslab_slab *slab;
	uint32_t batch;           /* W init */
	struct cpuslab_type type; /* W init; arg: the counter itself */
	CPUSLAB_ALIGNED(CPUSLAB_CACHE_LINE)
	uint64_t least;  /* W any; events shown */
	uint64_t most;   /* W any; and those that are just being shown */
	uint64_t copies; /* W constructors, destructors */
};

CPUSLAB_API void cpuslab__approx_slow_step(struct cpuslab_approx *approx,
					   int result);
CPUSLAB_API void cpuslab__approx_show(struct cpuslab_approx *approx,
				      uint64_t value);

/**
 * cpuslab_approx_init() - a counter at 0.
 * @batch: events that each CPU may keep to itself, from 1 to
 *         CPUSLAB_APPROX_MAX_BATCH; each takes 8 bytes there.
 *
 * Context: may sleep, allocates.
 * Return:  as cpuslab_alloc(); -CPUSLAB_EINVAL for a batch out of range.
 */
CPUSLAB_API int cpuslab_approx_init(struct cpuslab_approx *approx,
				    struct cpuslab_slab *slab, uint32_t batch);
/* Nobody uses it any more. Context: may sleep. */
CPUSLAB_API void cpuslab_approx_fini(struct cpuslab_approx *approx);

/* One event more that is not shown yet. */
CPUSLAB_INLINE void cpuslab__approx_step(struct cpuslab_approx *approx)
{
	int result = cpuslab_port_append(
		&approx->handle, offsetof(struct cpuslab_approx_cpu, tail),
		approx, 0, approx->batch * 8);

	if (cpuslab_unlikely(result))
		cpuslab__approx_slow_step(approx, result);
}

/**
 * cpuslab_approx_add() - @value events have come.
 *
 *	cpuslab_add() of the exact count
 *	section {
 *		cpu = this CPU
 *		if cpu >= handle.limit or not live[cpu]: leave, admit or use the shared block
 *		if batch are not shown: leave, show them
 *		commit: one more that is not shown
 *	}
 *
 * Context: any, signal handlers included. No lock, no wait.
 * Order:   release, both.
 */
CPUSLAB_INLINE void cpuslab_approx_add(struct cpuslab_approx *approx,
				       uint64_t value)
{
	cpuslab_add(&approx->handle, 0, value);
	if (cpuslab_unlikely(value > CPUSLAB_APPROX_STEPS)) {
		cpuslab__approx_show(approx, value);
		return;
	}
	for (; value; value--)
		cpuslab__approx_step(approx);
}

/**
 * cpuslab_approx_bounds() - between which numbers it is; see above.
 * Context: any. Wait-free, three loads.
 */
CPUSLAB_API void cpuslab_approx_bounds(const struct cpuslab_approx *approx,
				       uint64_t *least, uint64_t *most);

/**
 * cpuslab_approx_sum() - the value. See cpuslab_sum().
 */
CPUSLAB_API uint64_t cpuslab_approx_sum(const struct cpuslab_approx *approx);

CPUSLAB_END

#endif /* CPUSLAB_APPROX_H */
