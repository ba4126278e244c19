/* SPDX-License-Identifier: MIT */
/*
 * mode_structures.c - an array by the number of CPUs at load.
 */
#include <stdlib.h>

#include "modes.h"

/* ---- the usual way --------------------------------------------------- */

struct usual_slot {
	uint64_t events;
	uint64_t others[7];
};

static struct usual_slot *usual_slots;
static uint32_t usual_count;

static int usual_load(void)
{
	usual_count = modes_count();
	usual_slots = modes_guarded(usual_count * sizeof(*usual_slots));
	return 0;
}

static void usual_work(uint32_t cpu)
{
	usual_slots[cpu].events++;
}

static void usual_finish(struct modes_outcome *outcome)
{
	uint32_t i;

	for (i = 0; i < usual_count; i++)
		outcome->got += usual_slots[i].events;
}

static void usual_say(const struct modes_outcome *outcome, char *text)
{
	modes_say(text,
		  "out of bounds: %s in the array of 4, at event %lu, "
		  "the first on CPU %u",
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
	outcome->got = cpuslab_counter_sum(&events);
	cpuslab_counter_fini(&events);
}

static void slab_say(const struct modes_outcome *outcome, char *text)
{
	modes_say(text, "counter: %lu of %lu events", outcome->got,
		  outcome->wanted);
}

static bool fails(const struct modes_outcome *outcome)
{
	return modes_segv(outcome) && outcome->cpu == 4;
}

static const struct modes_event script[] = {
	{ MODES_WORK, 100 }, { MODES_ADD, 4 },    { MODES_WORK, 100 },
	{ MODES_ADD, 9 },    { MODES_WORK, 100 }, { MODES_END, 0 },
};

const struct modes_scenario mode_structures = {
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
	.right = modes_none_lost,
	.say_usual = usual_say,
	.say_cpuslab = slab_say,
};
