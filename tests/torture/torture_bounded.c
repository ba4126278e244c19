/* SPDX-License-Identifier: MIT */
/*
 * torture_bounded.c - a counter is never outside the bounds that it gives.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#include <cpuslab/atomic.h>
#include <cpuslab/bounded.h>

#include "torture.h"

#define BOUNDED_WORKERS 4
#define BOUNDED_LIMIT 6u
#define BOUNDED_BATCH 16u
#define BOUNDED_TIMER_NS 150000

/* The thread's, and the handler's over it. */
struct bounded_actor {
	uint64_t random CPUSLAB_ALIGNED(CPUSLAB_CACHE_LINE);
	uint64_t begun, ended; /* W this actor */
};

static struct cpuslab_domain *bounded_domain;
static struct cpuslab_slab *bounded_slab;
static struct cpuslab_bounded bounded;
static struct bounded_actor bounded_actors[BOUNDED_WORKERS][2];
static uint64_t bounded_looks, bounded_widest;
static __thread struct bounded_actor *bounded_over;

static void bounded_step(struct bounded_actor *actor)
{
	uint64_t value = torture_below(&actor->random, 32) ?
				 1 :
				 torture_below(&actor->random, 12);

	cpuslab_store_release_u64(&actor->begun, actor->begun + value);
	/* Whoever counts it sees that it was begun. */
	cpuslab_fence();
	cpuslab_bounded_add(&bounded, value);
	cpuslab_store_release_u64(&actor->ended, actor->ended + value);
}

static void bounded_handler(int signal)
{
	(void)signal;
	if (bounded_over)
		bounded_step(bounded_over);
}

static void *bounded_worker(void *arg)
{
	struct bounded_actor *actor = arg;
	struct torture_timer timer;

	bounded_over = actor + 1;
	torture_timer_start(&timer, BOUNDED_TIMER_NS);
	while (torture_running()) {
		bounded_step(actor);
		if (!torture_below(&actor->random, 64))
			torture_migrate(&actor->random);
	}
	torture_timer_stop(&timer);
	bounded_over = NULL;
	return NULL;
}

static uint64_t bounded_sum_of(bool begun)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < BOUNDED_WORKERS * 2; i++) {
		struct bounded_actor *actor = &bounded_actors[i / 2][i % 2];

		sum += cpuslab_load_acquire_u64(begun ? &actor->begun :
							&actor->ended);
	}
	return sum;
}

static void bounded_look(void)
{
	uint64_t ended = bounded_sum_of(false), begun, least, most;

	cpuslab_bounded_bounds(&bounded, &least, &most);
	begun = bounded_sum_of(true);
	TORTURE_CHECK(least <= begun);
	TORTURE_CHECK(most >= ended);
	TORTURE_CHECK(least <= most);
	if (most - least > bounded_widest)
		bounded_widest = most - least;
	bounded_looks++;
}

static void *bounded_checker(void *arg)
{
	uint64_t random = torture_stream(200);

	while (torture_running()) {
		bounded_look();
		if (!torture_below(&random, 64))
			torture_migrate(&random);
	}
	return arg;
}

static void *bounded_storm(void *arg)
{
	uint64_t random = torture_stream(1000);

	while (torture_running())
		torture_storm_step(bounded_domain, BOUNDED_LIMIT, &random);
	return arg;
}

static void bounded_exact(void)
{
	struct cpuslab_stats stats;
	uint64_t least, most, all = bounded_sum_of(true);

	TORTURE_CHECK(torture_settle(bounded_slab));
	cpuslab_stats_get(bounded_slab, &stats);
	TORTURE_CHECK(cpuslab_bounded_sum(&bounded) == all);
	cpuslab_bounded_bounds(&bounded, &least, &most);
	TORTURE_CHECK(least <= all && all <= most);
	TORTURE_CHECK(most - least == BOUNDED_BATCH * (stats.in_use + 1));
	TORTURE_OK(cpuslab_slab_check(bounded_slab));
	printf("  %llu events, %llu looks, at most %llu apart, "
	       "%llu releases\n",
	       (unsigned long long)all, (unsigned long long)bounded_looks,
	       (unsigned long long)bounded_widest,
	       (unsigned long long)stats.releases);
}

int main(int argc, char **argv)
{
	pthread_t threads[BOUNDED_WORKERS + 2];
	int i;

	torture_begin(argc, argv, "A counter is within its bounds.");
	torture_fake_limit(BOUNDED_LIMIT);
	torture_handler(bounded_handler);
	TORTURE_OK(cpuslab_domain_create(&bounded_domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&bounded_slab, bounded_domain, NULL));
	TORTURE_OK(cpuslab_bounded_init(&bounded, bounded_slab, BOUNDED_BATCH));
	for (i = 0; i < BOUNDED_WORKERS; i++) {
		bounded_actors[i][0].random = torture_stream((uint64_t)i);
		bounded_actors[i][1].random = torture_stream((uint64_t)i + 50);
		TORTURE_OK(pthread_create(&threads[i], NULL, bounded_worker,
					  bounded_actors[i]));
	}
	TORTURE_OK(pthread_create(&threads[i++], NULL, bounded_checker, NULL));
	TORTURE_OK(pthread_create(&threads[i], NULL, bounded_storm, NULL));
	for (; i >= 0; i--)
		TORTURE_OK(pthread_join(threads[i], NULL));
	bounded_exact();
	cpuslab_bounded_fini(&bounded);
	cpuslab_slab_destroy(bounded_slab);
	cpuslab_domain_destroy(bounded_domain);
	return torture_end();
}
