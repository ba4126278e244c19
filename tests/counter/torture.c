/* SPDX-License-Identifier: MIT */
/*
 * torture.c - no count is lost, none counts twice, and every sum lies between
 * what had certainly been added when it began and what may have been added when
 * it ended.
 *
 * Workers start, add, move between CPUs, are interrupted by a signal handler
 * that adds, pushes, pops and sums, and end at any moment. Meanwhile CPUs of
 * the domain come and go, also CPUs that never run, and the slab grows and is
 * trimmed.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#include <cpuslab/atomic.h>
#include <cpuslab/counter.h>
#include <cpuslab/read.h>
#include <cpuslab/stack.h>

#include "torture/torture.h"

#define SUM_WORKERS 4
#define SUM_LIMIT 40u
#define SUM_HOLD 64
#define SUM_TIMER_NS 200000

/* Written by one thread, or by its signal handler, only. */
struct sum_account {
	uint64_t begun CPUSLAB_ALIGNED(CPUSLAB_CACHE_LINE);
	uint64_t done;
};

struct sum_worker {
	struct sum_account thread, handler;
	struct cpuslab_node nodes[2]; /* pushed by the thread, by the handler */
	uint64_t last;                /* the sum that the handler saw last */
	uint64_t random, handler_random;
	uint64_t life;
};

static struct cpuslab_domain *sum_domain;
static struct cpuslab_slab *sum_slab;
static struct cpuslab_counter sum_counter;
static struct cpuslab_stack sum_stack;
static struct sum_worker sum_workers[SUM_WORKERS];
static uint64_t sum_signals, sum_sums, sum_lives, sum_steps, sum_objects;
static uint64_t sum_tries;
static cpuslab_word sum_last, sum_intervals; /* of all threads together */
static __thread struct sum_worker *sum_self;

/* ---- what must hold ---------------------------------------------------- */

static uint64_t sum_total(bool done)
{
	uint64_t total = 0;
	int i;

	for (i = 0; i < SUM_WORKERS; i++) {
		struct sum_worker *w = &sum_workers[i];

		total += cpuslab_load_acquire_u64(done ? &w->thread.done :
							 &w->thread.begun);
		total += cpuslab_load_acquire_u64(done ? &w->handler.done :
							 &w->handler.begun);
	}
	return total;
}

static void sum_check(uint64_t *last)
{
	uint64_t least = sum_total(true);
	uint64_t sum = cpuslab_counter_sum(&sum_counter);
	uint64_t most = sum_total(false);

	TORTURE_CHECK(sum >= least);
	TORTURE_CHECK(sum <= most);
	TORTURE_CHECK(sum >= *last);
	*last = sum;
	cpuslab_fetch_add_u64(&sum_sums, 1);
}

static void sum_interval(void)
{
	uint64_t got = cpuslab_counter_interval(&sum_counter, &sum_last);

	TORTURE_CHECK((int64_t)got >= 0);
	cpuslab_fetch_add_u64(&sum_intervals, got);
}

static void sum_add(struct sum_account *account, uint64_t value)
{
	cpuslab_store_release_u64(&account->begun, account->begun + value);
	cpuslab_counter_add(&sum_counter, value);
	cpuslab_store_release_u64(&account->done, account->done + value);
}

/* ---- workers ----------------------------------------------------------- */

static void sum_handler(int signal)
{
	struct sum_worker *w = sum_self;
	struct cpuslab_node *node;

	(void)signal;
	if (!w)
		return;
	sum_add(&w->handler, 1 + torture_below(&w->handler_random, 1000));
	if (cpuslab_stack_pop(&sum_stack, &node) == CPUSLAB_OK)
		TORTURE_OK(cpuslab_stack_push(&sum_stack, node));
	if (!torture_below(&w->handler_random, 8))
		sum_check(&w->last);
	if (!torture_below(&w->handler_random, 8))
		sum_interval();
	cpuslab_fetch_add_u64(&sum_signals, 1);
}

static void sum_step(struct sum_worker *w)
{
	struct cpuslab_node *node;
	uint32_t i;

	for (i = 0; i < 64; i++)
		sum_add(&w->thread, torture_below(&w->random, 5));
	if (cpuslab_stack_pop(&sum_stack, &node) == CPUSLAB_OK)
		TORTURE_OK(cpuslab_stack_push(&sum_stack, node));
	if (!torture_below(&w->random, 16))
		torture_migrate(&w->random);
}

static void sum_die(struct sum_worker *w)
{
	sum_step(w);
	pthread_exit(NULL);
}

static void *sum_worker(void *arg)
{
	struct sum_worker *w = arg;
	struct torture_timer timer;
	uint32_t steps = 500 + torture_below(&w->random, 4000);
	sigset_t block;

	sum_self = w;
	torture_timer_start(&timer, SUM_TIMER_NS);
	while (steps-- && torture_running())
		sum_step(w);
	torture_timer_stop(&timer);
	/* A signal in the C library's way out finds no timer any more. */
	sigemptyset(&block);
	sigaddset(&block, TORTURE_SIGNAL);
	pthread_sigmask(SIG_BLOCK, &block, NULL);
	if (steps & 1)
		sum_die(w);
	return NULL;
}

/* Each slot has one thread after the other. */
static void *sum_parent(void *arg)
{
	struct sum_worker *w = arg;
	pthread_t thread;

	while (torture_running()) {
		TORTURE_OK(pthread_create(&thread, NULL, sum_worker, w));
		TORTURE_OK(pthread_join(thread, NULL));
		cpuslab_fetch_add_u64(&sum_lives, 1);
	}
	return NULL;
}

/* ---- the world around them --------------------------------------------- */

static void *sum_checker(void *arg)
{
	uint64_t last = 0, random = torture_stream(100);

	(void)arg;
	while (torture_running()) {
		sum_check(&last);
		sum_interval();
		if (!torture_below(&random, 64))
			torture_migrate(&random);
	}
	sum_check(&last);
	return NULL;
}

static void *sum_storm(void *arg)
{
	uint64_t random = torture_stream(200);

	(void)arg;
	while (torture_running()) {
		torture_storm_step(sum_domain, SUM_LIMIT, &random);
		sum_steps++;
		if (!torture_below(&random, 100))
			TORTURE_OK(cpuslab_domain_check(sum_domain));
	}
	return NULL;
}

static const struct cpuslab_type sum_types[] = {
	{ .name = "small", .size = 24, .counters = 3 },
	{ .name = "page",
	  .size = 4096,
	  .align = 64,
	  .flags = CPUSLAB_TYPE_DISCARD },
	{ .name = "large", .size = 70000, .flags = CPUSLAB_TYPE_DISCARD },
};

/* Without waiting, every other time, while others lock and trim the slab. */
static void sum_alloc(const struct cpuslab_type *type,
		      struct cpuslab_percpu *handle, uint64_t *random)
{
	int err = -CPUSLAB_EAGAIN;

	if (torture_below(random, 2))
		err = cpuslab_try_alloc(sum_slab, type, handle);
	if (!err)
		sum_tries++;
	else
		TORTURE_OK(cpuslab_alloc(sum_slab, type, handle));
}

/* A new object is 0 on every CPU and stays so without adds. */
static void sum_object(struct cpuslab_percpu *handle, uint64_t *random)
{
	const struct cpuslab_type *type = &sum_types[torture_below(random, 3)];
	uint64_t value = torture_random(random);

	sum_alloc(type, handle, random);
	if (!type->counters)
		return;
	TORTURE_CHECK(cpuslab_sum(handle, 8) == 0);
	TORTURE_OK(cpuslab_add(handle, 8, value));
	TORTURE_CHECK(cpuslab_sum(handle, 8) == value);
}

static void *sum_grower(void *arg)
{
	struct cpuslab_percpu handles[SUM_HOLD];
	bool held[SUM_HOLD] = { false };
	uint64_t random = torture_stream(300);
	uint32_t i;

	(void)arg;
	while (torture_running()) {
		i = torture_below(&random, SUM_HOLD);
		if (!held[i])
			sum_object(&handles[i], &random);
		else if (torture_below(&random, 2))
			TORTURE_OK(cpuslab_free(sum_slab, &handles[i]));
		else
			TORTURE_OK(cpuslab_free_rcu(sum_slab, &handles[i]));
		held[i] = !held[i];
		sum_objects++;
		torture_migrate(&random);
	}
	for (i = 0; i < SUM_HOLD; i++)
		if (held[i])
			TORTURE_OK(cpuslab_free(sum_slab, &handles[i]));
	return NULL;
}

/* ---- begin and end ----------------------------------------------------- */

static void sum_setup(void)
{
	struct cpuslab_domain_config config = { .name = "torture" };
	int i, n;

	torture_fake_limit(SUM_LIMIT);
	torture_handler(sum_handler);
	TORTURE_OK(cpuslab_domain_create(&sum_domain, &config));
	TORTURE_OK(cpuslab_slab_create(&sum_slab, sum_domain, NULL));
	TORTURE_OK(cpuslab_counter_init(&sum_counter, sum_slab));
	TORTURE_OK(cpuslab_stack_init(&sum_stack, sum_slab));
	for (i = 0; i < SUM_WORKERS; i++) {
		struct sum_worker *w = &sum_workers[i];

		w->random = torture_stream((uint64_t)i);
		w->handler_random = torture_stream((uint64_t)i + 50);
		for (n = 0; n < 2; n++)
			TORTURE_OK(
				cpuslab_stack_push(&sum_stack, &w->nodes[n]));
	}
}

/* No thread adds any more: every sum is exact, whatever happens to blocks. */
static void sum_exact(void)
{
	uint64_t all = sum_total(true);
	struct cpuslab_stats stats;
	uint32_t cpu;

	TORTURE_CHECK(all == sum_total(false));
	TORTURE_CHECK(cpuslab_counter_sum(&sum_counter) == all);
	sum_interval();
	TORTURE_CHECK(sum_intervals == all);
	for (cpu = 0; cpu < SUM_LIMIT; cpu++) {
		TORTURE_OK(cpuslab_domain_remove(sum_domain, cpu));
		TORTURE_CHECK(cpuslab_counter_sum(&sum_counter) == all);
	}
	cpuslab_domain_trim(sum_domain, CPUSLAB_TRIM_QUIESCENT);
	TORTURE_CHECK(cpuslab_counter_sum(&sum_counter) == all);
	TORTURE_CHECK(torture_settle(sum_slab));
	TORTURE_OK(cpuslab_slab_check(sum_slab));
	TORTURE_CHECK(cpuslab_counter_sum(&sum_counter) == all);
	cpuslab_stats_get(sum_slab, &stats);
	TORTURE_CHECK(stats.in_use == 0);
	TORTURE_CHECK(stats.objects == 2);
	TORTURE_CHECK(sum_tries);
	printf("  total %llu, %llu sums, %llu signals, %llu threads, "
	       "%llu domain calls, %llu objects, %llu without waiting\n"
	       "  admissions %llu, on demand %llu, releases %llu, "
	       "retained %llu, shared %llu, extents %u\n",
	       (unsigned long long)all, (unsigned long long)sum_sums,
	       (unsigned long long)sum_signals, (unsigned long long)sum_lives,
	       (unsigned long long)sum_steps, (unsigned long long)sum_objects,
	       (unsigned long long)sum_tries,
	       (unsigned long long)stats.admissions,
	       (unsigned long long)stats.on_demand,
	       (unsigned long long)stats.releases,
	       (unsigned long long)stats.release_deferred,
	       (unsigned long long)stats.shared_ops, stats.extents);
}

int main(int argc, char **argv)
{
	void *(*around[])(void *) = { sum_checker, sum_storm, sum_grower };
	pthread_t threads[SUM_WORKERS + 3];
	int i;

	torture_begin(argc, argv, "No count is lost while CPUs come and go.");
	sum_setup();
	for (i = 0; i < SUM_WORKERS; i++)
		TORTURE_OK(pthread_create(&threads[i], NULL, sum_parent,
					  &sum_workers[i]));
	for (; i < SUM_WORKERS + 3; i++)
		TORTURE_OK(pthread_create(&threads[i], NULL,
					  around[i - SUM_WORKERS], NULL));
	while (i--)
		TORTURE_OK(pthread_join(threads[i], NULL));
	sum_exact();
	cpuslab_stack_fini(&sum_stack);
	cpuslab_counter_fini(&sum_counter);
	cpuslab_slab_destroy(sum_slab);
	cpuslab_domain_destroy(sum_domain);
	return torture_end();
}
