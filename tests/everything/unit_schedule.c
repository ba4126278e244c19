/* SPDX-License-Identifier: MIT */
/*
 * Seeded storms: tasks do everything at once, in an order that the seed
 * determines, with signals and moves at any point. SIM_SEED=n replays one;
 * CPUSLAB_SCHEDULE_SEEDS=n runs so many.
 */
#include "everything.h"

#include <stdlib.h>

#define SCHEDULE_TASKS 6u

#ifdef ORDER_IS_MODELLED /* a seed takes longer, and smaller storms find more */
#define SCHEDULE_SEEDS 4
#else
#define SCHEDULE_SEEDS 20
#endif

static struct everything w;
static uint64_t schedule_trace;

struct schedule_task {
	uint64_t random;
	unsigned int steps;
};

static uint32_t schedule_random(struct schedule_task *task, uint32_t below)
{
	task->random =
		task->random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((task->random >> 33) % below);
}

static void schedule_operation(struct schedule_task *task)
{
	static void (*const operations[])(struct everything *) = {
		everything_add,       everything_add,     everything_add,
		everything_sum,       everything_sum,     everything_gauge,
		everything_gauge_sum, everything_push,    everything_push,
		everything_pop,       everything_append,  everything_add_if,
		everything_snapshot,  everything_pop_all, everything_words,
	};

	operations[schedule_random(task, sizeof(operations) /
						 sizeof(operations[0]))](&w);
}

/* Do operations, some of them on an object of its own. */
static void schedule_work(void *arg)
{
	struct schedule_task *task = arg;
	static const struct cpuslab_type types[] = {
		{ .name = "small", .size = 8, .counters = 1 },
		{ .name = "middle", .size = 4000, .counters = 500 },
		{ .name = "large",
		  .size = 70000,
		  .counters = 8000,
		  .flags = CPUSLAB_TYPE_DISCARD },
	};
	struct cpuslab_percpu handle;

	while (task->steps--) {
		/* Concurrently with whatever the domain does. */
		if (!schedule_random(task, 20))
			everything_expect(&w,
					  cpuslab_slab_trim(w.f.slab, 0) >= 0);
		if (schedule_random(task, 12)) {
			schedule_operation(task);
			continue;
		}
		if (cpuslab_alloc(w.f.slab, &types[schedule_random(task, 3)],
				  &handle)) {
			everything_fail(&w, "alloc", __LINE__);
			continue;
		}
		cpuslab_add(&handle, 0, 7);
		schedule_operation(task);
		everything_expect(&w, cpuslab_sum(&handle, 0) == 7);
		if (schedule_random(task, 2))
			everything_expect(&w, !cpuslab_free(w.f.slab, &handle));
		else
			everything_expect(&w,
					  !cpuslab_free_rcu(w.f.slab, &handle));
	}
}

/* Change the set of CPUs; it never becomes empty. */
static void schedule_change(void *arg)
{
	struct schedule_task *task = arg;
	uint32_t limit = cpuslab_domain_limit(w.f.domain);
	int result;

	while (task->steps--) {
		uint32_t cpu =
			1 + schedule_random(task, limit < 40 ? limit - 1 : 12);

		if (limit > 40 && schedule_random(task, 2))
			cpu = limit - cpu;
		switch (schedule_random(task, 8)) {
		case 0:
		case 1:
			sim_cpu_set_available(cpu, true);
			result = cpuslab_domain_add_start(w.f.domain, cpu);
			everything_expect(&w, !result);
			result = cpuslab_domain_add_complete(w.f.domain, cpu);
			break;
		case 2:
			result = cpuslab_domain_add_start(w.f.domain, cpu);
			everything_expect(&w, !result);
			result = cpuslab_domain_add_failure(w.f.domain, cpu);
			break;
		case 3:
		case 4:
		case 5:
			sim_cpu_set_available(cpu, false);
			result = cpuslab_domain_remove(w.f.domain, cpu);
			break;
		case 6:
			result = cpuslab_domain_resync(w.f.domain);
			break;
		default:
			result = cpuslab_domain_trim(w.f.domain, 0);
			if (result == CPUSLAB_RETAINED)
				result = CPUSLAB_OK;
			break;
		}
		everything_expect(&w, !result);
	}
}

/* About every second signal arrives where nothing may sleep. */
static void schedule_signal(void *arg)
{
	sim_may_sleep_set(sim_points() % 2);
	everything_all(arg);
	sim_may_sleep_set(true);
}

static void schedule_once(const struct fixture_config *config, uint64_t seed)
{
	struct schedule_task own[SCHEDULE_TASKS];
	struct sim_task tasks[SCHEDULE_TASKS];
	struct fixture_config seeded = *config;
	unsigned int i;

	seeded.seed = seed;
	everything_begin(&w, &seeded);
	for (i = 0; i < SCHEDULE_TASKS; i++) {
		own[i].random = sim_seed() * 64 + i;
		own[i].steps = i < 2 ? 12 : 30;
		tasks[i].run = i < 2 ? schedule_change : schedule_work;
		tasks[i].arg = &own[i];
		tasks[i].cpu = i;
	}
	sim_signal_set(schedule_signal, &w);
	sim_run(tasks, SCHEDULE_TASKS);
	sim_signal_set(NULL, NULL);
	sim_quiesce();
	if (w.failed)
		print_message("SIM_SEED=%llu replays it\n",
			      (unsigned long long)sim_seed());
	everything_verify(&w);
	schedule_trace = sim_trace();
	everything_end(&w);
}

static void schedule_storm(const struct fixture_config *config, uint64_t count)
{
	const char *seeds = getenv("CPUSLAB_SCHEDULE_SEEDS");
	uint64_t seed;

	if (seeds)
		count = strtoull(seeds, NULL, 10);
	for (seed = 1; seed <= count; seed++)
		schedule_once(config, seed);
}

static void a_storm_rseq(void **state)
{
	(void)state;
	schedule_storm(&fixture_rseq, SCHEDULE_SEEDS);
}

static void a_storm_atomic(void **state)
{
	(void)state;
	schedule_storm(&fixture_atomic, SCHEDULE_SEEDS);
}

static void a_storm_that_retains(void **state)
{
	(void)state;
	schedule_storm(&fixture_retain, SCHEDULE_SEEDS);
}

static void a_storm_that_admits_early(void **state)
{
	(void)state;
	schedule_storm(&fixture_early, SCHEDULE_SEEDS);
}

static void a_storm_that_admits_early_and_retains(void **state)
{
	(void)state;
	schedule_storm(&fixture_early_retain, SCHEDULE_SEEDS);
}

static void a_storm_by_concurrency_id(void **state)
{
	(void)state;
	schedule_storm(&fixture_percid, SCHEDULE_SEEDS);
}

static void a_storm_on_few(void **state)
{
	static const struct fixture_config few = { .limit = 5, .available = 3 };

	(void)state;
	schedule_storm(&few, SCHEDULE_SEEDS);
}

static void a_storm_on_1024(void **state)
{
	static const struct fixture_config many = { .limit = 1024,
						    .available = 16 };

	(void)state;
	schedule_storm(&many, 10);
}

static void a_storm_on_8192(void **state)
{
	static const struct fixture_config most = { .limit = 8192,
						    .available = 8 };

	(void)state;
	schedule_storm(&most, 5);
}

/* The same seed gives the same schedule. */
static void a_seed_replays(void **state)
{
	uint64_t trace[2];
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		schedule_once(&fixture_rseq, 7);
		trace[i] = schedule_trace;
	}
	assert_int_equal(trace[0], trace[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_seed_replays),
		cmocka_unit_test(a_storm_rseq),
		cmocka_unit_test(a_storm_atomic),
		cmocka_unit_test(a_storm_that_retains),
		cmocka_unit_test(a_storm_that_admits_early),
		cmocka_unit_test(a_storm_that_admits_early_and_retains),
		cmocka_unit_test(a_storm_by_concurrency_id),
		cmocka_unit_test(a_storm_on_few),
#ifndef ORDER_IS_MODELLED /* these are about scale, and slow there */
		cmocka_unit_test(a_storm_on_1024),
		cmocka_unit_test(a_storm_on_8192),
#endif
	};

	return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}
