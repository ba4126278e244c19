/* SPDX-License-Identifier: MIT */
/*
 * early.c - work for a CPU that is only about to be added.
 */
#include "../scenario.h"

static unsigned long turn; /* requests go to the next CPU in turn */
static unsigned long known;

static uint32_t early_next(void)
{
	return (uint32_t)(turn++ % SCENARIO_LIMIT);
}

/* Those that run at load; later, those that are announced. */
static bool usual_exists[SCENARIO_LIMIT] = { true, true, true, true };
static unsigned long usual_waiting[SCENARIO_LIMIT];

static void usual_start(uint32_t cpu)
{
	usual_exists[cpu] = true;
}

static void usual_failure(uint32_t cpu)
{
	usual_exists[cpu] = false;
}

static void usual_work(uint32_t cpu)
{
	do {
		cpu = early_next();
	} while (!usual_exists[cpu]);
	usual_waiting[cpu]++;
}

/* Each CPU that runs handles what waits for it. */
static void usual_round(void)
{
	uint32_t cpu;

	for (cpu = 0; cpu < SCENARIO_LIMIT; cpu++)
		if (system_runs(cpu)) {
			known += usual_waiting[cpu];
			usual_waiting[cpu] = 0;
		}
}

/* ---- cpuslab --------------------------------------------------------- */

static void slab_work(uint32_t cpu)
{
	const struct cpuslab_message message = { .word = { cpu } };

	while (cpuslab_mailbox_send(&mailbox, early_next(), &message))
		;
}

static void slab_round(void)
{
	struct cpuslab_message message;
	uint32_t cpu;

	for (cpu = 0; cpu < SCENARIO_LIMIT; cpu++)
		while (system_runs(cpu) &&
		       !cpuslab_mailbox_receive(&mailbox, cpu, &message))
			known++;
}

const struct scenario scenario_early = {
	.name = "early",
	.source = "context, Complete",
	.quote = "At this state, a device driver ... can start scheduling "
		 "threads on the new processor",
	.script = { WORK(20), START(4), WORK(20), FAILURE(4), WORK(20), ADD(5),
		    WORK(20) },
	.usual = { .start = usual_start,
		   .failure = usual_failure,
		   .work = usual_work,
		   .round = usual_round,
		   .known = &known },
	.cpuslab = { .base = &mailbox_driver,
		     .work = slab_work,
		     .round = slab_round,
		     .known = &known },
	.usual_fails = "lost > 0",
	.usual_text = "sends to it from Start on; the add fails, and {lost} "
		      "of {begun} requests wait forever",
	.cpuslab_text = "mailbox: a box opens with Complete; {known} of "
			"{begun} requests handled",
};
