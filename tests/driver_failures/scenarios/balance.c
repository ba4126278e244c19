/* SPDX-License-Identifier: MIT */
/*
 * balance.c - requests go to CPU hash % count.
 *
 * The usual driver takes care: it keeps its count up to date. It still takes
 * CPU numbers for dense, and moves flows that had no reason to move.
 */
#include "../scenario.h"

#define FLOWS 1000u

static uint32_t served_by[FLOWS]; /* the CPU + 1; 0: none yet */
static bool served[SCENARIO_LIMIT];
static unsigned long requests, missing, moved, idle;

/*
 * Flow @flow goes to @cpu. It moves for no reason if its CPU, which still
 * runs, gives it to one that already ran at first.
 */
static void balance_serve(uint32_t flow, uint32_t cpu)
{
	bool runs = system_runs(cpu);

	requests++;
	missing += !runs;
	if (runs)
		served[cpu] = true;
	if (served_by[flow] && served_by[flow] != cpu + 1)
		moved += cpu < SCENARIO_FIRST;
	served_by[flow] = cpu + 1;
}

static void balance_measure(void)
{
	uint32_t cpu;

	for (cpu = 0; cpu < SCENARIO_LIMIT; cpu++)
		idle += system_runs(cpu) && !served[cpu];
}

static void usual_complete(uint32_t cpu)
{
	(void)cpu;
	array_count = system_count();
}

static void usual_round(void)
{
	uint32_t flow;

	for (flow = 0; flow < FLOWS; flow++)
		balance_serve(flow, (uint32_t)(cpuslab_steering_hash(flow) %
					       array_count));
}

static void slab_round(void)
{
	uint32_t flow;

	cpuslab_read_enter();
	for (flow = 0; flow < FLOWS; flow++)
		balance_serve(flow, cpuslab_steering_lookup(
					    &steering,
					    cpuslab_steering_hash(flow), NULL));
	cpuslab_read_exit();
}

const struct scenario scenario_balance = {
	.name = "balance",
	.source = "condition 8",
	.quote = "uses a load balancing algorithm to distribute the processing "
		 "of I/O requests across multiple processors",
	.script = { WORK(1), ADD(6), WORK(1), ADD(9), WORK(1) },
	.figures = { FIGURE(requests), FIGURE(missing), FIGURE(moved),
		     FIGURE(idle) },
	.usual = { .complete = usual_complete,
		   .work = driver_idle,
		   .round = usual_round,
		   .measure = balance_measure },
	.cpuslab = { .base = &steering_driver,
		     .work = driver_idle,
		     .round = slab_round,
		     .measure = balance_measure },
	.usual_fails = "missing > 0, moved > 250, idle = 2",
	.cpuslab_right = "missing = 0, moved = 0, idle = 0",
	.usual_text = "{missing} of {requests} requests go to CPUs that do not "
		      "exist, {moved} flows move between old CPUs, {idle} new "
		      "CPUs are idle",
	.cpuslab_text =
		"steering: {missing} of {requests} requests are lost, {moved} "
		"flows move between old CPUs, {idle} new CPUs are idle",
};
