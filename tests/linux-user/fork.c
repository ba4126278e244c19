/* SPDX-License-Identifier: MIT */
/*
 * fork.c - a fork in the middle of a release, so that the child lacks the
 * thread that would finish it; while a constructor uses another slab; while
 * the list of all slabs is read; while the default slab is changed.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cpuslab/counter.h>
#include <cpuslab/default.h>
#include <cpuslab/metrics.h>

#include "private.h"
#include "torture/torture.h"

#define FORK_ABSENT 5u /* a CPU that does not exist */
#define FORK_CHILDREN 60

static struct cpuslab_domain *domain;
static struct cpuslab_slab *slab;
static struct cpuslab_counter counter;
static bool fork_over;

/* Each trim begins a release, finds it impossible, and reverts it. */
static void *fork_trimmer(void *arg)
{
	while (!__atomic_load_n(&fork_over, __ATOMIC_ACQUIRE))
		cpuslab_slab_trim(slab, 0);
	return arg;
}

static void fork_child(void)
{
	struct cpuslab_stats stats;

	alarm(30);
	TORTURE_OK(cpuslab_slab_trim(slab, CPUSLAB_TRIM_QUIESCENT));
	TORTURE_CHECK(torture_settle(slab));
	cpuslab_stats_get(slab, &stats);
	TORTURE_CHECK(stats.draining == 0);
	TORTURE_CHECK(stats.retained == 0);
	TORTURE_OK(cpuslab_domain_add_complete(domain, FORK_ABSENT));
	TORTURE_OK(cpuslab_slab_check(slab));
	TORTURE_CHECK(cpuslab_counter_sum(&counter) == 3);
	_exit(0);
}

static void test_fork_in_the_middle_of_a_release(void)
{
	pthread_t thread;
	pid_t pid;
	int i;

	TORTURE_OK(pthread_create(&thread, NULL, fork_trimmer, NULL));
	for (i = 0; i < FORK_CHILDREN; i++) {
		pid = fork();
		if (!pid)
			fork_child();
		TORTURE_OK(torture_await(pid));
	}
	__atomic_store_n(&fork_over, true, __ATOMIC_RELEASE);
	TORTURE_OK(pthread_join(thread, NULL));
}

/* ---- a constructor that uses another slab -------------------------------- */

static struct cpuslab_slab *outer;
static bool fork_constructs;

/* Runs with the mutex of its slab held, and takes both mutexes of the other. */
static int fork_ctor(void *object, uint32_t cpu, void *arg)
{
	const struct timespec until_the_fork_waits = { 0, 50000000 };
	struct cpuslab_counter inner;

	(void)object;
	(void)arg;
	if (cpu != CPUSLAB_SHARED)
		return CPUSLAB_OK;
	__atomic_store_n(&fork_constructs, true, __ATOMIC_RELEASE);
	nanosleep(&until_the_fork_waits, NULL);
	TORTURE_OK(cpuslab_counter_init(&inner, slab));
	cpuslab_counter_fini(&inner);
	TORTURE_CHECK(cpuslab_slab_trim(slab, 0) >= 0);
	return CPUSLAB_OK;
}

static const struct cpuslab_type fork_type = {
	.name = "outer",
	.size = 8,
	.ctor = fork_ctor,
};

static void *fork_allocator(void *arg)
{
	struct cpuslab_percpu handle;

	TORTURE_OK(cpuslab_alloc(outer, &fork_type, &handle));
	TORTURE_OK(cpuslab_free(outer, &handle));
	return arg;
}

/* If the fork hangs its signals are blocked, so another thread watches. */
static void *fork_watch(void *arg)
{
	int i;

	for (i = 0; i < 300; i++) {
		const struct timespec nap = { 0, 100000000 };

		if (__atomic_load_n(&fork_over, __ATOMIC_ACQUIRE))
			return arg;
		nanosleep(&nap, NULL);
	}
	torture_failed(__FILE__, __LINE__, "the fork hangs");
	return arg;
}

static void test_fork_during_a_constructor_that_uses_another_slab(void)
{
	struct cpuslab_percpu handle;
	pthread_t thread, watch;
	pid_t pid;

	fork_over = false;
	TORTURE_OK(pthread_create(&watch, NULL, fork_watch, NULL));
	TORTURE_OK(cpuslab_slab_create(&outer, domain, NULL));
	TORTURE_OK(pthread_create(&thread, NULL, fork_allocator, NULL));
	while (!__atomic_load_n(&fork_constructs, __ATOMIC_ACQUIRE))
		sched_yield();
	pid = fork();
	TORTURE_CHECK(pid >= 0);
	if (!pid) {
		alarm(30);
		TORTURE_OK(cpuslab_alloc(outer, &fork_type, &handle));
		TORTURE_OK(cpuslab_slab_check(outer));
		TORTURE_OK(cpuslab_slab_check(slab));
		_exit(0);
	}
	TORTURE_OK(torture_await(pid));
	TORTURE_OK(pthread_join(thread, NULL));
	__atomic_store_n(&fork_over, true, __ATOMIC_RELEASE);
	TORTURE_OK(pthread_join(watch, NULL));
	cpuslab_slab_destroy(outer);
}

/* ---- the list of all domains and slabs ----------------------------------- */

static uint32_t fork_hold_ms;
static bool fork_holds;

static void *fork_holder(void *arg)
{
	const struct timespec hold = { fork_hold_ms / 1000,
				       fork_hold_ms % 1000 * 1000000L };

	cpuslab_port_mutex_lock(&cpuslab_port_registry.mutex);
	__atomic_store_n(&fork_holds, true, __ATOMIC_RELEASE);
	nanosleep(&hold, NULL);
	cpuslab_port_mutex_unlock(&cpuslab_port_registry.mutex);
	return arg;
}

/* A child without the list has no text, but all else. */
static void fork_list_child(bool has_list)
{
	struct cpuslab_domain *own;
	struct cpuslab_slab *listed;
	char text[16384];

	alarm(10);
	TORTURE_OK(cpuslab_domain_create(&own, NULL));
	TORTURE_OK(cpuslab_slab_create(&listed, own, NULL));
	TORTURE_CHECK(has_list == !!cpuslab_metrics_write(CPUSLAB_METRICS_JSON,
							  text, sizeof(text)));
	TORTURE_CHECK(has_list == (text[0] == '{'));
	cpuslab_slab_destroy(listed);
	cpuslab_domain_destroy(own);
	_exit(0);
}

/* A fork awaits the holder, but not for long. */
static void test_fork_while_the_list_is_read(uint32_t hold_ms, bool has_list)
{
	pthread_t thread;
	pid_t pid;

	fork_hold_ms = hold_ms;
	fork_holds = false;
	TORTURE_OK(pthread_create(&thread, NULL, fork_holder, NULL));
	while (!__atomic_load_n(&fork_holds, __ATOMIC_ACQUIRE))
		sched_yield();
	pid = fork();
	TORTURE_CHECK(pid >= 0);
	if (!pid)
		fork_list_child(has_list);
	TORTURE_OK(torture_await(pid));
	TORTURE_OK(pthread_join(thread, NULL));
}

/* ---- named objects ------------------------------------------------------- */

static struct cpuslab_counter fork_named = CPUSLAB_COUNTER_INIT("named");

/* Runs with the mutex of the default slab held. */
static int fork_named_ctor(void *object, uint32_t cpu, void *arg)
{
	(void)object;
	(void)arg;
	if (cpu != CPUSLAB_SHARED)
		return CPUSLAB_OK;
	__atomic_store_n(&fork_holds, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&fork_over, __ATOMIC_ACQUIRE))
		sched_yield();
	return CPUSLAB_OK;
}

static void *fork_named_holder(void *arg)
{
	static const struct cpuslab_type type = {
		.name = "holder",
		.size = 8,
		.ctor = fork_named_ctor,
	};
	struct cpuslab_percpu handle;

	TORTURE_OK(cpuslab_alloc(cpuslab_default(), &type, &handle));
	TORTURE_OK(cpuslab_free(cpuslab_default(), &handle));
	return arg;
}

static bool fork_shows(const char *part)
{
	char text[16384];

	TORTURE_CHECK(cpuslab_metrics_write(CPUSLAB_METRICS_JSON, text,
					    sizeof(text)));
	TORTURE_CHECK(strstr(text, "\"name\":\"default\",\"domain\""));
	return strstr(text, part);
}

/* Named objects work as before, but are in no text. */
static void fork_named_child(void)
{
	struct cpuslab_counter own = CPUSLAB_COUNTER_INIT("own");

	alarm(10);
	TORTURE_OK(cpuslab_counter_add(&fork_named, 1));
	TORTURE_OK(cpuslab_counter_add(&own, 1));
	TORTURE_CHECK(cpuslab_counter_sum(&fork_named) == 2);
	TORTURE_CHECK(cpuslab_counter_sum(&own) == 1);
	TORTURE_CHECK(fork_shows("\"counters\":[]"));
	cpuslab_counter_fini(&own);
	cpuslab_counter_fini(&fork_named);
	TORTURE_CHECK(cpuslab_counter_sum(&fork_named) == 2);
	_exit(0);
}

static void test_fork_while_the_default_slab_is_changed(void)
{
	pthread_t thread;
	pid_t pid;

	TORTURE_OK(cpuslab_counter_add(&fork_named, 1));
	TORTURE_CHECK(fork_shows("{\"name\":\"named\",\"value\":1}"));
	fork_over = fork_holds = false;
	TORTURE_OK(pthread_create(&thread, NULL, fork_named_holder, NULL));
	while (!__atomic_load_n(&fork_holds, __ATOMIC_ACQUIRE))
		sched_yield();
	pid = fork();
	TORTURE_CHECK(pid >= 0);
	if (!pid)
		fork_named_child();
	TORTURE_OK(torture_await(pid));
	__atomic_store_n(&fork_over, true, __ATOMIC_RELEASE);
	TORTURE_OK(pthread_join(thread, NULL));
	TORTURE_CHECK(fork_shows("{\"name\":\"named\",\"value\":1}"));
	cpuslab_counter_fini(&fork_named);
	cpuslab_default_destroy();
}

int main(int argc, char **argv)
{
	torture_begin(argc, argv, "A fork in the middle of a release.");
	/* TSan's malloc() may hang in the child of a process with threads. */
	torture_skip_under(TORTURE_VALGRIND | TORTURE_EMULATOR | TORTURE_TSAN);
	torture_fake_limit(8);
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
	TORTURE_OK(cpuslab_counter_init(&counter, slab));
	cpuslab_counter_add(&counter, 3);
	cpuslab__fence_no_membarrier = true;
	TORTURE_OK(cpuslab_domain_add_complete(domain, FORK_ABSENT));
	TORTURE_OK(cpuslab_domain_remove(domain, FORK_ABSENT));
	test_fork_in_the_middle_of_a_release();
	test_fork_during_a_constructor_that_uses_another_slab();
	test_fork_while_the_list_is_read(50, true);
	test_fork_while_the_list_is_read(2000, false);
	test_fork_while_the_default_slab_is_changed();
	cpuslab_counter_fini(&counter);
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
	return torture_end();
}
