/* SPDX-License-Identifier: MIT */
/*
 * schedule.c - a flush queues a DPC to each CPU of the mask from load, and is
 * finished when as many have run as there are CPUs.
 */
#include "../scenario.h"

static unsigned long flushes, finished, added, reached;
static bool ran[SCENARIO_LIMIT]; /* a DPC, at least once */

static void schedule_measure(void)
{
	uint32_t cpu;

	added = system_count() - SCENARIO_FIRST;
	for (cpu = SCENARIO_FIRST; cpu < SCENARIO_LIMIT; cpu++)
		reached += ran[cpu];
}

static uint64_t usual_mask;

static int usual_load(void)
{
	usual_mask = system_affinity();
	return CPUSLAB_OK;
}

static void usual_flush(void)
{
	uint32_t cpu, answers = 0;

	while ((cpu = scenario_nth(usual_mask, answers)) != CPUSLAB_NO_CPU) {
		ran[cpu] = true;
		answers++;
	}
	flushes++;
	finished += answers == system_count();
}

/* The DPCs of all CPUs run; returns how many did. */
static uint32_t slab_answers(void)
{
	struct cpuslab_message message;
	uint32_t cpu, answers = 0;

	for (cpu = 0; cpu < SCENARIO_LIMIT; cpu++)
		while (!cpuslab_mailbox_receive(&mailbox, cpu, &message)) {
			ran[cpu] = true;
			answers++;
		}
	return answers;
}

/* Targets and the number of expected answers come from one snapshot. */
static void slab_flush(void)
{
	const struct cpuslab_message message = { .word = { 1 } };
	const struct cpuslab_cpumask *mask = cpuslab_cpumask_get(driver_domain);
	uint32_t cpu, sent = 0;

	for (cpu = cpuslab_cpumask_next(mask, 0); cpu != CPUSLAB_NO_CPU;
	     cpu = cpuslab_cpumask_next(mask, cpu + 1))
		sent += !cpuslab_mailbox_send(&mailbox, cpu, &message);
	flushes++;
	finished += sent == cpuslab_cpumask_count(mask) &&
		    slab_answers() == sent;
	cpuslab_cpumask_put(mask);
}

const struct scenario scenario_schedule = {
	.name = "schedule",
	.source = "condition 6",
	.quote = "schedules its ... deferred procedure calls (DPCs), or other "
		 "threads on specific processors",
	.script = { WORK(10), ADD(4), WORK(10), ADD(7), WORK(10) },
	.figures = { FIGURE(flushes), FIGURE(finished), FIGURE(added),
		     FIGURE(reached) },
	.usual = { .load = usual_load,
		   .work = driver_idle,
		   .round = usual_flush,
		   .measure = schedule_measure },
	.cpuslab = { .base = &mailbox_driver,
		     .work = driver_idle,
		     .round = slab_flush,
		     .measure = schedule_measure },
	.usual_fails = "finished = 10, flushes = 30, reached = 0",
	.cpuslab_right = "finished = flushes, reached = added",
	.usual_text = "{finished} of {flushes} flushes finish, the others wait "
		      "forever; DPCs ran on {reached} of the {added} new CPUs",
	.cpuslab_text = "mailbox, cpumask: {finished} of {flushes} flushes "
			"finish; DPCs ran on {reached} of the {added} new CPUs",
};
