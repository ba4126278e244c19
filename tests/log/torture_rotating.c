/* SPDX-License-Identifier: MIT */
/*
 * torture_rotating.c - a reader takes records away while threads and their
 * signal handlers append, and CPUs come and go: each record is read once.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>

#include <cpuslab/log_rotating.h>
#include <cpuslab/steering.h>

#include "torture/torture.h"

#define ROTATING_WORKERS 3u
#define ROTATING_ACTORS (ROTATING_WORKERS * 2) /* with their handlers */
#define ROTATING_LIMIT 4u
#define ROTATING_TIMER_NS 150000
#define ROTATING_CAPACITY 32768u

struct rotating_actor {
	uint64_t random CPUSLAB_ALIGNED(CPUSLAB_CACHE_LINE);
	uint64_t name;
	uint64_t appended, hash;
};

struct rotating_record {
	uint64_t actor, number;
};

static struct cpuslab_domain *rotating_domain;
static struct cpuslab_slab *rotating_slab;
static struct cpuslab_log_rotating rotating;
static struct rotating_actor rotating_actors[ROTATING_ACTORS];
static uint64_t rotating_read[ROTATING_ACTORS]; /* W reader */
static uint64_t rotating_hash[ROTATING_ACTORS]; /* W reader */
static uint64_t rotating_rotations, rotating_full;
static __thread struct rotating_actor *rotating_over;

static void rotating_append(struct rotating_actor *actor)
{
	const struct rotating_record record = { actor->name, actor->appended };
	int result =
		cpuslab_log_rotating_append(&rotating, &record, sizeof(record));

	if (result == CPUSLAB_OK) {
		actor->hash += cpuslab_steering_hash(actor->appended);
		actor->appended++;
		return;
	}
	TORTURE_CHECK(result == CPUSLAB_FULL);
	cpuslab_fetch_add_u64(&rotating_full, 1);
}

static void rotating_handler(int signal)
{
	(void)signal;
	if (rotating_over)
		rotating_append(rotating_over);
}

static void *rotating_worker(void *arg)
{
	struct rotating_actor *actor = arg;
	struct torture_timer timer;

	rotating_over = actor + 1;
	torture_timer_start(&timer, ROTATING_TIMER_NS);
	while (torture_running()) {
		rotating_append(actor);
		if (!torture_below(&actor->random, 64))
			torture_migrate(&actor->random);
	}
	torture_timer_stop(&timer);
	rotating_over = NULL;
	return NULL;
}

/* Between two records of an actor in one CPU's log are none of its older. */
static int rotating_each(void *arg, uint32_t cpu, const void *data,
			 uint32_t bytes)
{
	static uint64_t last[ROTATING_ACTORS]; /* plus one, in this CPU's log */
	static uint32_t last_cpu;
	const struct rotating_record *record = data;

	TORTURE_CHECK(arg == &rotating && bytes == sizeof(*record));
	TORTURE_CHECK(record->actor < ROTATING_ACTORS);
	if (cpu != last_cpu)
		memset(last, 0, sizeof(last));
	last_cpu = cpu;
	TORTURE_CHECK(record->number >= last[record->actor]);
	last[record->actor] = record->number + 1;
	rotating_read[record->actor]++;
	rotating_hash[record->actor] += cpuslab_steering_hash(record->number);
	return 0;
}

static void rotating_rotate(void)
{
	TORTURE_OK(cpuslab_log_rotating_rotate(&rotating, rotating_each,
					       &rotating));
	rotating_rotations++;
}

static void *rotating_reader(void *arg)
{
	while (torture_running()) {
		rotating_rotate();
		sched_yield();
	}
	return arg;
}

static void *rotating_storm(void *arg)
{
	uint64_t random = torture_stream(300);

	while (torture_running())
		torture_storm_step(rotating_domain, ROTATING_LIMIT, &random);
	return arg;
}

static void rotating_exact(void)
{
	uint64_t appended = 0;
	uint32_t i;

	for (i = 0; i < ROTATING_ACTORS; i++) {
		TORTURE_CHECK(rotating_read[i] == rotating_actors[i].appended);
		TORTURE_CHECK(rotating_hash[i] == rotating_actors[i].hash);
		appended += rotating_read[i];
	}
	printf("  %llu records in %llu rotations, %llu found the log full\n",
	       (unsigned long long)appended,
	       (unsigned long long)rotating_rotations,
	       (unsigned long long)rotating_full);
	TORTURE_CHECK(appended && rotating_rotations > 1);
}

int main(int argc, char **argv)
{
	const struct cpuslab_log_rotating_config config = {
		.size = sizeof(config), .capacity = ROTATING_CAPACITY
	};
	pthread_t threads[ROTATING_WORKERS + 2];
	uint32_t i, n = 0;

	torture_begin(argc, argv, "A log that rotates loses no record.");
	torture_fake_limit(ROTATING_LIMIT);
	torture_handler(rotating_handler);
	TORTURE_OK(cpuslab_domain_create(&rotating_domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&rotating_slab, rotating_domain, NULL));
	TORTURE_OK(
		cpuslab_log_rotating_init(&rotating, rotating_slab, &config));
	for (i = 0; i < ROTATING_ACTORS; i++) {
		rotating_actors[i].name = i;
		rotating_actors[i].random = torture_stream(i);
	}
	for (i = 0; i < ROTATING_WORKERS; i++)
		TORTURE_OK(pthread_create(&threads[n++], NULL, rotating_worker,
					  &rotating_actors[i * 2]));
	TORTURE_OK(pthread_create(&threads[n++], NULL, rotating_reader, NULL));
	TORTURE_OK(pthread_create(&threads[n++], NULL, rotating_storm, NULL));
	while (n--)
		TORTURE_OK(pthread_join(threads[n], NULL));
	rotating_rotate();
	rotating_exact();
	cpuslab_log_rotating_fini(&rotating);
	TORTURE_OK(cpuslab_slab_check(rotating_slab));
	cpuslab_slab_destroy(rotating_slab);
	cpuslab_domain_destroy(rotating_domain);
	return torture_end();
}
