/* SPDX-License-Identifier: MIT */
/*
 * rcu_queue.h - callbacks that wait for the next grace period: what a port
 * without a call_rcu of its own is made of. Included by a port's rcu.c.
 *
 *	newest -> ... -> oldest -> NULL		linked by port[0]
 *
 * Any thread, any context: pushes. One at a time, the port sees to that: takes
 * all, waits for a grace period, runs them.
 */
#ifndef CPUSLAB_RCU_QUEUE_H
#define CPUSLAB_RCU_QUEUE_H

#include <cpuslab/port.h>

CPUSLAB_BEGIN

struct cpuslab__rcu_queue {
	uint64_t newest; /* a struct cpuslab_rcu's address; W any */
};

CPUSLAB_INLINE void
cpuslab__rcu_queue_push(struct cpuslab__rcu_queue *queue,
			struct cpuslab_rcu *rcu,
			void (*call)(struct cpuslab_rcu *rcu))
{
	uint64_t newest = cpuslab_load_relaxed_u64(&queue->newest);

	rcu->call = call;
	do {
		rcu->port[0] = (void *)(uintptr_t)newest;
	} while (!cpuslab_cas_u64(&queue->newest, &newest, (uintptr_t)rcu));
}

/* All of them, oldest first; NULL: there is none. */
CPUSLAB_INLINE struct cpuslab_rcu *
cpuslab__rcu_queue_take(struct cpuslab__rcu_queue *queue)
{
	struct cpuslab_rcu *newest =
		(struct cpuslab_rcu *)(uintptr_t)cpuslab_exchange_u64(
			&queue->newest, 0);
	struct cpuslab_rcu *batch = NULL;

	while (newest) {
		struct cpuslab_rcu *older =
			(struct cpuslab_rcu *)newest->port[0];

		newest->port[0] = batch;
		batch = newest;
		newest = older;
	}
	return batch;
}

CPUSLAB_INLINE bool
cpuslab__rcu_queue_has(const struct cpuslab__rcu_queue *queue)
{
	return cpuslab_load_acquire_u64(&queue->newest) != 0;
}

/* After their grace period. A callback may free what it is in. */
CPUSLAB_INLINE void cpuslab__rcu_batch_run(struct cpuslab_rcu *batch)
{
	while (batch) {
		struct cpuslab_rcu *next = (struct cpuslab_rcu *)batch->port[0];

		batch->call(batch);
		batch = next;
	}
}

CPUSLAB_END

#endif /* CPUSLAB_RCU_QUEUE_H */
