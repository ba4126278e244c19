/* SPDX-License-Identifier: MIT */
/*
 * sim_storm.c - storms, one for each seed, until the time has passed or
 * something is wrong. Odd seeds use atomic mode, even ones rseq mode.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <time.h>

#include "sim_storm.h"

#define STORM_ADDERS 8u
#define STORM_OPERATORS 3u
#define STORM_TASKS (STORM_ADDERS + STORM_OPERATORS + 2)
#define STORM_LEAST 2u /* storms: one in each mode */

struct storm storm_now;

static const struct sim_odds storm_odds = {
	.interleave = 120,
	.preempt = 60,
	.move = 500,
	.stray = 40,
	.signal = 10,
};

/* Numbers anywhere below the limit, each once; half of them run at first. */
static void storm_init_cpus(void)
{
	bool taken[STORM_LIMIT] = { false };
	uint32_t i, cpu;

	for (i = 0; i < STORM_CPUS; i++) {
		do
			cpu = storm_random(STORM_LIMIT);
		while (taken[cpu]);
		taken[cpu] = true;
		storm_now.cpus[i] = cpu;
		sim_cpu_set_available(cpu, i % 2 == 0);
	}
}

static int storm_init_sim(uint64_t seed)
{
	const struct sim_config config = {
		.limit = STORM_LIMIT,
		.seed = seed,
		.mode = seed & 1 ? SIM_ATOMIC : SIM_RSEQ,
		.odds = &storm_odds,
		.quiet = true,
	};
	struct storm_counts counts = storm_now.counts;
	int err = sim_init(&config);

	if (err)
		return err;
	memset(&storm_now, 0, sizeof(storm_now));
	storm_now.counts = counts;
	storm_now.random = seed;
	storm_init_cpus();
	sim_cpu_set(storm_now.cpus[0]);
	return CPUSLAB_OK;
}

static int storm_init_slab(void)
{
	const struct cpuslab_slab_config config = {
		.size = sizeof(config),
		.name = "storm",
		.block_bytes = cpuslab_port_page_size(),
	};
	int err = cpuslab_domain_create(&storm_now.domain, NULL);

	storm_now.witness.ops = &storm_witness_ops;
	storm_now.witness.name = "witness";
	storm_now.witness.order = CPUSLAB_CLIENT_ORDER_SLAB - 1;
	storm_now.refuser.ops = &storm_refuser_ops;
	storm_now.refuser.name = "refuser";
	storm_now.calm = true;
	/* The slab is between them: it starts before the refusal. */
	if (!err)
		err = cpuslab_client_init(&storm_now.witness, storm_now.domain);
	if (!err)
		err = cpuslab_slab_create(&storm_now.slab, storm_now.domain,
					  &config);
	if (!err)
		err = cpuslab_client_init(&storm_now.refuser, storm_now.domain);
	storm_now.calm = false;
	return err;
}

static int storm_init_objects(void)
{
	uint32_t i;
	int err = cpuslab_counter_init(&storm_now.events, storm_now.slab);

	if (!err)
		err = cpuslab_gauge_init(&storm_now.gauge, storm_now.slab);
	if (!err)
		err = cpuslab_stack_init(&storm_now.stack, storm_now.slab);
	for (i = 0; !err && i < STORM_NODES; i++) {
		sim_cpu_set(storm_now.cpus[i % STORM_CPUS]);
		err = cpuslab_stack_push(&storm_now.stack,
					 &storm_now.nodes[i].node);
	}
	return err;
}

static void storm_rage(void)
{
	struct sim_task tasks[STORM_TASKS];
	uint32_t i;

	for (i = 0; i < STORM_TASKS; i++) {
		tasks[i].run = i < STORM_ADDERS ? storm_adder : storm_operator;
		tasks[i].arg = NULL;
		tasks[i].cpu = storm_now.cpus[i];
	}
	tasks[STORM_TASKS - 1].run = storm_reader;
	tasks[STORM_TASKS - 2].run = storm_grower;
	storm_now.adding = STORM_ADDERS;
	sim_signal_set(storm_signal, NULL);
	storm_now.counts.points += sim_run(tasks, STORM_TASKS);
}

/* Nothing fails from here on; the domain learns which CPUs run. */
static void storm_calm(void)
{
	uint32_t i;

	sim_fail_alloc_at(0);
	for (i = 0; i < STORM_CPUS; i++)
		sim_fail_block_cpu(storm_now.cpus[i], false);
	storm_now.calm = true;
	sim_cpu_set(CPUSLAB_NO_CPU);
	sim_quiesce();
	storm_expect(!cpuslab_domain_resync(storm_now.domain),
		     "the domain could not be resynced");
	sim_quiesce();
}

static void storm_check_set(void)
{
	const struct cpuslab_cpumask *set =
		cpuslab_cpumask_get(storm_now.domain);
	uint32_t cpu;

	for (cpu = 0; cpu < STORM_LIMIT; cpu++) {
		bool has = cpuslab_cpumask_has(set, cpu);

		storm_expect(has == sim_cpu_is_available(cpu),
			     "the domain's CPUs are not the system's");
		storm_expect(has == (storm_now.shown[cpu] == 2),
			     "the client's CPUs are not the domain's");
	}
	cpuslab_cpumask_put(set);
}

static void storm_check_sums(void)
{
	storm_expect(cpuslab_counter_sum(&storm_now.events) == storm_now.done,
		     "a total is not exact");
	storm_expect(!cpuslab_gauge_sum(&storm_now.gauge),
		     "a gauge did not return to 0");
}

static void storm_take_stats(void)
{
	struct storm_counts *counts = &storm_now.counts;
	struct cpuslab_stats stats;

	cpuslab_stats_get(storm_now.slab, &stats);
	counts->admissions += stats.admissions;
	counts->releases += stats.releases;
	counts->shared_ops += stats.shared_ops;
	counts->aborts += sim_aborts();
	if (stats.extents > counts->extents)
		counts->extents = stats.extents;
	if (stats.committed_bytes > counts->committed) {
		counts->committed = stats.committed_bytes;
		counts->array = stats.committed_bytes / (stats.in_use + 1) *
				(stats.limit + 1);
	}
}

/* All CPUs leave; then all their nodes are in the shared block. */
static void storm_empty(void)
{
	struct cpuslab_node *node;
	uint32_t i, nodes = 0;

	for (i = 0; i < STORM_CPUS; i++)
		storm_expect(!cpuslab_domain_remove(storm_now.domain,
						    storm_now.cpus[i]),
			     "a CPU could not be removed");
	sim_quiesce();
	storm_expect(!cpuslab_domain_trim(storm_now.domain,
					  CPUSLAB_TRIM_QUIESCENT),
		     "blocks could not be released");
	sim_quiesce();
	while (nodes <= STORM_NODES &&
	       !cpuslab_stack_pop(&storm_now.stack, &node))
		nodes++;
	storm_expect(nodes == STORM_NODES, "nodes were lost or duplicated");
}

static void storm_check(void)
{
	storm_expect(cpuslab_slab_check(storm_now.slab) == CPUSLAB_OK &&
			     cpuslab_domain_check(storm_now.domain) ==
				     CPUSLAB_OK,
		     "an invariant does not hold");
	storm_check_sums();
}

static void storm_fini(void)
{
	cpuslab_stack_fini(&storm_now.stack);
	cpuslab_gauge_fini(&storm_now.gauge);
	cpuslab_counter_fini(&storm_now.events);
	cpuslab_client_fini(&storm_now.refuser);
	cpuslab_slab_destroy(storm_now.slab);
	cpuslab_client_fini(&storm_now.witness);
	cpuslab_domain_destroy(storm_now.domain);
	storm_expect(!sim_fini(), "something was left behind");
}

/* NULL, or what was wrong. */
static const char *storm_run(uint64_t seed)
{
	if (storm_init_sim(seed) || storm_init_slab() || storm_init_objects())
		return "the storm could not begin";
	storm_rage();
	storm_check();
	storm_calm();
	storm_check_set();
	storm_grower(NULL);
	storm_take_stats();
	storm_check();
	storm_empty();
	storm_check();
	storm_fini();
	storm_now.counts.runs++;
	return storm_now.wrong;
}

static void storm_tell(const struct storm_counts *c)
{
	const struct {
		const char *key;
		uint64_t value;
	} lines[] = {
		{ "runs", c->runs },
		{ "limit", STORM_LIMIT },
		{ "there", STORM_CPUS },
		{ "adds", c->adds },
		{ "signals", c->signals },
		{ "calls", c->calls },
		{ "refused", c->refused },
		{ "no_memory", c->no_memory },
		{ "beyond", c->beyond },
		{ "sums", c->sums },
		{ "admissions", c->admissions },
		{ "releases", c->releases },
		{ "shared_ops", c->shared_ops },
		{ "extents", c->extents },
		{ "aborts", c->aborts },
		{ "points", c->points },
		{ "array_bytes", c->array },
		{ "committed_bytes", c->committed },
	};
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		sim_tell(lines[i].key, "%llu",
			 (unsigned long long)lines[i].value);
}

static double storm_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int sim_storms(double seconds, uint64_t seed)
{
	double start = storm_clock();
	const char *wrong = NULL;
	uint32_t i;

	for (i = 0;
	     !wrong && (i < STORM_LEAST || storm_clock() - start < seconds);
	     i++) {
		sim_tell("seed", "%llu", (unsigned long long)seed + i);
		wrong = storm_run(seed + i);
		sim_tell("tick", "%u", i);
	}
	storm_tell(&storm_now.counts);
	if (wrong)
		sim_tell("wrong", "%s", wrong);
	return 0;
}
