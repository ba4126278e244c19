/* SPDX-License-Identifier: MIT */
/*
 * mixed.c - parts of one program of which some were compiled where the C
 * library has <sys/rseq.h> and some where it has not. The library decides how
 * blocks are written, so nothing is lost, and no reference is released while it
 * is taken.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "mixed.h"
#include "torture/torture.h"

#define MIXED_THREADS 4
#define MIXED_NODES 64
#define MIXED_MOVE_US 200
#define MIXED_MOVES 1000 /* before the reference count is killed */

static struct mixed mixed_all;
static struct cpuslab_node mixed_nodes[MIXED_NODES];
static uint64_t mixed_turns[MIXED_THREADS];

static void *mixed_alloc(void *arg)
{
	(void)arg;
	return calloc(1, sizeof(uint64_t));
}

static void mixed_free(void *arg, void *object)
{
	(void)arg;
	free(object);
}

static void mixed_released(struct cpuslab_refcount *refcount)
{
	(void)refcount;
	cpuslab_store_release_u32(&mixed_all.released, 1);
}

static void mixed_begin(struct cpuslab_slab *slab)
{
	static const struct cpuslab_cache_config config = {
		.size = sizeof(config),
		.alloc = mixed_alloc,
		.free = mixed_free,
		.rounds = 4,
	};
	int i;

	TORTURE_OK(cpuslab_counter_init(&mixed_all.counter, slab));
	TORTURE_OK(cpuslab_gauge_init(&mixed_all.gauge, slab));
	TORTURE_OK(cpuslab_histogram_init(&mixed_all.histogram, slab, 4, 32));
	TORTURE_OK(cpuslab_approx_init(&mixed_all.approx, slab, 8));
	TORTURE_OK(cpuslab_stack_init(&mixed_all.stack, slab));
	TORTURE_OK(cpuslab_cache_init(&mixed_all.cache, slab, &config));
	TORTURE_OK(cpuslab_refcount_init(&mixed_all.refcount, slab,
					 mixed_released));
	for (i = 0; i < MIXED_NODES; i++)
		TORTURE_OK(
			cpuslab_stack_push(&mixed_all.stack, &mixed_nodes[i]));
}

static void *mixed_thread(void *arg)
{
	uint64_t nth = (uintptr_t)arg, turn = 0;

	for (; torture_running(); turn++)
		if (nth % 2)
			mixed_turn_with(&mixed_all, turn);
		else
			mixed_turn_without(&mixed_all, turn);
	mixed_turns[nth] = turn;
	return NULL;
}

/* In the middle of an operation, perhaps. */
static void mixed_move(pthread_t thread, uint64_t *random)
{
	uint32_t cpus[64];
	uint32_t count = torture_cpus(cpus, 64);
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpus[torture_below(random, count)], &set);
	pthread_setaffinity_np(thread, sizeof(set), &set);
	usleep(MIXED_MOVE_US);
}

static void mixed_run(void)
{
	uint64_t random = torture_stream(0);
	pthread_t threads[MIXED_THREADS];
	int i, killed = 0;

	for (i = 0; i < MIXED_THREADS; i++)
		TORTURE_OK(pthread_create(&threads[i], NULL, mixed_thread,
					  (void *)(uintptr_t)i));
	for (i = 0; torture_running(); i++) {
		mixed_move(threads[i % MIXED_THREADS], &random);
		if (!killed && i == MIXED_MOVES)
			killed = !cpuslab_refcount_kill(&mixed_all.refcount);
	}
	for (i = 0; i < MIXED_THREADS; i++)
		TORTURE_OK(pthread_join(threads[i], NULL));
	if (!killed)
		TORTURE_OK(cpuslab_refcount_kill(&mixed_all.refcount));
}

static int mixed_pop_all(void)
{
	struct cpuslab_node *node;
	uint32_t cpus[64];
	uint32_t count = torture_cpus(cpus, 64);
	int popped = 0;

	while (count--)
		if (torture_pin(cpus[count]))
			while (!cpuslab_stack_pop(&mixed_all.stack, &node))
				popped++;
	torture_unpin();
	return popped;
}

static void mixed_check(void)
{
	uint64_t turns = 0, downs = 0;
	uint32_t i;

	for (i = 0; i < MIXED_THREADS; i++) {
		turns += mixed_turns[i];
		downs += mixed_turns[i] / 2;
	}
	printf("  %llu turns\n", (unsigned long long)turns);
	TORTURE_CHECK(cpuslab_counter_sum(&mixed_all.counter) == turns);
	TORTURE_CHECK((uint64_t)cpuslab_gauge_sum(&mixed_all.gauge) ==
		      3 * (turns - downs) - downs);
	TORTURE_CHECK(cpuslab_approx_sum(&mixed_all.approx) == turns);
	for (i = 0; i < MIXED_BUCKETS; i++)
		turns -= cpuslab_sum(&mixed_all.histogram.handle, i * 8);
	TORTURE_CHECK(turns == 0);
	TORTURE_CHECK(mixed_pop_all() == MIXED_NODES);
	TORTURE_CHECK(mixed_all.released);
}

static void mixed_end(void)
{
	cpuslab_refcount_fini(&mixed_all.refcount);
	cpuslab_cache_fini(&mixed_all.cache);
	cpuslab_stack_fini(&mixed_all.stack);
	cpuslab_approx_fini(&mixed_all.approx);
	cpuslab_histogram_fini(&mixed_all.histogram);
	cpuslab_gauge_fini(&mixed_all.gauge);
	cpuslab_counter_fini(&mixed_all.counter);
}

int main(int argc, char **argv)
{
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;

	torture_begin(argc, argv, "");
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
	mixed_begin(slab);
	mixed_run();
	mixed_check();
	mixed_end();
	TORTURE_OK(cpuslab_slab_check(slab));
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
	return torture_end();
}
