/* SPDX-License-Identifier: MIT */
/*
 * update.c - a count and a mask that are saved, and both updated when the
 * notification comes; but one after the other, while others read them.
 */
#include "../scenario.h"

enum {
	FIGURE_TORN
};

/* ---- the usual way --------------------------------------------------- */

static struct {
	uint32_t count;
	uint64_t mask;
} saved;

static unsigned long torn;

static void usual_complete(uint32_t cpu)
{
	(void)cpu;
	saved.count = failures_count();
	failures_point();
	saved.mask = failures_affinity();
}

static int usual_load(void)
{
	usual_complete(0);
	return 0;
}

/* Picks the last CPU. */
static void usual_work(uint32_t cpu)
{
	uint32_t count = saved.count, last;

	(void)cpu;
	failures_point();
	last = failures_nth(saved.mask, count - 1);
	if (last == CPUSLAB_NO_CPU ||
	    failures_nth(saved.mask, count) != CPUSLAB_NO_CPU)
		failures_add(&torn);
}

static void update_finish(struct failures_outcome *outcome)
{
	outcome->figure[FIGURE_TORN] = torn;
	outcome->got = outcome->wanted - torn;
}

static void usual_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(
		text,
		"%lu of %lu readers got a count and a mask that do not fit",
		outcome->figure[FIGURE_TORN], outcome->wanted);
}

/* ---- cpuslab --------------------------------------------------------- */

static void slab_work(uint32_t cpu)
{
	const struct cpuslab_cpumask *set =
		cpuslab_cpumask_get(failures_domain);
	uint32_t count = cpuslab_cpumask_count(set);

	for (cpu = cpuslab_cpumask_next(set, 0); cpu != CPUSLAB_NO_CPU;
	     cpu = cpuslab_cpumask_next(set, cpu + 1)) {
		failures_point();
		count--;
	}
	if (count)
		failures_add(&torn);
	cpuslab_cpumask_put(set);
}

static void slab_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(text,
		     "cpumask: %lu of %lu; count and bits are of one moment",
		     outcome->figure[FIGURE_TORN], outcome->wanted);
}

static bool fails(const struct failures_outcome *outcome)
{
	return outcome->sound && outcome->figure[FIGURE_TORN] > 0;
}

static const struct failures_event script[] = {
	{ FAILURES_WORK, 20 },     { FAILURES_ADD_AMID, 4 },
	{ FAILURES_ADD_AMID, 5 },  { FAILURES_ADD_AMID, 8 },
	{ FAILURES_ADD_AMID, 9 },  { FAILURES_ADD_AMID, 12 },
	{ FAILURES_ADD_AMID, 20 }, { FAILURES_ADD_AMID, 33 },
	{ FAILURES_END, 0 },
};

const struct scenario scenario_update = {
	.name = "update",
	.source = "Important 1",
	.quote = "always update any saved value of the number of active "
		 "processors and the processor affinity",
	.script = script,
	.figures = { "torn" },
	.at_once = true,
	.usual = { .load = usual_load,
		   .complete = usual_complete,
		   .work = usual_work,
		   .finish = update_finish },
	.cpuslab = { .work = slab_work, .finish = update_finish },
	.fails = fails,
	.right = failures_none_lost,
	.say_usual = usual_say,
	.say_cpuslab = slab_say,
};
