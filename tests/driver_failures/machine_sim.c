/* SPDX-License-Identifier: MIT */
/*
 * machine_sim.c - simulated CPUs: each script is one schedule, and its
 * figures are the same each time.
 */
#include <cpuslab/sim.h>

#include "machine.h"

#define MACHINE_SEED 1u

const size_t machine_models = FAILURES_MODELS;
const unsigned int machine_patience = 60;
const bool machine_goes_slowly = false;

int machine_init(enum failures_model model)
{
	static const struct sim_odds odds = { .interleave = 400 };
	const struct sim_config config = {
		.limit = FAILURES_LIMIT,
		.seed = MACHINE_SEED,
		.mode = model == FAILURES_ATOMIC ? SIM_ATOMIC : SIM_RSEQ,
		.directory = model == FAILURES_DIRECTORY,
		.quiet = true,
		.odds = &odds,
	};
	const uint32_t *first = failures_now.scenario->first;
	uint32_t i;
	int err = sim_init(&config);

	for (i = 0; !err && i < FAILURES_FIRST; i++)
		sim_cpu_set_available(first ? first[i] : i, true);
	return err;
}

int machine_follow(void)
{
	return 0;
}

void machine_unfollow(void)
{
}

bool machine_fini(void)
{
	return !sim_fini();
}

int machine_run(int (*play)(void))
{
	return play();
}

void machine_running(uint64_t running[MACHINE_WORDS])
{
	uint32_t cpu;

	for (cpu = 0; cpu < FAILURES_LIMIT; cpu++) {
		if (!(cpu % 64))
			running[cpu / 64] = 0;
		running[cpu / 64] |= (uint64_t)sim_cpu_is_available(cpu)
				     << cpu % 64;
	}
}

void machine_go(uint32_t cpu)
{
	sim_cpu_set(cpu);
}

void failures_point(void)
{
	cpuslab_port_preempt_point();
}

/* ---- at once --------------------------------------------------------- */

static uint32_t machine_units; /* of each task */

static void machine_task(void *arg)
{
	uint32_t i;

	(void)arg;
	for (i = 0; i < machine_units; i++)
		failures_unit(sim_cpu());
}

static void machine_adder(void *arg)
{
	machine_start(*(uint32_t *)arg);
	machine_complete(*(uint32_t *)arg);
}

void machine_at_once(uint32_t units, uint32_t cpu)
{
	struct sim_task tasks[FAILURES_LIMIT + 1];
	uint32_t i, count = 0;

	machine_units = units;
	for (i = 0; i < FAILURES_LIMIT; i++)
		if (sim_cpu_is_available(i))
			tasks[count++] = (struct sim_task){
				.run = machine_task,
				.cpu = i,
			};
	if (cpu != CPUSLAB_NO_CPU)
		tasks[count++] = (struct sim_task){
			.run = machine_adder,
			.arg = &cpu,
		};
	sim_run(tasks, count);
}

/* ---- events ---------------------------------------------------------- */

static void machine_tell(void (*callback)(uint32_t cpu),
			 int (*domain)(struct cpuslab_domain *, uint32_t),
			 uint32_t cpu)
{
	/* A refusal stops nobody here: the CPU comes all the same. */
	if (failures_now.cpuslab)
		domain(failures_domain, cpu);
	if (callback)
		callback(cpu);
}

void machine_start(uint32_t cpu)
{
	machine_tell(failures_now.way->start, cpuslab_domain_add_start, cpu);
}

void machine_runs(uint32_t cpu)
{
	sim_cpu_set_available(cpu, true);
}

void machine_complete(uint32_t cpu)
{
	machine_runs(cpu);
	machine_tell(failures_now.way->complete, cpuslab_domain_add_complete,
		     cpu);
}

void machine_failure(uint32_t cpu)
{
	sim_cpu_set_available(cpu, false);
	machine_tell(failures_now.way->failure, cpuslab_domain_add_failure,
		     cpu);
}

void machine_memory(uint32_t cpu, bool is_there)
{
	sim_fail_commit_cpu(cpu, !is_there);
}

void machine_quiesce(void)
{
	sim_quiesce();
}
