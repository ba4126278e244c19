/* SPDX-License-Identifier: MIT */
/*
 * rcu_thread.c - the thread that runs callbacks after their grace periods.
 *
 * Started by the first callback; small, because its stack is locked memory
 * under mlockall(MCL_FUTURE). It lets callbacks gather for a moment, so that a
 * storm of removals costs a few grace periods. Where there is no thread to be
 * had, the next callback tries again and barriers do the work.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <time.h>

#include "private.h"

#define WORKER_STACK ((size_t)128 << 10) /* users' destructors run on it */
#define WORKER_GATHER_NS 2000000L

enum {
	WORKER_NONE,
	WORKER_STARTING,
	WORKER_RUNS,
};

static uint32_t worker_state; /* WORKER_* */
static bool worker_stop;      /* W destructor */
static pthread_t worker_thread;
static sem_t worker_work;

static void *worker_run(void *arg)
{
	const struct timespec gather = { 0, WORKER_GATHER_NS };

	(void)arg;
	for (;;) {
		while (sem_wait(&worker_work))
			continue;
		if (__atomic_load_n(&worker_stop, __ATOMIC_ACQUIRE))
			return NULL;
		if (!cpuslab__rcu_has_work())
			continue;
		nanosleep(&gather, NULL);
		cpuslab__rcu_run_batch();
	}
}

static bool worker_start(void)
{
	pthread_attr_t attr;
	size_t stack = WORKER_STACK;
	int err;

	if (stack < (size_t)PTHREAD_STACK_MIN)
		stack = (size_t)PTHREAD_STACK_MIN;
	sem_init(&worker_work, 0, 0);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, stack);
	err = cpuslab__thread_create(&worker_thread, &attr, worker_run, NULL);
	pthread_attr_destroy(&attr);
	/* Much thread-local storage may not fit onto a small stack. */
	return !err ||
	       !cpuslab__thread_create(&worker_thread, NULL, worker_run, NULL);
}

void cpuslab__worker_wake(void)
{
	uint32_t state = WORKER_NONE;

	if (cpuslab_cas_u32(&worker_state, &state, WORKER_STARTING)) {
		state = worker_start() ? WORKER_RUNS : WORKER_NONE;
		__atomic_store_n(&worker_state, state, __ATOMIC_RELEASE);
	}
	/* Who starts it meanwhile posts for what is queued until then. */
	if (__atomic_load_n(&worker_state, __ATOMIC_ACQUIRE) == WORKER_RUNS)
		sem_post(&worker_work);
}

/* A forked child has no worker until its first callback. */
void cpuslab__worker_fork_child(void)
{
	worker_state = WORKER_NONE;
}

/*
 * The library goes, with the program or before it. Whoever unloads it has
 * destroyed his domains, so nothing keeps the worker; at the end of a program
 * that has not, it may wait for readers that nobody should wait for.
 */
__attribute__((destructor)) static void worker_fini(void)
{
	if (worker_state != WORKER_RUNS || cpuslab__mutex_any())
		return;
	__atomic_store_n(&worker_stop, true, __ATOMIC_RELEASE);
	sem_post(&worker_work);
	pthread_join(worker_thread, NULL);
	worker_state = WORKER_NONE;
	worker_stop = false;
}
