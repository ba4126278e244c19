/* SPDX-License-Identifier: MIT */
/*
 * walk.c - a walk over the affinity mask that ends at the first bit that
 * is not set.
 */
#include "../scenario.h"

enum {
	FIGURE_WALKED,
	FIGURE_ACTIVE
};

/* ---- the usual way --------------------------------------------------- */

static uint64_t usual_events[FAILURES_LIMIT];

static void usual_work(uint32_t cpu)
{
	usual_events[cpu]++;
}

static void usual_finish(struct failures_outcome *outcome)
{
	uint64_t mask;
	uint32_t cpu = 0;

	for (mask = failures_affinity(); mask & 1; mask >>= 1)
		outcome->got += usual_events[cpu++];
	outcome->figure[FIGURE_WALKED] = cpu;
	outcome->figure[FIGURE_ACTIVE] = failures_count();
}

static void usual_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(text,
		     "the walk ends at the first gap: %lu of %lu CPUs, "
		     "%lu of %lu events",
		     outcome->figure[FIGURE_WALKED],
		     outcome->figure[FIGURE_ACTIVE], outcome->got,
		     outcome->wanted);
}

/* ---- cpuslab --------------------------------------------------------- */

static struct cpuslab_counter events;

static int slab_load(void)
{
	return cpuslab_counter_init(&events, failures_slab);
}

static void slab_work(uint32_t cpu)
{
	(void)cpu;
	cpuslab_counter_add(&events, 1);
}

/* As a driver that must visit each CPU's copy itself. */
static void slab_finish(struct failures_outcome *outcome)
{
	const struct cpuslab_cpumask *set =
		cpuslab_cpumask_get(failures_domain);
	const uint64_t *word;
	uint32_t cpu;

	for (cpu = cpuslab_cpumask_next(set, 0); cpu != CPUSLAB_NO_CPU;
	     cpu = cpuslab_cpumask_next(set, cpu + 1)) {
		word = cpuslab_remote(&events.handle, cpu);
		outcome->got += word ? *word : 0;
		outcome->figure[FIGURE_WALKED]++;
	}
	cpuslab_cpumask_put(set);
	outcome->figure[FIGURE_ACTIVE] = failures_count();
	cpuslab_counter_fini(&events);
}

static void slab_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(text,
		     "cpumask: the walk visits %lu of %lu CPUs, "
		     "%lu of %lu events",
		     outcome->figure[FIGURE_WALKED],
		     outcome->figure[FIGURE_ACTIVE], outcome->got,
		     outcome->wanted);
}

static bool fails(const struct failures_outcome *outcome)
{
	return outcome->sound && outcome->figure[FIGURE_WALKED] == 4 &&
	       outcome->figure[FIGURE_ACTIVE] == 6 &&
	       outcome->got < outcome->wanted;
}

static bool right(const struct failures_outcome *outcome)
{
	return failures_none_lost(outcome) &&
	       outcome->figure[FIGURE_WALKED] == outcome->figure[FIGURE_ACTIVE];
}

static const struct failures_event script[] = {
	{ FAILURES_WORK, 100 }, { FAILURES_ADD, 6 },    { FAILURES_WORK, 100 },
	{ FAILURES_ADD, 9 },    { FAILURES_WORK, 100 }, { FAILURES_END, 0 },
};

const struct scenario scenario_walk = {
	.name = "walk",
	.source = "condition 2",
	.quote = "walks the bits of the processor affinity value",
	.script = script,
	.figures = { "walked", "active" },
	.usual = { .work = usual_work, .finish = usual_finish },
	.cpuslab = { .load = slab_load,
		     .work = slab_work,
		     .finish = slab_finish },
	.fails = fails,
	.right = right,
	.say_usual = usual_say,
	.say_cpuslab = slab_say,
};
