/* SPDX-License-Identifier: MIT */
/*
 * torture.c - by concurrency id nothing is lost or counted twice.
 *
 * More workers than CPUs add, record, push and pop, with the inline operations,
 * and use plain structures in the same slab. They start and end, move between
 * CPUs, and are interrupted by a signal handler that does the same, so that ids
 * pass from one to the other all the time. Another thread trims, with and
 * without a grace period in between, and allocates.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#include <cpuslab/approx.h>
#include <cpuslab/atomic.h>
#include <cpuslab/percid.h>
#include <cpuslab/refcount.h>

#include "torture/torture.h"

#define PERCID_WORKERS 6
#define PERCID_NODES 2 /* of each worker: its thread's, its handler's */
#define PERCID_LIMIT 16u
#define PERCID_VALUES 6u
#define PERCID_BATCH 16u
#define PERCID_TIMER_NS 200000

struct percid_worker {
	uint64_t added, handled; /* W the thread, its signal handler */
	struct cpuslab_node nodes[PERCID_NODES];
	uint64_t random;
};

static struct cpuslab_domain *percid_domain;
static struct cpuslab_slab *percid_slab;
static struct cpuslab_percid_counter percid_counter;
static struct cpuslab_percid_stack percid_stack;
static struct cpuslab_percid_gauge percid_gauge;
static struct cpuslab_percid_histogram percid_histogram;
static struct cpuslab_counter percid_plain;
static struct cpuslab_approx percid_approx;
static struct cpuslab_refcount percid_refcount;
static struct percid_worker percid_workers[PERCID_WORKERS];
static uint64_t percid_lives, percid_trims, percid_sums;
static __thread struct percid_worker *percid_self;

static void percid_step(uint64_t *added)
{
	struct cpuslab_node *node;

	TORTURE_OK(cpuslab_percid_counter_add(&percid_counter, 1));
	TORTURE_OK(cpuslab_percid_gauge_add(&percid_gauge, 3));
	TORTURE_OK(cpuslab_percid_gauge_sub(&percid_gauge, 3));
	TORTURE_OK(cpuslab_percid_histogram_record(&percid_histogram,
						   *added % PERCID_VALUES));
	TORTURE_OK(cpuslab_counter_add(&percid_plain, 1));
	TORTURE_OK(cpuslab_approx_add(&percid_approx, 1));
	TORTURE_CHECK(cpuslab_refcount_try_get(&percid_refcount));
	TORTURE_CHECK(!cpuslab_refcount_put(&percid_refcount));
	if (cpuslab_percid_stack_pop(&percid_stack, &node) == CPUSLAB_OK)
		TORTURE_OK(cpuslab_percid_stack_push(&percid_stack, node));
	cpuslab_store_release_u64(added, *added + 1);
}

static void percid_handler(int signal)
{
	(void)signal;
	if (percid_self)
		percid_step(&percid_self->handled);
}

static void *percid_work(void *arg)
{
	struct percid_worker *w = arg;
	uint32_t steps = 1000 + torture_below(&w->random, 20000);
	struct torture_timer timer;
	sigset_t block;

	percid_self = w;
	torture_timer_start(&timer, PERCID_TIMER_NS);
	while (steps-- && torture_running()) {
		percid_step(&w->added);
		if (!torture_below(&w->random, 64))
			torture_migrate(&w->random);
	}
	torture_timer_stop(&timer);
	sigemptyset(&block);
	sigaddset(&block, TORTURE_SIGNAL);
	pthread_sigmask(SIG_BLOCK, &block, NULL);
	return NULL;
}

static void *percid_parent(void *arg)
{
	pthread_t thread;

	while (torture_running()) {
		TORTURE_OK(pthread_create(&thread, NULL, percid_work, arg));
		TORTURE_OK(pthread_join(thread, NULL));
		cpuslab_fetch_add_u64(&percid_lives, 1);
	}
	return NULL;
}

static uint64_t percid_total(void)
{
	uint64_t total = 0;
	int i;

	for (i = 0; i < PERCID_WORKERS; i++)
		total += cpuslab_load_acquire_u64(&percid_workers[i].added) +
			 cpuslab_load_acquire_u64(&percid_workers[i].handled);
	return total;
}

static void *percid_checker(void *arg)
{
	uint64_t last = 0, least, low, most, sum;

	(void)arg;
	while (torture_running()) {
		least = percid_total();
		cpuslab_approx_bounds(&percid_approx, &low, &most);
		TORTURE_CHECK(most >= least);
		TORTURE_CHECK(low <= cpuslab_approx_sum(&percid_approx));
		TORTURE_CHECK(cpuslab_gauge_sum(&percid_gauge.gauge) >= 0);
		sum = cpuslab_percid_counter_sum(&percid_counter);
		TORTURE_CHECK(sum >= least);
		TORTURE_CHECK(sum >= last);
		TORTURE_CHECK(cpuslab_counter_sum(&percid_plain) >= least);
		last = sum;
		percid_sums++;
	}
	return NULL;
}

/* Trims that keep what is in use, and that keep a single id. */
static void *percid_trimmer(void *arg)
{
	static const struct cpuslab_type type = {
		.name = "page",
		.size = 4096,
		.flags = CPUSLAB_TYPE_DISCARD,
	};
	uint64_t random = torture_stream(100);
	struct cpuslab_percid handle;

	(void)arg;
	while (torture_running()) {
		int result = cpuslab_slab_trim(percid_slab, 0);

		TORTURE_CHECK(result == CPUSLAB_OK ||
			      (torture_atomic() && result == CPUSLAB_RETAINED));
		TORTURE_OK(cpuslab_percid_alloc(percid_slab, &type, &handle));
		torture_storm_step(percid_domain, PERCID_LIMIT, &random);
		TORTURE_OK(cpuslab_percid_free(percid_slab, &handle));
		if (!torture_below(&random, 4))
			TORTURE_CHECK(torture_settle(percid_slab));
		TORTURE_OK(cpuslab_slab_check(percid_slab));
		percid_trims++;
	}
	return NULL;
}

static void percid_setup(void)
{
	const struct cpuslab_domain_config domain = { .name = "torture" };
	const struct cpuslab_slab_config slab = {
		.flags = CPUSLAB_SLAB_PERCID,
	};
	int i, n;

	torture_fake_limit(PERCID_LIMIT);
	torture_handler(percid_handler);
	TORTURE_OK(cpuslab_domain_create(&percid_domain, &domain));
	TORTURE_OK(cpuslab_slab_create(&percid_slab, percid_domain, &slab));
	TORTURE_OK(cpuslab_percid_counter_init(&percid_counter, percid_slab));
	TORTURE_OK(cpuslab_percid_stack_init(&percid_stack, percid_slab));
	TORTURE_OK(cpuslab_percid_gauge_init(&percid_gauge, percid_slab));
	TORTURE_OK(cpuslab_percid_histogram_init(&percid_histogram, percid_slab,
						 1, 3));
	TORTURE_OK(cpuslab_counter_init(&percid_plain, percid_slab));
	TORTURE_OK(
		cpuslab_approx_init(&percid_approx, percid_slab, PERCID_BATCH));
	TORTURE_OK(cpuslab_refcount_init(&percid_refcount, percid_slab, NULL));
	for (i = 0; i < PERCID_WORKERS; i++) {
		percid_workers[i].random = torture_stream((uint64_t)i);
		for (n = 0; n < PERCID_NODES; n++)
			TORTURE_OK(cpuslab_percid_stack_push(
				&percid_stack, &percid_workers[i].nodes[n]));
	}
}

static void percid_check_sums(uint64_t all)
{
	uint64_t counts[16];

	TORTURE_CHECK(percid_histogram.histogram.buckets <= 16);
	TORTURE_CHECK(cpuslab_histogram_read(&percid_histogram.histogram,
					     counts) == all);
	TORTURE_CHECK(cpuslab_gauge_sum(&percid_gauge.gauge) == 0);
	TORTURE_CHECK(cpuslab_percid_counter_sum(&percid_counter) == all);
	TORTURE_CHECK(cpuslab_counter_sum(&percid_plain) == all);
	TORTURE_CHECK(cpuslab_approx_sum(&percid_approx) == all);
}

static void percid_exact(void)
{
	uint64_t all = percid_total();
	struct cpuslab_stats stats;
	struct cpuslab_node *node;
	uint32_t cpu, nodes = 0;

	percid_check_sums(all);
	cpuslab_stats_get(percid_slab, &stats);
	/* By CPU number the domain's CPUs have blocks until they leave. */
	if (!stats.by_cid)
		for (cpu = 0; cpu < PERCID_LIMIT; cpu++)
			TORTURE_OK(cpuslab_domain_remove(percid_domain, cpu));
	cpuslab_slab_trim(percid_slab, CPUSLAB_TRIM_QUIESCENT);
	TORTURE_CHECK(torture_settle(percid_slab));
	TORTURE_OK(cpuslab_slab_check(percid_slab));
	percid_check_sums(all);
	TORTURE_OK(cpuslab_refcount_kill(&percid_refcount));
	TORTURE_CHECK(cpuslab_refcount_is_zero(&percid_refcount));
	cpuslab_stats_get(percid_slab, &stats);
	TORTURE_CHECK(stats.in_use == 0);
	/* All nodes are on the shared block's stack now. */
	while (!cpuslab_percid_stack_pop(&percid_stack, &node))
		nodes++;
	TORTURE_CHECK(nodes == PERCID_WORKERS * PERCID_NODES);
	printf("  by %s: total %llu, %llu sums, %llu threads, %llu trims\n"
	       "  admissions %llu, on demand %llu, releases %llu, shared %llu\n",
	       stats.by_cid ? "concurrency id" : "CPU number",
	       (unsigned long long)all, (unsigned long long)percid_sums,
	       (unsigned long long)percid_lives,
	       (unsigned long long)percid_trims,
	       (unsigned long long)stats.admissions,
	       (unsigned long long)stats.on_demand,
	       (unsigned long long)stats.releases,
	       (unsigned long long)stats.shared_ops);
}

int main(int argc, char **argv)
{
	void *(*around[])(void *) = { percid_checker, percid_trimmer };
	pthread_t threads[PERCID_WORKERS + 2];
	int i;

	torture_begin(argc, argv, "No count is lost by concurrency id.");
	percid_setup();
	for (i = 0; i < PERCID_WORKERS; i++)
		TORTURE_OK(pthread_create(&threads[i], NULL, percid_parent,
					  &percid_workers[i]));
	for (; i < PERCID_WORKERS + 2; i++)
		TORTURE_OK(pthread_create(&threads[i], NULL,
					  around[i - PERCID_WORKERS], NULL));
	while (i--)
		TORTURE_OK(pthread_join(threads[i], NULL));
	percid_exact();
	cpuslab_refcount_fini(&percid_refcount);
	cpuslab_approx_fini(&percid_approx);
	cpuslab_counter_fini(&percid_plain);
	cpuslab_percid_histogram_fini(&percid_histogram);
	cpuslab_percid_gauge_fini(&percid_gauge);
	cpuslab_percid_stack_fini(&percid_stack);
	cpuslab_percid_counter_fini(&percid_counter);
	cpuslab_slab_destroy(percid_slab);
	cpuslab_domain_destroy(percid_domain);
	return torture_end();
}
