/* SPDX-License-Identifier: MIT */
/*
 * memory.c - a new CPU, and no memory for it.
 *
 * The callback could refuse it (OperationStatus), but the usual driver does not
 * look. cpuslab does refuse; nobody listens here, and the CPU comes.
 */
#include "../scenario.h"

enum {
	FIGURE_SHARED,
	FIGURE_OWN
};

/* ---- the usual way --------------------------------------------------- */

static uint64_t *usual_events[FAILURES_LIMIT];

static void usual_start(uint32_t cpu)
{
	/* A failure is not thought of: so small a piece. */
	usual_events[cpu] = failures_alloc(sizeof(uint64_t));
}

static int usual_load(void)
{
	uint32_t cpu;

	for (cpu = 0; cpu < failures_count(); cpu++)
		usual_start(cpu);
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
	outcome->figure[FIGURE_OWN] = 1;
}

static void usual_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(text,
		     "null pointer: %s at event %lu, the first on "
		     "CPU %u",
		     failures_end(outcome), outcome->wanted,
		     (unsigned int)outcome->cpu);
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

static void slab_finish(struct failures_outcome *outcome)
{
	struct cpuslab_stats stats;

	cpuslab_stats_get(failures_slab, &stats);
	outcome->got = cpuslab_counter_sum(&events);
	outcome->figure[FIGURE_SHARED] = stats.shared_ops;
	/* Once there is memory again, it has a block of its own. */
	outcome->figure[FIGURE_OWN] = stats.in_use == failures_count();
	cpuslab_counter_fini(&events);
}

static void slab_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(text,
		     "counter: %lu of %lu events, %lu of them on the shared "
		     "block until there is memory again",
		     outcome->got, outcome->wanted,
		     outcome->figure[FIGURE_SHARED]);
}

static bool fails(const struct failures_outcome *outcome)
{
	return failures_segv(outcome) && outcome->cpu == 4;
}

static bool right(const struct failures_outcome *outcome)
{
	return failures_none_lost(outcome) && outcome->figure[FIGURE_OWN];
}

static const struct failures_event script[] = {
	{ FAILURES_WORK, 100 }, { FAILURES_NO_MEMORY, 4 },
	{ FAILURES_ADD, 4 },    { FAILURES_WORK, 100 },
	{ FAILURES_MEMORY, 4 }, { FAILURES_WORK, 100 },
	{ FAILURES_END, 0 },
};

const struct scenario scenario_memory = {
	.name = "memory",
	.source = "Note",
	.quote = "would fail if the memory allocation for the data structures "
		 "for a new processor failed",
	.script = script,
	.figures = { "shared_ops", "own" },
	.usual = { .load = usual_load,
		   .start = usual_start,
		   .work = usual_work,
		   .finish = usual_finish },
	.cpuslab = { .load = slab_load,
		     .work = slab_work,
		     .finish = slab_finish },
	.fails = fails,
	.right = right,
	.say_usual = usual_say,
	.say_cpuslab = slab_say,
};
