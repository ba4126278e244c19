/* SPDX-License-Identifier: MIT */
/*
 * torture.c - a count is never outside the bounds that its counter reports, and
 * never above its limit.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#include <cpuslab/atomic.h>
#include <cpuslab/approx.h>

#include "torture/torture.h"

#define APPROX_WORKERS 4
#define APPROX_LIMIT 6u
#define APPROX_BATCH 16u
#define APPROX_MOST 40u /* the limit of the other count */
#define APPROX_TIMER_NS 150000

/* Of the thread, and of the handler that interrupts it. */
struct approx_actor {
	uint64_t random CPUSLAB_ALIGNED(CPUSLAB_CACHE_LINE);
	cpuslab_word begun, ended; /* W this actor */
	uint64_t full;             /* W this actor */
};

static struct cpuslab_domain *approx_domain;
static struct cpuslab_slab *approx_slab;
static struct cpuslab_approx approx, approx_limited;
static uint64_t approx_granted; /* W any */
static struct approx_actor approx_actors[APPROX_WORKERS][2];
static uint64_t approx_looks, approx_widest;
static __thread struct approx_actor *approx_over;

static void approx_step(struct approx_actor *actor)
{
	uint64_t value = torture_below(&actor->random, 32) ?
				 1 :
				 torture_below(&actor->random, 12);

	cpuslab_store_release_u64(&actor->begun, actor->begun + value);
	/* A thread that counts this add also sees that it has begun. */
	cpuslab_fence();
	cpuslab_approx_add(&approx, value);
	cpuslab_store_release_u64(&actor->ended, actor->ended + value);
}

static void approx_step_limited(struct approx_actor *actor)
{
	uint64_t value = 1 + torture_below(&actor->random, 12);
	int result =
		cpuslab_approx_add_limited(&approx_limited, APPROX_MOST, value);

	if (result == CPUSLAB_FULL) {
		actor->full++;
		return;
	}
	TORTURE_OK(result);
	TORTURE_CHECK(cpuslab_fetch_add_u64(&approx_granted, value) + value <=
		      APPROX_MOST);
	cpuslab_fetch_add_u64(&approx_granted, (uint64_t)0 - value);
	cpuslab_approx_sub(&approx_limited, value);
}

static void approx_handler(int signal)
{
	(void)signal;
	if (!approx_over)
		return;
	approx_step(approx_over);
	approx_step_limited(approx_over);
}

static void *approx_worker(void *arg)
{
	struct approx_actor *actor = arg;
	struct torture_timer timer;

	approx_over = actor + 1;
	torture_timer_start(&timer, APPROX_TIMER_NS);
	while (torture_running()) {
		approx_step(actor);
		approx_step_limited(actor);
		if (!torture_below(&actor->random, 64))
			torture_migrate(&actor->random);
	}
	torture_timer_stop(&timer);
	approx_over = NULL;
	return NULL;
}

static uint64_t approx_sum_of(bool begun)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < APPROX_WORKERS * 2; i++) {
		struct approx_actor *actor = &approx_actors[i / 2][i % 2];

		sum += cpuslab_load_acquire_u64(begun ? &actor->begun :
							&actor->ended);
	}
	return sum;
}

static void approx_look(void)
{
	uint64_t ended = approx_sum_of(false), begun, least, most;

	cpuslab_approx_bounds(&approx, &least, &most);
	begun = approx_sum_of(true);
	TORTURE_CHECK(least <= begun);
	TORTURE_CHECK(most >= ended);
	TORTURE_CHECK(least <= most);
	if (most - least > approx_widest)
		approx_widest = most - least;
	approx_looks++;
}

static void *approx_checker(void *arg)
{
	uint64_t random = torture_stream(200);

	while (torture_running()) {
		approx_look();
		if (!torture_below(&random, 64))
			torture_migrate(&random);
	}
	return arg;
}

static void *approx_storm(void *arg)
{
	uint64_t random = torture_stream(1000);

	while (torture_running())
		torture_storm_step(approx_domain, APPROX_LIMIT, &random);
	return arg;
}

static void approx_exact(void)
{
	struct cpuslab_stats stats;
	uint64_t least, most, full = 0, all = approx_sum_of(true);
	int i;

	TORTURE_CHECK(torture_settle(approx_slab));
	cpuslab_stats_get(approx_slab, &stats);
	TORTURE_CHECK(cpuslab_approx_sum(&approx) == all);
	cpuslab_approx_bounds(&approx, &least, &most);
	TORTURE_CHECK(least <= all && all <= most);
	TORTURE_CHECK(most - least == APPROX_BATCH * (stats.in_use + 1));
	TORTURE_CHECK(cpuslab_approx_sum(&approx_limited) == 0);
	TORTURE_OK(cpuslab_approx_add_limited(&approx_limited, APPROX_MOST,
					      APPROX_MOST));
	TORTURE_OK(cpuslab_slab_check(approx_slab));
	for (i = 0; i < APPROX_WORKERS * 2; i++)
		full += approx_actors[i / 2][i % 2].full;
	printf("  %llu events, %llu looks, at most %llu apart, "
	       "%llu times full, %llu releases\n",
	       (unsigned long long)all, (unsigned long long)approx_looks,
	       (unsigned long long)approx_widest, (unsigned long long)full,
	       (unsigned long long)stats.releases);
}

int main(int argc, char **argv)
{
	pthread_t threads[APPROX_WORKERS + 2];
	int i;

	torture_begin(argc, argv, "A count is within its bounds.");
	torture_fake_limit(APPROX_LIMIT);
	torture_handler(approx_handler);
	TORTURE_OK(cpuslab_domain_create(&approx_domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&approx_slab, approx_domain, NULL));
	TORTURE_OK(cpuslab_approx_init(&approx, approx_slab, APPROX_BATCH));
	TORTURE_OK(cpuslab_approx_init(&approx_limited, approx_slab, 2));
	for (i = 0; i < APPROX_WORKERS; i++) {
		approx_actors[i][0].random = torture_stream((uint64_t)i);
		approx_actors[i][1].random = torture_stream((uint64_t)i + 50);
		TORTURE_OK(pthread_create(&threads[i], NULL, approx_worker,
					  approx_actors[i]));
	}
	TORTURE_OK(pthread_create(&threads[i++], NULL, approx_checker, NULL));
	TORTURE_OK(pthread_create(&threads[i], NULL, approx_storm, NULL));
	for (; i >= 0; i--)
		TORTURE_OK(pthread_join(threads[i], NULL));
	approx_exact();
	cpuslab_approx_fini(&approx_limited);
	cpuslab_approx_fini(&approx);
	cpuslab_slab_destroy(approx_slab);
	cpuslab_domain_destroy(approx_domain);
	return torture_end();
}
