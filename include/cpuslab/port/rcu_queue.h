/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_RCU_QUEUE_H
#define CPUSLAB_RCU_QUEUE_H
/*
 * rcu_queue.h - call_rcu and its barrier for systems that have neither, made of
 * a way to wait for a grace period. Included by a port's rcu.c.
 *
 *	newest -> ... -> oldest -> NULL		linked by port[0]
 *
 * Any thread may push, in any context. The thread that holds the mutex takes
 * the whole queue as a batch, waits for a grace period and runs the batch.
 */

#include <cpuslab/port.h>

CPUSLAB_BEGIN

struct cpuslab__rcu_queue {
	cpuslab_word newest; /* address of a struct cpuslab_rcu; W, R any */
	struct cpuslab_port_mutex mutex; /* held while a batch waits and runs */
	/* W init. Wait until every read section that exists now has ended. */
	void (*synchronize)(void);
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

/*
 * Wait for a grace period and run what is queued. A batch in progress ends
 * first, so this is also the barrier: all callbacks that were queued before the
 * call have run, and it does not wait for those that are queued meanwhile. A
 * callback may free its own @rcu.
 */
CPUSLAB_INLINE void cpuslab__rcu_queue_run(struct cpuslab__rcu_queue *queue)
{
	struct cpuslab_rcu *batch;

	cpuslab_port_mutex_lock(&queue->mutex);
	batch = cpuslab__rcu_queue_take(queue);
	if (batch)
		queue->synchronize();
	while (batch) {
		struct cpuslab_rcu *next = (struct cpuslab_rcu *)batch->port[0];

		batch->call(batch);
		batch = next;
	}
	cpuslab_port_mutex_unlock(&queue->mutex);
}

CPUSLAB_END

/*
 * Synchronization:
 *   push, has     any context, concurrently with everything
 *   run           where the caller may wait, not in a read section
 */

#endif /* CPUSLAB_RCU_QUEUE_H */
