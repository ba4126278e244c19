/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_RCU_QUEUE_H
#define CPUSLAB_RCU_QUEUE_H
/*
 * rcu_queue.h - a queue of callbacks that wait for the next grace period, for
 * ports without a call_rcu of their own. Included by a port's rcu.c.
 *
 *	newest -> ... -> oldest -> NULL		linked by port[0]
 *
 * Any thread may push, in any context. One thread at a time, which is for the
 * port to ensure, takes the whole queue, waits for a grace period and runs it.
 */

#include <cpuslab/port.h>

CPUSLAB_BEGIN

struct cpuslab__rcu_queue {
	uint64_t newest; /* address of a struct cpuslab_rcu; W, R any */
};

/* Queue @rcu; @call(@rcu) will run it. */
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

/* Take all callbacks, oldest first. NULL if there is none. */
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

/* Is there a callback in the queue? */
CPUSLAB_INLINE bool
cpuslab__rcu_queue_has(const struct cpuslab__rcu_queue *queue)
{
	return cpuslab_load_acquire_u64(&queue->newest) != 0;
}

/* Run callbacks after their grace period. A callback may free its own @rcu. */
CPUSLAB_INLINE void cpuslab__rcu_batch_run(struct cpuslab_rcu *batch)
{
	while (batch) {
		struct cpuslab_rcu *next = (struct cpuslab_rcu *)batch->port[0];

		batch->call(batch);
		batch = next;
	}
}

CPUSLAB_END

/*
 * Synchronization:
 *   push, has    any context, concurrently with everything
 *   take, run    one thread at a time
 */

#endif /* CPUSLAB_RCU_QUEUE_H */
