/* SPDX-License-Identifier: MIT */
/*
 * bounded.h - a counter of events that says in O(1) between which two numbers
 * it is; and exactly, as counter.h, for whoever has the time.
 *
 *	processor     0     3     7   overflow
 *	exact         12    4     9   0			-> sum
 *	not shown yet 2/8   4/8   1/8 0/8		at most batch on each
 *
 *	shown to all  least 24, most 24
 *	bounds        least, most + batch * copies	   -> 24 ... 56
 *
 * Each event is counted twice on its own processor: exactly, and among those
 * not shown yet. That one is a counter that refuses to pass @batch (a log of
 * empty records); who finds it full shows a batch to all, with three atomic
 * instructions, and starts it anew. As the Linux kernel's percpu_counter, but
 * its bounds hold: an event is in "most" before it leaves its processor, and in
 * "least" after.
 *
 * What is guaranteed: least counts only events whose add had begun when
 * cpuslab_bounded_bounds() returned; most counts every event whose add had
 * ended when it was called. With no add under way the two are @batch * copies
 * apart (copies: the processors that have a block in the slab, and the
 * overflow); each add under way that shows a batch may let them be one batch
 * farther apart, and so does each batch that is shown between the two loads. A
 * thread that is killed while it shows one leaves them so.
 *
 * Made for events: an amount of more than CPUSLAB_BOUNDED_STEPS is shown to all
 * at once, by two atomic instructions that processors contend for.
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
#ifndef CPUSLAB_BOUNDED_H
#define CPUSLAB_BOUNDED_H

#include <cpuslab/ops.h>
#include <cpuslab/slab.h>

CPUSLAB_BEGIN

#define CPUSLAB_BOUNDED_STEPS 8u
#define CPUSLAB_BOUNDED_MAX_BATCH 4096u

/* One processor's copy. */
struct cpuslab_bounded_cpu {
	uint64_t exact; /* W owner; R any */
	uint64_t unused;
	uint64_t tail; /* 8 for each event not shown; W owner, drain */
	uint64_t unused_too;
	uint64_t records[1]; /* batch words that nobody reads */
};

struct cpuslab_bounded {
	struct cpuslab_ref ref; /* W init, fini; R any */
	struct cpuslab_slab *slab;
	uint32_t batch;           /* W init */
	struct cpuslab_type type; /* W init; arg: the counter itself */
	CPUSLAB_ALIGNED(CPUSLAB_CACHE_LINE)
	uint64_t least;  /* W any; events shown */
	uint64_t most;   /* W any; and those that are just being shown */
	uint64_t copies; /* W constructors, destructors */
};

CPUSLAB_API void cpuslab__bounded_slow_step(struct cpuslab_bounded *bounded,
					    int result);
CPUSLAB_API void cpuslab__bounded_show(struct cpuslab_bounded *bounded,
				       uint64_t value);

/**
 * cpuslab_bounded_init() - a counter at 0.
 * @batch: events that each processor may keep to itself, from 1 to
 *         CPUSLAB_BOUNDED_MAX_BATCH; each takes 8 bytes there.
 *
 * Context: may sleep, allocates.
 * Return:  as cpuslab_alloc(); -CPUSLAB_EINVAL for a batch out of range.
 */
CPUSLAB_API int cpuslab_bounded_init(struct cpuslab_bounded *bounded,
				     struct cpuslab_slab *slab, uint32_t batch);
/* Nobody uses it any more. Context: may sleep. */
CPUSLAB_API void cpuslab_bounded_fini(struct cpuslab_bounded *bounded);

/* One event more that is not shown yet. */
CPUSLAB_INLINE void cpuslab__bounded_step(struct cpuslab_bounded *bounded)
{
	int result = cpuslab_port_append(
		&bounded->ref, offsetof(struct cpuslab_bounded_cpu, tail),
		bounded, 0, bounded->batch * 8);

	if (cpuslab_unlikely(result))
		cpuslab__bounded_slow_step(bounded, result);
}

/**
 * cpuslab_bounded_add() - @value events have come.
 *
 *	cpuslab_add() of the exact count
 *	section {
 *		cpu = this processor
 *		if cpu >= ref.limit or not live[cpu]: leave, admit or overflow
 *		if batch are not shown: leave, show them
 *		commit: one more that is not shown
 *	}
 *
 * Context: any, signal handlers included. No lock, no wait.
 * Order:   release, both.
 */
CPUSLAB_INLINE void cpuslab_bounded_add(struct cpuslab_bounded *bounded,
					uint64_t value)
{
	cpuslab_add(&bounded->ref, 0, value);
	if (cpuslab_unlikely(value > CPUSLAB_BOUNDED_STEPS)) {
		cpuslab__bounded_show(bounded, value);
		return;
	}
	for (; value; value--)
		cpuslab__bounded_step(bounded);
}

/**
 * cpuslab_bounded_bounds() - between which numbers it is; see above.
 * Context: any. Wait-free, three loads.
 */
CPUSLAB_API void cpuslab_bounded_bounds(const struct cpuslab_bounded *bounded,
					uint64_t *least, uint64_t *most);

/**
 * cpuslab_bounded_sum() - the value. See cpuslab_sum().
 */
CPUSLAB_API uint64_t cpuslab_bounded_sum(const struct cpuslab_bounded *bounded);

CPUSLAB_END

#endif /* CPUSLAB_BOUNDED_H */
