/* SPDX-License-Identifier: MIT */
/*
 * rival_workers.c - an alternative to a worker set: a thread on the other CPU
 * and a queue with a mutex and a condition variable.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sched.h>

#include "lists.h"
#include "slots.h"

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t more;
	pthread_t thread;
	uint64_t queue[LISTS_BOX];
	uint64_t head, tail; /* W any, under the mutex */
	bool ends;
	char pad[SLOTS_LINE]; /* as in clients.c */
	uint64_t handled;     /* W the thread */
} workers = {
	.mutex = PTHREAD_MUTEX_INITIALIZER,
	.more = PTHREAD_COND_INITIALIZER,
};

static uint64_t workers_count(void *arg)
{
	(void)arg;
	return __atomic_load_n(&workers.handled, __ATOMIC_ACQUIRE);
}

static void *workers_main(void *arg)
{
	uint64_t message;

	measure_pin(1);
	pthread_mutex_lock(&workers.mutex);
	while (!workers.ends) {
		if (workers.head == workers.tail) {
			pthread_cond_wait(&workers.more, &workers.mutex);
			continue;
		}
		message = workers.queue[workers.head++ % LISTS_BOX];
		pthread_mutex_unlock(&workers.mutex);
		__atomic_store_n(&workers.handled, workers.handled + message,
				 __ATOMIC_RELEASE);
		pthread_mutex_lock(&workers.mutex);
	}
	pthread_mutex_unlock(&workers.mutex);
	return arg;
}

static const char *workers_unfit(const struct bench_run *run)
{
	(void)run;
	return measure_cpus() < 2 ? "needs two CPUs" : NULL;
}

static void *workers_setup(struct bench_run *run)
{
	(void)run;
	workers.ends = false;
	if (pthread_create(&workers.thread, NULL, workers_main, NULL))
		measure_die("workers", "cannot start a thread");
	return &workers;
}

static void workers_teardown(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&workers.mutex);
	workers.ends = true;
	pthread_cond_signal(&workers.more);
	pthread_mutex_unlock(&workers.mutex);
	pthread_join(workers.thread, NULL);
}

static bool workers_send(uint64_t message)
{
	bool sent = false;

	pthread_mutex_lock(&workers.mutex);
	if (workers.tail - workers.head < LISTS_BOX) {
		workers.queue[workers.tail++ % LISTS_BOX] = message;
		pthread_cond_signal(&workers.more);
		sent = true;
	}
	pthread_mutex_unlock(&workers.mutex);
	return sent;
}

static void workers_run(void *arg, uint64_t n)
{
	uint64_t end = workers_count(arg) + n;

	while (n--)
		while (!workers_send(1))
			sched_yield();
	lists_wait(workers_count, arg, end);
}

static void ping_pong_run(void *arg, uint64_t n)
{
	while (n--)
		workers_run(arg, 1);
}

#define WORKERS_BODY(name_, run_)                                              \
	{                                                                      \
		.how = { .name = name_, .run = run_, .count = workers_count }, \
		.unfit = workers_unfit, .setup = workers_setup,                \
		.teardown = workers_teardown                                   \
	}

const struct bench_body rival_workers_bodies[] = {
	WORKERS_BODY("workers/mutex-queue", workers_run),
	WORKERS_BODY("ping-pong/mutex-queue", ping_pong_run),
	{ .how = { .name = NULL } },
};
