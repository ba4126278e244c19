/* SPDX-License-Identifier: MIT */
/*
 * schedule.c - a flush: a DPC on each CPU of the mask from load, and
 * it is done when as many have answered as there are CPUs.
 */
#include "../scenario.h"

enum {
	FIGURE_FLUSHES,
	FIGURE_DONE,
	FIGURE_NEWCOMERS,
	FIGURE_ACTIVE
};

static unsigned long flushes, done;
static bool ran[FAILURES_LIMIT]; /* a DPC did, ever */

static void schedule_finish(struct failures_outcome *outcome)
{
	uint32_t cpu;

	outcome->figure[FIGURE_FLUSHES] = flushes;
	outcome->figure[FIGURE_DONE] = done;
	outcome->figure[FIGURE_ACTIVE] = failures_count();
	for (cpu = FAILURES_FIRST; cpu < FAILURES_LIMIT; cpu++)
		outcome->figure[FIGURE_NEWCOMERS] += ran[cpu];
}

/* ---- the usual way --------------------------------------------------- */

static uint64_t usual_mask;

static int usual_load(void)
{
	usual_mask = failures_affinity();
	return 0;
}

static void schedule_work(uint32_t cpu)
{
	(void)cpu;
}

static void usual_flush(void)
{
	uint32_t cpu, answers = 0;

	for (cpu = 0; cpu < 64; cpu++) {
		if (!(usual_mask >> cpu & 1))
			continue;
		ran[cpu] = true;
		answers++;
	}
	flushes++;
	done += answers == failures_count();
}

static void usual_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(
		text,
		"%lu of %lu flushes wait for ever for answers; DPCs on %lu "
		"of the %lu new CPUs",
		outcome->figure[FIGURE_FLUSHES] - outcome->figure[FIGURE_DONE],
		outcome->figure[FIGURE_FLUSHES],
		outcome->figure[FIGURE_NEWCOMERS],
		outcome->figure[FIGURE_ACTIVE] - FAILURES_FIRST);
}

/* ---- cpuslab --------------------------------------------------------- */

static struct cpuslab_mailbox dpcs;

static int slab_load(void)
{
	return cpuslab_mailbox_init(&dpcs, failures_domain, 4);
}

/* The DPCs of all CPUs run; returns how many did. */
static uint32_t slab_answers(void)
{
	struct cpuslab_message message;
	uint32_t cpu, answers = 0;

	for (cpu = 0; cpu < FAILURES_LIMIT; cpu++)
		while (!cpuslab_mailbox_receive(&dpcs, cpu, &message)) {
			ran[cpu] = true;
			answers++;
		}
	return answers;
}

/* Whom to ask and how many answers to expect come from one snapshot. */
static void slab_flush(void)
{
	const struct cpuslab_message message = { .word = { 1 } };
	const struct cpuslab_cpumask *set =
		cpuslab_cpumask_get(failures_domain);
	uint32_t cpu;

	for (cpu = cpuslab_cpumask_next(set, 0); cpu != CPUSLAB_NO_CPU;
	     cpu = cpuslab_cpumask_next(set, cpu + 1))
		cpuslab_mailbox_send(&dpcs, cpu, &message);
	flushes++;
	done += slab_answers() == cpuslab_cpumask_count(set);
	cpuslab_cpumask_put(set);
}

static void slab_finish(struct failures_outcome *outcome)
{
	schedule_finish(outcome);
	cpuslab_mailbox_fini(&dpcs);
}

static void slab_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(
		text,
		"mailbox, cpumask: %lu of %lu flushes done; DPCs on %lu of "
		"the %lu new CPUs",
		outcome->figure[FIGURE_DONE], outcome->figure[FIGURE_FLUSHES],
		outcome->figure[FIGURE_NEWCOMERS],
		outcome->figure[FIGURE_ACTIVE] - FAILURES_FIRST);
}

static bool fails(const struct failures_outcome *outcome)
{
	return outcome->sound && outcome->figure[FIGURE_DONE] == 10 &&
	       outcome->figure[FIGURE_FLUSHES] == 30 &&
	       !outcome->figure[FIGURE_NEWCOMERS];
}

static bool right(const struct failures_outcome *outcome)
{
	return outcome->figure[FIGURE_DONE] ==
		       outcome->figure[FIGURE_FLUSHES] &&
	       outcome->figure[FIGURE_NEWCOMERS] ==
		       outcome->figure[FIGURE_ACTIVE] - FAILURES_FIRST;
}

static const struct failures_event script[] = {
	{ FAILURES_WORK, 10 }, { FAILURES_ADD, 4 },   { FAILURES_WORK, 10 },
	{ FAILURES_ADD, 7 },   { FAILURES_WORK, 10 }, { FAILURES_END, 0 },
};

const struct scenario scenario_schedule = {
	.name = "schedule",
	.source = "condition 6",
	.quote = "schedules its ... deferred procedure calls (DPCs), or other "
		 "threads on specific processors",
	.script = script,
	.figures = { "flushes", "done", "newcomers", "active" },
	.usual = { .load = usual_load,
		   .work = schedule_work,
		   .round = usual_flush,
		   .finish = schedule_finish },
	.cpuslab = { .load = slab_load,
		     .work = schedule_work,
		     .round = slab_flush,
		     .finish = slab_finish },
	.fails = fails,
	.right = right,
	.say_usual = usual_say,
	.say_cpuslab = slab_say,
};
