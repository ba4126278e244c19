/* SPDX-License-Identifier: MIT */
/*
 * torture.c - with balanced use a gauge never shows a negative value, and its
 * bounds hold.
 *
 * What one thread adds on one CPU another subtracts on another CPU: amounts
 * travel through a table of places. A signal handler does the same on top of
 * its thread.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#include <cpuslab/atomic.h>
#include <cpuslab/gauge.h>

#include "torture/torture.h"

#define GAUGE_WORKERS 3
#define GAUGE_LIMIT 8u
#define GAUGE_PLACES 16
#define GAUGE_MOST 9 /* in one place */
#define GAUGE_TIMER_NS 150000

static struct cpuslab_domain *gauge_domain;
static struct cpuslab_slab *gauge_slab;
static struct cpuslab_gauge gauge;
static uint64_t gauge_places[GAUGE_PLACES]; /* W exchange: amounts */
static uint64_t gauge_sums, gauge_exact_sums, gauge_swaps;
static int64_t gauge_widest;
static __thread uint64_t gauge_handler_random;

/* Add an amount and leave it in a place; subtract what was there. */
static void gauge_swap(uint64_t *random)
{
	uint64_t amount = 1 + torture_below(random, GAUGE_MOST);
	uint32_t place = torture_below(random, GAUGE_PLACES);

	cpuslab_gauge_add(&gauge, amount);
	amount = cpuslab_exchange_u64(&gauge_places[place], amount);
	if (amount)
		cpuslab_gauge_sub(&gauge, amount);
}

/*
 * Every place and every swap in progress holds at most GAUGE_MOST, so the value
 * never exceeds this; a worker and its handler have a swap each.
 */
#define GAUGE_HIGHEST (GAUGE_MOST * (GAUGE_PLACES + 2 * 2 * GAUGE_WORKERS))

/* The value at some moment of the read is within its bounds. */
static int64_t gauge_read(void)
{
	int64_t least, most;

	cpuslab_gauge_bounds(&gauge, &least, &most);
	TORTURE_CHECK(least <= GAUGE_HIGHEST);
	TORTURE_CHECK(most >= 0);
	TORTURE_CHECK(least <= most);
	return most - least;
}

static void gauge_handler(int signal)
{
	(void)signal;
	if (!gauge_handler_random)
		return;
	gauge_swap(&gauge_handler_random);
	gauge_read();
}

static void *gauge_worker(void *arg)
{
	uint64_t random = torture_stream((uintptr_t)arg);
	struct torture_timer timer;

	gauge_handler_random = torture_stream((uintptr_t)arg + 50) | 1;
	torture_timer_start(&timer, GAUGE_TIMER_NS);
	while (torture_running()) {
		gauge_swap(&random);
		cpuslab_fetch_add_u64(&gauge_swaps, 1);
		if (!torture_below(&random, 64))
			torture_migrate(&random);
	}
	torture_timer_stop(&timer);
	return NULL;
}

static void *gauge_checker(void *arg)
{
	uint64_t random = torture_stream((uintptr_t)arg);

	while (torture_running()) {
		int64_t width = gauge_read();

		TORTURE_CHECK(cpuslab_gauge_sum(&gauge) >= 0);
		gauge_sums++;
		gauge_exact_sums += !width;
		if (width > gauge_widest)
			gauge_widest = width;
		if (!torture_below(&random, 64))
			torture_migrate(&random);
	}
	return NULL;
}

static void *gauge_storm(void *arg)
{
	uint64_t random = torture_stream((uintptr_t)arg);

	while (torture_running())
		torture_storm_step(gauge_domain, GAUGE_LIMIT, &random);
	return NULL;
}

static void gauge_exact(void)
{
	uint64_t inside = 0;
	struct cpuslab_stats stats;
	int i;

	for (i = 0; i < GAUGE_PLACES; i++)
		inside += gauge_places[i];
	TORTURE_CHECK(cpuslab_gauge_sum(&gauge) == (int64_t)inside);
	for (i = 0; i < GAUGE_PLACES; i++)
		if (gauge_places[i])
			cpuslab_gauge_sub(&gauge, gauge_places[i]);
	TORTURE_CHECK(cpuslab_gauge_sum(&gauge) == 0);
	TORTURE_OK(cpuslab_slab_check(gauge_slab));
	cpuslab_stats_get(gauge_slab, &stats);
	printf("  %llu swaps, %llu sums, %llu of them exact, bounds at most "
	       "%lld apart, %llu releases\n",
	       (unsigned long long)gauge_swaps, (unsigned long long)gauge_sums,
	       (unsigned long long)gauge_exact_sums, (long long)gauge_widest,
	       (unsigned long long)stats.releases);
}

int main(int argc, char **argv)
{
	pthread_t threads[GAUGE_WORKERS + 2];
	uintptr_t i;

	torture_begin(argc, argv, "Balanced use is never shown as negative.");
	torture_fake_limit(GAUGE_LIMIT);
	torture_handler(gauge_handler);
	TORTURE_OK(cpuslab_domain_create(&gauge_domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&gauge_slab, gauge_domain, NULL));
	TORTURE_OK(cpuslab_gauge_init(&gauge, gauge_slab));
	for (i = 0; i < GAUGE_WORKERS + 2; i++)
		TORTURE_OK(pthread_create(&threads[i], NULL,
					  i < GAUGE_WORKERS  ? gauge_worker :
					  i == GAUGE_WORKERS ? gauge_checker :
							       gauge_storm,
					  (void *)(i + 1)));
	while (i--)
		TORTURE_OK(pthread_join(threads[i], NULL));
	gauge_exact();
	cpuslab_gauge_fini(&gauge);
	cpuslab_slab_destroy(gauge_slab);
	cpuslab_domain_destroy(gauge_domain);
	return torture_end();
}
