/* SPDX-License-Identifier: MIT */
/*
 * late.c - allocation when the add is complete: the CPU runs already.
 */
#include "../scenario.h"

/* ---- the usual way --------------------------------------------------- */

static uint64_t *usual_events[FAILURES_LIMIT];

static void usual_complete(uint32_t cpu)
{
	usual_events[cpu] = failures_alloc(sizeof(uint64_t));
}

static int usual_load(void)
{
	uint32_t cpu;

	for (cpu = 0; cpu < failures_count(); cpu++)
		usual_complete(cpu);
	return 0;
}

static void usual_work(uint32_t cpu)
{
	++*usual_events[cpu];
}

static void usual_finish(struct failures_outcome *outcome)
{
	uint32_t cpu;

	for (cpu = 0; cpu < FAILURES_LIMIT; cpu++) {
		outcome->got += usual_events[cpu] ? *usual_events[cpu] : 0;
		failures_free(usual_events[cpu], sizeof(uint64_t));
	}
}

static void usual_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(text,
		     "allocates in the Complete callback: %s at event "
		     "%lu, on CPU %u, which ran before it",
		     failures_end(outcome), outcome->wanted,
		     (unsigned int)outcome->cpu);
}

/* ---- cpuslab --------------------------------------------------------- */

static struct cpuslab_approx events;

static int slab_load(void)
{
	return cpuslab_approx_init(&events, failures_slab, 16);
}

static void slab_work(uint32_t cpu)
{
	(void)cpu;
	cpuslab_approx_add(&events, 1);
}

static void slab_finish(struct failures_outcome *outcome)
{
	uint64_t least, most, sum = cpuslab_approx_sum(&events);

	cpuslab_approx_bounds(&events, &least, &most);
	if (least <= sum && sum <= most)
		outcome->got = sum;
	cpuslab_approx_fini(&events);
}

static void slab_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(
		text,
		"bounded: %lu of %lu events, those before Complete as well; "
		"within its bounds",
		outcome->got, outcome->wanted);
}

static bool fails(const struct failures_outcome *outcome)
{
	return failures_segv(outcome) && outcome->cpu == 4;
}

static const struct failures_event script[] = {
	{ FAILURES_WORK, 100 },   { FAILURES_START, 4 },
	{ FAILURES_RUNS, 4 },     { FAILURES_WORK, 10 },
	{ FAILURES_COMPLETE, 4 }, { FAILURES_WORK, 100 },
	{ FAILURES_END, 0 },
};

const struct scenario scenario_late = {
	.name = "late",
	.source = "context, Start",
	.quote = "At this state, a device driver ... can allocate any "
		 "per-processor data structures",
	.script = script,
	.usual = { .load = usual_load,
		   .complete = usual_complete,
		   .work = usual_work,
		   .finish = usual_finish },
	.cpuslab = { .load = slab_load,
		     .work = slab_work,
		     .finish = slab_finish },
	.fails = fails,
	.right = failures_none_lost,
	.say_usual = usual_say,
	.say_cpuslab = slab_say,
};
