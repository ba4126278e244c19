/* SPDX-License-Identifier: MIT */
/*
 * torture_busy.c - a CPU is removed, and returns, while its worker is in a
 * handler that ends only when the test lets it: a removal that waited for the
 * handler would hang.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <cpuslab/atomic.h>
#include <cpuslab/workers_thread.h>

#include "torture/torture.h"

#define BUSY_LIMIT 4u
#define BUSY_CPU 1u
#define BUSY_OTHER 3u /* its worker is destroyed first */
#define BUSY_BEHIND 5u

enum {
	BUSY_LONG,
	BUSY_NEXT,
	BUSY_AFTER,
	BUSY_GO,
	BUSY_NOTHING
};

static struct cpuslab_domain *busy_domain;
static struct cpuslab_workers busy_workers;
static struct cpuslab_workers_ops busy_ops;
static uint32_t busy_destroyed[BUSY_LIMIT]; /* W init, fini */
static uint32_t busy_parks;                 /* of BUSY_CPU; W its worker */
static sem_t busy_begun, busy_end;
static uint32_t busy_inside; /* W the worker */
static uint32_t busy_stops;  /* the worker stops before it sleeps, parked */
static bool busy_ends;       /* the worker may go on before it is parked */
static uint32_t busy_next, busy_last; /* handled; W any worker */
static pthread_t busy_thread;         /* W the worker, before busy_begun */
static uint32_t busy_signals;         /* W handler */
static uint64_t busy_random;

static void busy_wait(sem_t *sem)
{
	while (sem_wait(sem))
		continue;
}

/* Until @count has been handled. */
static void busy_await(const uint32_t *handled, uint32_t count)
{
	while (cpuslab_load_acquire_u32(handled) != count)
		sched_yield();
}

static void busy_send(uint32_t cpu, uint64_t what)
{
	const struct cpuslab_message message = { { what } };

	TORTURE_OK(cpuslab_workers_send(&busy_workers, cpu, &message));
}

static void busy_handle_long(void)
{
	busy_thread = pthread_self();
	cpuslab_store_release_u32(&busy_inside, 1);
	sem_post(&busy_begun);
	busy_wait(&busy_end);
	busy_send(BUSY_OTHER, BUSY_NOTHING);
	cpuslab_store_release_u32(&busy_inside, 0);
}

static void busy_handle(void *arg, uint32_t cpu,
			const struct cpuslab_message *message)
{
	(void)arg;
	switch (message->word[0]) {
	case BUSY_LONG:
		busy_handle_long();
		break;
	case BUSY_NEXT:
		TORTURE_CHECK(cpu != BUSY_CPU || busy_ends);
		cpuslab_fetch_add_u32(&busy_next, 1);
		break;
	case BUSY_AFTER:
		/* By the same thread, when it has nothing else to do. */
		TORTURE_CHECK(cpu == BUSY_CPU);
		TORTURE_CHECK(!cpuslab_load_acquire_u32(&busy_inside));
		TORTURE_CHECK(pthread_equal(busy_thread, pthread_self()));
		cpuslab_fetch_add_u32(&busy_last, 1);
		break;
	case BUSY_GO:
		/* A handler may change its own CPU. */
		TORTURE_OK(cpuslab_domain_remove(busy_domain, cpu));
		TORTURE_OK(cpuslab_domain_add_complete(busy_domain, cpu));
		cpuslab_fetch_add_u32(&busy_last, 1);
	}
}

static void busy_parked(struct cpuslab_workers *workers, uint32_t cpu,
			void *worker)
{
	(void)workers;
	(void)worker;
	if (cpu != BUSY_CPU)
		return;
	if (cpuslab_exchange_u32(&busy_stops, 0)) {
		sem_post(&busy_begun);
		busy_wait(&busy_end);
	}
	cpuslab_fetch_add_u32(&busy_parks, 1);
}

static void busy_wake(struct cpuslab_workers *workers, uint32_t cpu,
		      void *worker)
{
	TORTURE_CHECK(!cpuslab_load_acquire_u32(&busy_destroyed[cpu]));
	cpuslab_thread_ops.wake(workers, cpu, worker);
}

static void busy_destroy(struct cpuslab_workers *workers, uint32_t cpu,
			 void *worker)
{
	cpuslab_store_release_u32(&busy_destroyed[cpu], 1);
	cpuslab_thread_ops.destroy(workers, cpu, worker);
}

static void busy_signal(int signal)
{
	(void)signal;
	busy_signals++;
}

/* The worker of BUSY_CPU is in its handler; other messages are behind it. */
static void busy_begin(void)
{
	uint32_t i;

	busy_next = busy_last = 0;
	busy_send(BUSY_CPU, BUSY_LONG);
	busy_wait(&busy_begun);
	for (i = 0; i < BUSY_BEHIND; i++)
		busy_send(BUSY_CPU, BUSY_NEXT);
}

/* What else needs the domain, and a signal. */
static void busy_others(void)
{
	uint32_t before = busy_signals;
	struct cpuslab_slab *slab;

	TORTURE_OK(cpuslab_slab_create(&slab, busy_domain, NULL));
	cpuslab_slab_destroy(slab);
	raise(SIGUSR1);
	TORTURE_CHECK(busy_signals == before + 1);
}

static void busy_round(void)
{
	uint32_t times = torture_below(&busy_random, 3), i;

	busy_begin();
	TORTURE_OK(cpuslab_domain_remove(busy_domain, BUSY_CPU));
	busy_await(&busy_next, BUSY_BEHIND);
	busy_others();
	TORTURE_OK(cpuslab_domain_add_complete(busy_domain, BUSY_CPU));
	for (i = 0; i < times; i++) {
		TORTURE_OK(cpuslab_domain_remove(busy_domain, BUSY_CPU));
		TORTURE_OK(cpuslab_domain_add_complete(busy_domain, BUSY_CPU));
	}
	busy_send(BUSY_CPU, BUSY_AFTER);
	busy_others();
	TORTURE_CHECK(cpuslab_load_acquire_u32(&busy_inside) && !busy_last);
	sem_post(&busy_end);
	busy_await(&busy_last, 1);
	busy_send(BUSY_CPU, BUSY_GO);
	busy_await(&busy_last, 2);
}

/* The CPU returns when its worker is about to sleep. */
static void busy_return(void)
{
	cpuslab_store_release_u32(&busy_stops, 1);
	TORTURE_OK(cpuslab_domain_remove(busy_domain, BUSY_CPU));
	busy_wait(&busy_begun);
	TORTURE_OK(cpuslab_domain_add_complete(busy_domain, BUSY_CPU));
	sem_post(&busy_end);
	busy_send(BUSY_CPU, BUSY_AFTER);
	busy_await(&busy_last, 3);
}

/* It sleeps, and its CPU returns. */
static void busy_park(void)
{
	uint32_t parks = cpuslab_load_acquire_u32(&busy_parks);

	TORTURE_OK(cpuslab_domain_remove(busy_domain, BUSY_CPU));
	busy_await(&busy_parks, parks + 1);
	sched_yield();
	TORTURE_OK(cpuslab_domain_add_complete(busy_domain, BUSY_CPU));
}

static void *busy_end_later(void *arg)
{
	sched_yield();
	sem_post(&busy_end);
	return arg;
}

/* Only fini waits, also for the handler of a CPU that was removed. */
static void busy_fini(bool online)
{
	pthread_t thread;

	busy_ends = online;
	busy_begin();
	if (!online)
		TORTURE_OK(cpuslab_domain_remove(busy_domain, BUSY_CPU));
	TORTURE_OK(pthread_create(&thread, NULL, busy_end_later, NULL));
	cpuslab_workers_fini(&busy_workers);
	TORTURE_CHECK(!busy_inside);
	TORTURE_OK(pthread_join(thread, NULL));
	busy_ends = false;
}

static void busy_init(void)
{
	const struct cpuslab_workers_config config = {
		.ops = &busy_ops,
		.handle = busy_handle,
		.capacity = 16,
	};

	memset(busy_destroyed, 0, sizeof(busy_destroyed));
	TORTURE_OK(cpuslab_workers_init(&busy_workers, busy_domain, &config));
	TORTURE_OK(cpuslab_domain_add_complete(busy_domain, BUSY_CPU));
	TORTURE_OK(cpuslab_domain_add_complete(busy_domain, BUSY_OTHER));
}

int main(int argc, char **argv)
{
	const struct sigaction action = { .sa_handler = busy_signal };
	uint32_t rounds = 0;

	torture_begin(argc, argv, "Nobody waits for a handler.");
	torture_fake_limit(BUSY_LIMIT);
	sigaction(SIGUSR1, &action, NULL);
	sem_init(&busy_begun, 0, 0);
	sem_init(&busy_end, 0, 0);
	busy_random = torture_stream(1);
	busy_ops = cpuslab_thread_ops;
	busy_ops.parked = busy_parked;
	busy_ops.wake = busy_wake;
	busy_ops.destroy = busy_destroy;
	TORTURE_OK(cpuslab_domain_create(&busy_domain, NULL));
	do {
		busy_init();
		busy_round();
		busy_return();
		busy_park();
		busy_fini(rounds % 2);
		rounds++;
	} while (torture_running());
	cpuslab_domain_destroy(busy_domain);
	printf("  %u rounds\n", (unsigned int)rounds);
	return torture_end();
}
