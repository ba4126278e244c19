/* SPDX-License-Identifier: MIT */
/*
 * torture.c - a table never changes within a read section, while CPUs are added
 * and removed; generations never go back; and all that is recorded in a
 * histogram meanwhile is there in the end, bucket by bucket.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <cpuslab/atomic.h>
#include <cpuslab/histogram.h>
#include <cpuslab/steering.h>

#include "torture/torture.h"

#define STEERING_WORKERS 4
#define STEERING_LIMIT 6u
#define STEERING_BUCKETS 64u
#define STEERING_TIMER_NS 150000
#define STEERING_TARGETS 16u

struct steering_actor {
	uint64_t random CPUSLAB_ALIGNED(CPUSLAB_CACHE_LINE);
	uint64_t generation, looks;
	uint64_t *recorded; /* by bucket of the histogram */
};

static struct cpuslab_domain *steering_domain;
static struct cpuslab_slab *steering_slab;
static struct cpuslab_steering steering;
static struct cpuslab_histogram histogram;
static struct steering_actor steering_actors[STEERING_WORKERS][2];
static uint64_t steering_changes, steering_intervals;
static __thread struct steering_actor *steering_over;

static uint64_t steering_digest(const struct cpuslab_steering_table *table)
{
	uint64_t digest = table->generation;
	uint32_t i, target;

	for (i = 0; i < STEERING_BUCKETS; i++) {
		target = cpuslab_steering_at(table, i);
		TORTURE_CHECK(target < STEERING_TARGETS ||
			      target == CPUSLAB_NO_CPU);
		TORTURE_CHECK((target == CPUSLAB_NO_CPU) == !table->active);
		digest = digest * 31 + target;
	}
	return digest;
}

static void steering_look(struct steering_actor *actor)
{
	const struct cpuslab_steering_table *table;
	uint64_t digest;

	cpuslab_read_enter();
	table = cpuslab_steering_get(&steering);
	TORTURE_CHECK(table->generation >= actor->generation);
	actor->generation = table->generation;
	digest = steering_digest(table);
	if (!torture_below(&actor->random, 8))
		sched_yield();
	TORTURE_CHECK(digest == steering_digest(table));
	cpuslab_read_exit();
	actor->looks++;
}

static void steering_record(struct steering_actor *actor)
{
	uint64_t value = torture_random(&actor->random) >>
			 torture_below(&actor->random, 64);

	cpuslab_histogram_record(&histogram, value);
	actor->recorded[cpuslab_histogram_bucket(&histogram, value)]++;
}

static void steering_handler(int signal)
{
	(void)signal;
	if (!steering_over)
		return;
	steering_look(steering_over);
	steering_record(steering_over);
}

static void *steering_worker(void *arg)
{
	struct steering_actor *actor = arg;
	struct torture_timer timer;

	steering_over = actor + 1;
	torture_timer_start(&timer, STEERING_TIMER_NS);
	while (torture_running()) {
		steering_look(actor);
		steering_record(actor);
		if (!torture_below(&actor->random, 64))
			torture_migrate(&actor->random);
	}
	torture_timer_stop(&timer);
	steering_over = NULL;
	return NULL;
}

/* Weights of targets to which no CPU adds any. */
static void *steering_changer(void *arg)
{
	uint64_t random = torture_stream(300);

	while (torture_running()) {
		TORTURE_OK(cpuslab_steering_set(
			&steering,
			STEERING_LIMIT +
				torture_below(&random, STEERING_TARGETS -
							       STEERING_LIMIT),
			torture_below(&random, 4)));
		TORTURE_OK(cpuslab_steering_check(&steering));
		steering_changes++;
	}
	return arg;
}

static void *steering_storm(void *arg)
{
	uint64_t random = torture_stream(1000);

	while (torture_running())
		torture_storm_step(steering_domain, STEERING_LIMIT, &random);
	return arg;
}

static uint64_t *steering_counts(void)
{
	uint64_t *counts = calloc(histogram.buckets, sizeof(*counts));

	TORTURE_CHECK(counts);
	return counts;
}

/* The sum of all intervals, which is that of all records. */
static uint64_t steering_total;

static void *steering_reader(void *arg)
{
	uint64_t *last = steering_counts(), *counts = steering_counts();
	bool more;

	do {
		more = torture_running();
		steering_total +=
			cpuslab_histogram_interval(&histogram, last, counts);
		steering_intervals++;
	} while (more);
	free(counts);
	*(uint64_t **)arg = last;
	return NULL;
}

static void steering_exact(uint64_t *last)
{
	uint64_t *counts = steering_counts(), expect, looks = 0, total;
	uint32_t bucket, i;

	total = cpuslab_histogram_read(&histogram, counts);
	for (bucket = 0; bucket < histogram.buckets; bucket++) {
		expect = 0;
		for (i = 0; i < STEERING_WORKERS * 2; i++)
			expect +=
				steering_actors[i / 2][i % 2].recorded[bucket];
		TORTURE_CHECK(counts[bucket] == expect);
	}
	steering_total += cpuslab_histogram_interval(&histogram, last, counts);
	TORTURE_CHECK(steering_total == total);
	for (i = 0; i < STEERING_WORKERS * 2; i++) {
		looks += steering_actors[i / 2][i % 2].looks;
		free(steering_actors[i / 2][i % 2].recorded);
	}
	free(counts);
	free(last);
	TORTURE_OK(cpuslab_steering_check(&steering));
	printf("  %llu looks, %llu changes, %llu recorded, %llu intervals\n",
	       (unsigned long long)looks, (unsigned long long)steering_changes,
	       (unsigned long long)total,
	       (unsigned long long)steering_intervals);
}

static void steering_setup(void)
{
	const struct cpuslab_steering_config config = {
		.buckets = STEERING_BUCKETS, .targets = STEERING_TARGETS
	};
	uint32_t i;

	torture_fake_limit(STEERING_LIMIT);
	torture_handler(steering_handler);
	TORTURE_OK(cpuslab_domain_create(&steering_domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&steering_slab, steering_domain, NULL));
	TORTURE_OK(cpuslab_histogram_init(&histogram, steering_slab, 2, 64));
	TORTURE_OK(cpuslab_steering_init(&steering, &config));
	TORTURE_OK(cpuslab_steering_attach(&steering, steering_domain));
	for (i = 0; i < STEERING_WORKERS * 2; i++) {
		steering_actors[i / 2][i % 2].random = torture_stream(i);
		steering_actors[i / 2][i % 2].recorded = steering_counts();
	}
}

int main(int argc, char **argv)
{
	pthread_t threads[STEERING_WORKERS + 3];
	uint64_t *last = NULL;
	int i;

	torture_begin(argc, argv, "Tables do not change under readers.");
	steering_setup();
	for (i = 0; i < STEERING_WORKERS; i++)
		TORTURE_OK(pthread_create(&threads[i], NULL, steering_worker,
					  steering_actors[i]));
	TORTURE_OK(pthread_create(&threads[i++], NULL, steering_changer, NULL));
	TORTURE_OK(pthread_create(&threads[i++], NULL, steering_reader, &last));
	TORTURE_OK(pthread_create(&threads[i], NULL, steering_storm, NULL));
	for (; i >= 0; i--)
		TORTURE_OK(pthread_join(threads[i], NULL));
	steering_exact(last);
	cpuslab_steering_fini(&steering);
	cpuslab_histogram_fini(&histogram);
	TORTURE_OK(cpuslab_slab_check(steering_slab));
	cpuslab_slab_destroy(steering_slab);
	cpuslab_domain_destroy(steering_domain);
	return torture_end();
}
