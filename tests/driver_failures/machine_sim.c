/* SPDX-License-Identifier: MIT */
/*
 * machine_sim.c - simulated CPUs: each script is one schedule, and its
 * figures are the same each time.
 */
#include <cpuslab/sim.h>

#include "machine.h"

#define MACHINE_SEED 1u
#define MACHINE_TURN 20u /* points between two changes */
/* With fewer CPU numbers threads move more often to one that was added. */
#define MACHINE_THREADS_LIMIT 64u

const size_t machine_models = 2;
const unsigned int machine_patience = 60;
const bool machine_goes_slowly = false;
const bool machine_moves_threads = true;

int machine_init(enum model model)
{
	static const struct sim_odds bound = { .interleave = 400 };
	const struct scenario *scenario = playing.scenario;
	const bool threads = scenario->work == WORK_THREADS;
	const struct sim_config config = {
		.limit = threads ? MACHINE_THREADS_LIMIT : SCENARIO_LIMIT,
		.seed = MACHINE_SEED,
		.mode = model == MODEL_ATOMIC ? SIM_ATOMIC : SIM_RSEQ,
		.quiet = true,
		.odds = threads ? NULL : &bound,
	};
	uint32_t i;
	int err = sim_init(&config);

	for (i = 0; !err && i < SCENARIO_FIRST; i++)
		sim_cpu_set_available(scenario_first(scenario, i), true);
	return err;
}

int machine_follow(void)
{
	return CPUSLAB_OK;
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

	for (cpu = 0; cpu < SCENARIO_LIMIT; cpu++) {
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

void system_point(void)
{
	cpuslab_port_preempt_point();
}

/* ---- events ---------------------------------------------------------- */

static void machine_notify(void (*callback)(uint32_t cpu),
			   int (*domain)(struct cpuslab_domain *, uint32_t),
			   uint32_t cpu)
{
	/* A refusal is ignored here: the CPU comes all the same. */
	if (playing.cpuslab)
		domain(driver_domain, cpu);
	if (callback)
		callback(cpu);
}

void machine_start(uint32_t cpu)
{
	machine_notify(playing.driver.start, cpuslab_domain_add_start, cpu);
}

void machine_runs(uint32_t cpu)
{
	sim_cpu_set_available(cpu, true);
}

void machine_complete(uint32_t cpu)
{
	machine_runs(cpu);
	machine_notify(playing.driver.complete, cpuslab_domain_add_complete,
		       cpu);
}

void machine_failure(uint32_t cpu)
{
	sim_cpu_set_available(cpu, false);
	machine_notify(playing.driver.failure, cpuslab_domain_add_failure, cpu);
}

static void machine_remove(uint32_t cpu)
{
	sim_cpu_set_available(cpu, false);
	machine_notify(playing.driver.remove, cpuslab_domain_remove, cpu);
}

void machine_memory(uint32_t cpu, bool available)
{
	sim_fail_block_cpu(cpu, !available);
}

void machine_quiesce(void)
{
	sim_quiesce();
}

/* ---- at once --------------------------------------------------------- */

static uint32_t machine_units;   /* of each task */
static uint32_t machine_working; /* tasks that have not done theirs */
static const struct event *machine_change;

/* As a system does it: no thread stays on a CPU that does not run. */
static void machine_reschedule(void)
{
	uint32_t i, cpu;

	if (sim_cpu_is_available(sim_cpu()))
		return;
	for (i = 0; i < SCENARIO_FIRST; i++) {
		cpu = scenario_first(playing.scenario, i);
		if (sim_cpu_is_available(cpu))
			sim_cpu_set(cpu);
	}
}

static void machine_task(void *arg)
{
	uint32_t i;

	(void)arg;
	for (i = 0; i < machine_units; i++) {
		machine_reschedule();
		system_unit(sim_cpu());
	}
	machine_working--;
}

static void machine_reader(void *arg)
{
	struct outcome *outcome = playing.outcome;
	unsigned long last = 0, sum;

	(void)arg;
	while (machine_working) {
		system_point();
		sum = (unsigned long)playing.driver.sum();
		outcome->sums++;
		outcome->backwards += sum < last;
		last = sum;
	}
}

static void machine_wait(uint32_t points)
{
	while (points--)
		system_point();
}

/*
 * Each CPU but the first leaves and returns, one after the other. It runs
 * before it is announced, as a program on Linux sees it.
 */
static void machine_turns(void)
{
	uint32_t i, cpu;

	for (i = 0; machine_working; i++) {
		cpu = scenario_first(playing.scenario, 1 + i % 3);
		machine_remove(cpu);
		machine_wait(MACHINE_TURN);
		machine_runs(cpu);
		machine_start(cpu);
		machine_complete(cpu);
		machine_wait(MACHINE_TURN);
	}
}

static void machine_changer(void *arg)
{
	(void)arg;
	if (playing.scenario->work == WORK_THREADS)
		while (playing.outcome->done < SCENARIO_THREAD_UNITS)
			system_point();
	if (machine_change->kind == EVENT_TURNS) {
		machine_turns();
	} else {
		machine_start(machine_change->number);
		machine_complete(machine_change->number);
	}
}

void machine_at_once(uint32_t units, const struct event *change)
{
	struct sim_task tasks[SCENARIO_LIMIT + 2];
	uint32_t cpu, count = 0;

	machine_units = units;
	for (cpu = 0; cpu < SCENARIO_LIMIT; cpu++)
		if (sim_cpu_is_available(cpu))
			tasks[count++] = (struct sim_task){
				.run = machine_task,
				.cpu = cpu,
			};
	machine_working = count;
	if (playing.scenario->work == WORK_THREADS)
		tasks[count++] = (struct sim_task){ .run = machine_reader };
	machine_change = change;
	if (change)
		tasks[count++] =
			(struct sim_task){ .run = machine_changer, .cpu = 1 };
	sim_run(tasks, count);
}
