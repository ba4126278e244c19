/* SPDX-License-Identifier: MIT */
/*
 * structures.c - an array by the number of CPUs at load.
 */
#include <stdlib.h>

#include "../scenario.h"

/* ---- the usual way --------------------------------------------------- */

struct usual_slot {
	uint64_t events;
	uint64_t others[7];
};

static struct usual_slot *usual_slots;
static uint32_t usual_count;

static int usual_load(void)
{
	usual_count = failures_count();
	usual_slots = failures_guarded(usual_count * sizeof(*usual_slots));
	return 0;
}

static void usual_work(uint32_t cpu)
{
	usual_slots[cpu].events++;
}

static void usual_finish(struct failures_outcome *outcome)
{
	uint32_t i;

	for (i = 0; i < usual_count; i++)
		outcome->got += usual_slots[i].events;
}

static void usual_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(text,
		     "out of bounds: %s in the array of 4, at event %lu, "
		     "the first on CPU %u",
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
	outcome->got = cpuslab_counter_sum(&events);
	cpuslab_counter_fini(&events);
}

static void slab_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(text, "counter: %lu of %lu events", outcome->got,
		     outcome->wanted);
}

static bool fails(const struct failures_outcome *outcome)
{
	return failures_segv(outcome) && outcome->cpu == 4;
}

static const struct failures_event script[] = {
	{ FAILURES_WORK, 100 }, { FAILURES_ADD, 4 },    { FAILURES_WORK, 100 },
	{ FAILURES_ADD, 9 },    { FAILURES_WORK, 100 }, { FAILURES_END, 0 },
};

const struct scenario scenario_structures = {
	.name = "structures",
	.source = "condition 4",
	.quote = "allocates data structures for each active processor",
	.script = script,
	.usual = { .load = usual_load,
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
