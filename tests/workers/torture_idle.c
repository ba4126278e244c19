/* SPDX-License-Identifier: MIT */
/*
 * torture_idle.c - threads that sleep in a way of their own, while CPUs come
 * and go: every message is handled once, and a parked thread is not idle. One
 * that has to park may still handle a message, and find that it has no more.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>

#include <cpuslab/atomic.h>
#include <cpuslab/workers_thread.h>

#include "torture/torture.h"

#define IDLE_LIMIT 6u

static struct cpuslab_domain *idle_domain;
static struct cpuslab_workers idle_workers;
static struct cpuslab_workers_ops idle_ops;
static uint64_t idle_sent, idle_handled, idle_slept;

static struct {
	sem_t woken;
	uint32_t parked; /* W callbacks */
	uint32_t late;   /* idle since it was parked; W callbacks, thread */
	uint32_t plain;  /* W the thread; after fini, main */
} idle_cpu[IDLE_LIMIT];
static uint64_t idle_parks;

static void idle_handle(void *arg, uint32_t cpu,
			const struct cpuslab_message *message)
{
	(void)arg;
	(void)message;
	idle_cpu[cpu].plain++;
	cpuslab_fetch_add_u64(&idle_handled, 1);
}

static void idle_unhandled(void *arg, const struct cpuslab_message *message)
{
	(void)arg;
	(void)message;
	cpuslab_fetch_add_u64(&idle_handled, 1);
}

static void idle_idle(struct cpuslab_workers *workers, uint32_t cpu, void *arg)
{
	(void)workers;
	(void)arg;
	if (cpuslab_load_acquire_u32(&idle_cpu[cpu].parked))
		TORTURE_CHECK(!cpuslab_fetch_add_u32(&idle_cpu[cpu].late, 1));
	idle_cpu[cpu].plain++;
	cpuslab_fetch_add_u64(&idle_slept, 1);
	while (sem_wait(&idle_cpu[cpu].woken))
		continue;
}

static void idle_wake(struct cpuslab_workers *workers, uint32_t cpu, void *arg)
{
	(void)workers;
	(void)arg;
	sem_post(&idle_cpu[cpu].woken);
}

static void idle_unpark(struct cpuslab_workers *workers, uint32_t cpu,
			void *arg)
{
	cpuslab_store_release_u32(&idle_cpu[cpu].parked, 0);
	cpuslab_thread_ops.unpark(workers, cpu, arg);
}

static void idle_park(struct cpuslab_workers *workers, uint32_t cpu, void *arg)
{
	cpuslab_thread_ops.park(workers, cpu, arg);
	cpuslab_store_release_u32(&idle_cpu[cpu].late, 0);
	cpuslab_store_release_u32(&idle_cpu[cpu].parked, 1);
}

static void idle_parked(struct cpuslab_workers *workers, uint32_t cpu,
			void *arg)
{
	(void)workers;
	(void)arg;
	idle_cpu[cpu].plain++;
	cpuslab_fetch_add_u64(&idle_parks, 1);
}

static void *idle_sender(void *arg)
{
	uint64_t random = torture_stream(2);
	const struct cpuslab_message message = { { 0 } };

	while (torture_running()) {
		if (!cpuslab_workers_send(&idle_workers,
					  torture_below(&random, IDLE_LIMIT),
					  &message))
			idle_sent++;
		if (!torture_below(&random, 4))
			sched_yield();
	}
	return arg;
}

int main(int argc, char **argv)
{
	const struct cpuslab_workers_config config = {
		.ops = &idle_ops,
		.handle = idle_handle,
		.unhandled = idle_unhandled,
		.capacity = 64,
	};
	uint64_t random, plain = 0;
	pthread_t sender;
	uint32_t i;

	torture_begin(argc, argv, "A thread sleeps as its owner likes.");
	torture_fake_limit(IDLE_LIMIT);
	for (i = 0; i < IDLE_LIMIT; i++)
		sem_init(&idle_cpu[i].woken, 0, 0);
	idle_ops = cpuslab_thread_ops;
	idle_ops.unpark = idle_unpark;
	idle_ops.park = idle_park;
	idle_ops.parked = idle_parked;
	idle_ops.wake = idle_wake;
	idle_ops.idle = idle_idle;
	TORTURE_OK(cpuslab_domain_create(&idle_domain, NULL));
	TORTURE_OK(cpuslab_workers_init(&idle_workers, idle_domain, &config));
	TORTURE_OK(pthread_create(&sender, NULL, idle_sender, NULL));
	random = torture_stream(1);
	while (torture_running())
		torture_storm_step(idle_domain, IDLE_LIMIT, &random);
	TORTURE_OK(pthread_join(sender, NULL));
	cpuslab_workers_fini(&idle_workers);
	TORTURE_CHECK(idle_handled == idle_sent);
	TORTURE_CHECK(idle_slept && idle_parks);
	for (i = 0; i < IDLE_LIMIT; i++)
		plain += idle_cpu[i].plain;
	/* Some messages came to unhandled. */
	TORTURE_CHECK(plain <= idle_handled + idle_slept + idle_parks);
	cpuslab_domain_destroy(idle_domain);
	for (i = 0; i < IDLE_LIMIT; i++)
		sem_destroy(&idle_cpu[i].woken);
	printf("  %llu messages, %llu naps, %llu parks\n",
	       (unsigned long long)idle_sent, (unsigned long long)idle_slept,
	       (unsigned long long)idle_parks);
	return torture_end();
}
