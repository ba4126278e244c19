/* SPDX-License-Identifier: MIT */
/*
 * torture.c - once cpuslab__gate_set() has closed the gates, the value behind
 * them does not change.
 *
 * In each round the gate has a new number: odd numbers are open, even ones
 * closed. A thread that still uses an old number must find that it differs.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>

#include <cpuslab/atomic.h>
#include "fixture/gate_set.h"
#include <cpuslab/ops.h>

#include "torture/torture.h"

#define GATE_WORKERS 4
#define GATE_LIMIT 6u
#define GATE_TIMER_NS 150000

struct gate_actor {
	uint64_t random CPUSLAB_ALIGNED(CPUSLAB_CACHE_LINE);
	cpuslab_word done; /* W this actor */
	uint64_t differs;
};

static struct cpuslab_domain *gate_domain;
static struct cpuslab_slab *gate_slab;
static struct cpuslab_percpu gate_handle;
static uint64_t gate_now = 1; /* W main; R any: odd is open */
static struct gate_actor gate_actors[GATE_WORKERS][2];
static uint64_t gate_rounds, gate_again;
static __thread struct gate_actor *gate_over;

/* A CPU that is admitted during a change starts with the current gate. */
static int gate_ctor(void *object, uint32_t cpu, void *arg)
{
	struct cpuslab_gated *gated = object;

	(void)cpu;
	(void)arg;
	gated->gate = cpuslab_load_acquire_u64(&gate_now);
	return CPUSLAB_OK;
}

/* A release folds both words; the sum of the gates has no meaning. */
static const struct cpuslab_type gate_type = {
	.name = "gated",
	.size = sizeof(struct cpuslab_gated),
	.align = 16,
	.ctor = gate_ctor,
	.counters = 2,
	.flags = CPUSLAB_TYPE_SIGNAL_SAFE,
};

static uint64_t gate_sum(void)
{
	return cpuslab_sum(&gate_handle, offsetof(struct cpuslab_gated, value));
}

static void gate_step(struct gate_actor *actor)
{
	uint64_t gate = cpuslab_load_acquire_u64(&gate_now) | 1;
	int result;

	/* Sometimes use a number that is long out of date. */
	if (gate > 2 && !torture_below(&actor->random, 8))
		gate -= 2;
	result = cpuslab_add_if(&gate_handle, 0, gate, 1);
	TORTURE_CHECK(result == CPUSLAB_OK || result == CPUSLAB_DIFFERS);
	actor->differs += result == CPUSLAB_DIFFERS;
	if (result == CPUSLAB_OK)
		cpuslab_store_release_u64(&actor->done, actor->done + 1);
}

static void gate_handler(int signal)
{
	(void)signal;
	if (gate_over)
		gate_step(gate_over);
}

static void *gate_worker(void *arg)
{
	struct gate_actor *actor = arg;
	struct torture_timer timer;

	gate_over = actor + 1;
	torture_timer_start(&timer, GATE_TIMER_NS);
	while (torture_running()) {
		gate_step(actor);
		if (!torture_below(&actor->random, 64))
			torture_migrate(&actor->random);
	}
	torture_timer_stop(&timer);
	gate_over = NULL;
	return NULL;
}

static void *gate_storm(void *arg)
{
	uint64_t random = torture_stream(1000);

	while (torture_running())
		torture_storm_step(gate_domain, GATE_LIMIT, &random);
	return arg;
}

static uint64_t gate_done(void)
{
	uint64_t done = 0;
	int i;

	for (i = 0; i < GATE_WORKERS * 2; i++)
		done += cpuslab_load_acquire_u64(
			&gate_actors[i / 2][i % 2].done);
	return done;
}

static void gate_set(uint64_t gate)
{
	int result;

	cpuslab_store_release_u64(&gate_now, gate);
	while ((result = gate_set_all(gate_slab, &gate_handle, 0, gate)) ==
	       -CPUSLAB_EAGAIN)
		gate_again++;
	TORTURE_OK(result);
}

static void gate_round(uint64_t *random)
{
	uint64_t done, value;
	uint32_t looks = 1 + torture_below(random, 20);

	gate_set(gate_now + 1);
	done = gate_done();
	value = gate_sum();
	TORTURE_CHECK(value >= done);
	while (looks--) {
		if (torture_below(random, 2))
			sched_yield();
		TORTURE_CHECK(gate_sum() == value);
	}
	gate_set(gate_now + 1);
	torture_migrate(random);
	gate_rounds++;
}

static void gate_exact(void)
{
	struct cpuslab_stats stats;
	uint64_t differs = 0;
	int i;

	for (i = 0; i < GATE_WORKERS * 2; i++)
		differs += gate_actors[i / 2][i % 2].differs;
	TORTURE_CHECK(gate_sum() == gate_done());
	TORTURE_OK(cpuslab_slab_check(gate_slab));
	cpuslab_stats_get(gate_slab, &stats);
	printf("  %llu rounds, %llu again, %llu adds, %llu refused, "
	       "%llu releases\n",
	       (unsigned long long)gate_rounds, (unsigned long long)gate_again,
	       (unsigned long long)gate_done(), (unsigned long long)differs,
	       (unsigned long long)stats.releases);
}

int main(int argc, char **argv)
{
	pthread_t threads[GATE_WORKERS + 1];
	uint64_t random;
	int i;

	torture_begin(argc, argv, "Behind a closed gate nothing is added.");
	torture_fake_limit(GATE_LIMIT);
	torture_handler(gate_handler);
	random = torture_stream(500);
	TORTURE_OK(cpuslab_domain_create(&gate_domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&gate_slab, gate_domain, NULL));
	TORTURE_OK(cpuslab_alloc(gate_slab, &gate_type, &gate_handle));
	for (i = 0; i < GATE_WORKERS; i++) {
		gate_actors[i][0].random = torture_stream((uint64_t)i);
		gate_actors[i][1].random = torture_stream((uint64_t)i + 50);
		TORTURE_OK(pthread_create(&threads[i], NULL, gate_worker,
					  gate_actors[i]));
	}
	TORTURE_OK(pthread_create(&threads[i], NULL, gate_storm, NULL));
	while (torture_running())
		gate_round(&random);
	for (; i >= 0; i--)
		TORTURE_OK(pthread_join(threads[i], NULL));
	gate_exact();
	TORTURE_OK(cpuslab_free(gate_slab, &gate_handle));
	cpuslab_slab_destroy(gate_slab);
	cpuslab_domain_destroy(gate_domain);
	return torture_end();
}
