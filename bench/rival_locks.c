/* SPDX-License-Identifier: MIT */
/*
 * rival_locks.c - the same operations under one lock that all threads share.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "slots.h"

#include <pthread.h>
#include <string.h>

struct locks_node {
	struct locks_node *next;
};

struct locks {
	pthread_mutex_t mutex;
	pthread_spinlock_t spin;
	uint64_t value;
	struct locks_node *top;
	struct locks_node nodes[8];
	/* In a cache line of its own: the counter under the lock. */
	uint64_t done __attribute__((aligned(SLOTS_LINE)));
};

static struct locks locks_all = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static void *locks_setup(struct bench_run *run)
{
	struct locks *locks = &locks_all;
	uint32_t i;

	(void)run;
	pthread_spin_init(&locks->spin, PTHREAD_PROCESS_PRIVATE);
	locks->top = NULL;
	for (i = 0; i < 8; i++) {
		locks->nodes[i].next = locks->top;
		locks->top = &locks->nodes[i];
	}
	return locks;
}

static uint64_t locks_count(void *arg)
{
	const struct locks *locks = arg;

	return locks->value + locks->done;
}

/* A loop for each kind of lock; BODY may use locks and done. */
#define LOCKS_LOOP(name_, lock_, unlock_, body_)                               \
	static BENCH_NOINLINE void name_(void *arg, uint64_t n)                \
	{                                                                      \
		struct locks *locks = arg;                                     \
		uint64_t i, done = 0;                                          \
                                                                               \
		for (i = 0; i < n; i++) {                                      \
			lock_;                                                 \
			body_;                                                 \
			unlock_;                                               \
		}                                                              \
		__atomic_fetch_add(&locks->done, done, __ATOMIC_RELAXED);      \
	}

#define LOCKS_MUTEX(name_, body_)                                              \
	LOCKS_LOOP(name_, pthread_mutex_lock(&locks->mutex),                   \
		   pthread_mutex_unlock(&locks->mutex), body_)
#define LOCKS_SPIN(name_, body_)                                               \
	LOCKS_LOOP(name_, pthread_spin_lock(&locks->spin),                     \
		   pthread_spin_unlock(&locks->spin), body_)

static inline bool locks_compare(struct locks *locks)
{
	/* Keep it in memory: other threads write it. */
	volatile uint64_t *word = &locks->value;
	uint64_t now = *word;

	*word = now;
	return true;
}

static inline struct locks_node *locks_pop(struct locks *locks)
{
	struct locks_node *node = locks->top;

	if (node)
		locks->top = node->next;
	return node;
}

static inline void locks_push(struct locks *locks, struct locks_node *node)
{
	node->next = locks->top;
	locks->top = node;
}

LOCKS_MUTEX(locks_mutex_add, locks->value++)
LOCKS_SPIN(locks_spin_add, locks->value++)
LOCKS_MUTEX(locks_mutex_cmpstore, done += locks_compare(locks))
LOCKS_SPIN(locks_spin_cmpstore, done += locks_compare(locks))

/* Two critical sections, because a program uses the node in between. */
static BENCH_NOINLINE void locks_mutex_stack(void *arg, uint64_t n)
{
	struct locks *locks = arg;
	uint64_t i, done = 0;

	for (i = 0; i < n; i++) {
		struct locks_node *node;

		do { /* other threads may hold all nodes */
			pthread_mutex_lock(&locks->mutex);
			node = locks_pop(locks);
			pthread_mutex_unlock(&locks->mutex);
		} while (!node);
		pthread_mutex_lock(&locks->mutex);
		locks_push(locks, node);
		pthread_mutex_unlock(&locks->mutex);
		done++;
	}
	__atomic_fetch_add(&locks->done, done, __ATOMIC_RELAXED);
}

static BENCH_NOINLINE void locks_spin_stack(void *arg, uint64_t n)
{
	struct locks *locks = arg;
	uint64_t i, done = 0;

	for (i = 0; i < n; i++) {
		struct locks_node *node;

		do {
			pthread_spin_lock(&locks->spin);
			node = locks_pop(locks);
			pthread_spin_unlock(&locks->spin);
		} while (!node);
		pthread_spin_lock(&locks->spin);
		locks_push(locks, node);
		pthread_spin_unlock(&locks->spin);
		done++;
	}
	__atomic_fetch_add(&locks->done, done, __ATOMIC_RELAXED);
}

#define LOCKS_BODY(name_, run_)                                                \
	{                                                                      \
		.how = { .name = name_, .run = run_, .count = locks_count },   \
		.flags = BENCH_THREADS, .setup = locks_setup                   \
	}

const struct bench_body locks_bodies[] = {
	LOCKS_BODY("add/mutex", locks_mutex_add),
	LOCKS_BODY("add/spinlock", locks_spin_add),
	LOCKS_BODY("cmpstore/mutex", locks_mutex_cmpstore),
	LOCKS_BODY("cmpstore/spinlock", locks_spin_cmpstore),
	LOCKS_BODY("stack/mutex", locks_mutex_stack),
	LOCKS_BODY("stack/spinlock", locks_spin_stack),
	{ .how = { .name = NULL } },
};
