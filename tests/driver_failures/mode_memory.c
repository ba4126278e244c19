/* SPDX-License-Identifier: MIT */
/*
 * mode_memory.c - a new CPU, and no memory for it.
 *
 * The callback could refuse it (OperationStatus), but the usual driver does not
 * look. cpuslab does refuse; nobody listens here, and the CPU comes.
 */
#include "modes.h"

enum {
	FIGURE_SHARED,
	FIGURE_OWN
};

/* ---- the usual way --------------------------------------------------- */

static uint64_t *usual_events[MODES_LIMIT];

static void usual_start(uint32_t cpu)
{
	/* A failure is not thought of: so small a piece. */
	usual_events[cpu] = modes_alloc(sizeof(uint64_t));
}

static int usual_load(void)
{
	uint32_t cpu;

	for (cpu = 0; cpu < modes_count(); cpu++)
		usual_start(cpu);
	return 0;
}

static void usual_work(uint32_t cpu)
{
	++*usual_events[cpu];
}

static void usual_finish(struct modes_outcome *outcome)
{
	uint32_t cpu;

	for (cpu = 0; cpu < MODES_LIMIT; cpu++) {
		outcome->got += usual_events[cpu] ? *usual_events[cpu] : 0;
		modes_free(usual_events[cpu], sizeof(uint64_t));
	}
	outcome->figure[FIGURE_OWN] = 1;
}

static void usual_say(const struct modes_outcome *outcome, char *text)
{
	modes_say(text,
		  "null pointer: %s at event %lu, the first on "
		  "CPU %u",
		  modes_end(outcome), outcome->wanted,
		  (unsigned int)outcome->cpu);
}

/* ---- cpuslab --------------------------------------------------------- */

static struct cpuslab_counter events;

static int slab_load(void)
{
	return cpuslab_counter_init(&events, modes_slab);
}

static void slab_work(uint32_t cpu)
{
	(void)cpu;
	cpuslab_counter_add(&events, 1);
}

static void slab_finish(struct modes_outcome *outcome)
{
	struct cpuslab_stats stats;

	cpuslab_stats_get(modes_slab, &stats);
	outcome->got = cpuslab_counter_sum(&events);
	outcome->figure[FIGURE_SHARED] = stats.shared_ops;
	/* Once there is memory again, it has a block of its own. */
	outcome->figure[FIGURE_OWN] = stats.in_use == modes_count();
	cpuslab_counter_fini(&events);
}

static void slab_say(const struct modes_outcome *outcome, char *text)
{
	modes_say(text,
		  "counter: %lu of %lu events, %lu of them on the shared "
		  "block until there is memory again",
		  outcome->got, outcome->wanted,
		  outcome->figure[FIGURE_SHARED]);
}

static bool fails(const struct modes_outcome *outcome)
{
	return modes_segv(outcome) && outcome->cpu == 4;
}

static bool right(const struct modes_outcome *outcome)
{
	return modes_none_lost(outcome) && outcome->figure[FIGURE_OWN];
}

static const struct modes_event script[] = {
	{ MODES_WORK, 100 }, { MODES_NO_MEMORY, 4 }, { MODES_ADD, 4 },
	{ MODES_WORK, 100 }, { MODES_MEMORY, 4 },    { MODES_WORK, 100 },
	{ MODES_END, 0 },
};

const struct modes_scenario mode_memory = {
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
