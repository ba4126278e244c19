/* SPDX-License-Identifier: MIT */
/*
 * early.c - work for a CPU that is only about to be added.
 */
#include "../scenario.h"

enum {
	FIGURE_STUCK
};

/* Requests go to the next CPU in turn. */
static unsigned long turn, handled;

/* ---- the usual way --------------------------------------------------- */

static struct {
	bool known;
	unsigned long waiting;
} usual[FAILURES_LIMIT];

static void usual_start(uint32_t cpu)
{
	usual[cpu].known = true;
}

static void usual_failure(uint32_t cpu)
{
	usual[cpu].known = false;
}

static int usual_load(void)
{
	uint32_t cpu;

	for (cpu = 0; cpu < FAILURES_FIRST; cpu++)
		usual_start(cpu);
	return 0;
}

static void usual_work(uint32_t cpu)
{
	do {
		cpu = (uint32_t)(turn++ % FAILURES_LIMIT);
	} while (!usual[cpu].known);
	usual[cpu].waiting++;
}

/* Each CPU that runs handles what waits for it. */
static void usual_round(void)
{
	uint32_t cpu;

	for (cpu = 0; cpu < FAILURES_LIMIT; cpu++) {
		if (!failures_runs(cpu))
			continue;
		handled += usual[cpu].waiting;
		usual[cpu].waiting = 0;
	}
}

static void early_finish(struct failures_outcome *outcome)
{
	outcome->got = handled;
	outcome->figure[FIGURE_STUCK] = outcome->wanted - handled;
}

static void usual_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(text,
		     "schedules on it from Start on; the add fails, and %lu of "
		     "%lu requests wait for ever",
		     outcome->figure[FIGURE_STUCK], outcome->wanted);
}

/* ---- cpuslab --------------------------------------------------------- */

static struct cpuslab_mailbox queues;

static int slab_load(void)
{
	return cpuslab_mailbox_init(&queues, failures_domain, 64);
}

static void slab_work(uint32_t cpu)
{
	const struct cpuslab_message message = { .word = { turn } };

	do {
		cpu = (uint32_t)(turn++ % FAILURES_LIMIT);
	} while (cpuslab_mailbox_send(&queues, cpu, &message));
}

static void slab_round(void)
{
	struct cpuslab_message message;
	uint32_t cpu;

	for (cpu = 0; cpu < FAILURES_LIMIT; cpu++) {
		if (!failures_runs(cpu))
			continue;
		while (!cpuslab_mailbox_receive(&queues, cpu, &message))
			handled++;
	}
}

static void slab_finish(struct failures_outcome *outcome)
{
	early_finish(outcome);
	cpuslab_mailbox_fini(&queues);
}

static void slab_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(text,
		     "mailbox: a box opens with Complete; %lu of %lu requests "
		     "handled",
		     outcome->got, outcome->wanted);
}

static bool fails(const struct failures_outcome *outcome)
{
	return outcome->sound && outcome->figure[FIGURE_STUCK] > 0 &&
	       outcome->got < outcome->wanted;
}

static const struct failures_event script[] = {
	{ FAILURES_WORK, 20 },   { FAILURES_START, 4 }, { FAILURES_WORK, 20 },
	{ FAILURES_FAILURE, 4 }, { FAILURES_WORK, 20 }, { FAILURES_ADD, 5 },
	{ FAILURES_WORK, 20 },   { FAILURES_END, 0 },
};

const struct scenario scenario_early = {
	.name = "early",
	.source = "context, Complete",
	.quote = "At this state, a device driver ... can start scheduling "
		 "threads on the new processor",
	.script = script,
	.figures = { "stuck" },
	.usual = { .load = usual_load,
		   .start = usual_start,
		   .failure = usual_failure,
		   .work = usual_work,
		   .round = usual_round,
		   .finish = early_finish },
	.cpuslab = { .load = slab_load,
		     .work = slab_work,
		     .round = slab_round,
		     .finish = slab_finish },
	.fails = fails,
	.right = failures_none_lost,
	.say_usual = usual_say,
	.say_cpuslab = slab_say,
};
