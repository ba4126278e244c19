/* SPDX-License-Identifier: MIT */
/*
 * added_quietly.c - the array by the number of CPUs, in front of data that is
 * not the driver's.
 */
#include "../scenario.h"

#define FOREIGN 0x5eedu
#define WORDS 448u

static uint64_t *usual_foreign; /* [WORDS] */
static unsigned long overwritten;

static int usual_load(void)
{
	int err = array_init(system_count(), WORDS * sizeof(*usual_foreign));
	uint32_t i;

	usual_foreign = (uint64_t *)(void *)&array_slots[array_count];
	for (i = 0; !err && i < WORDS; i++)
		usual_foreign[i] = FOREIGN;
	return err;
}

static void usual_measure(void)
{
	uint32_t i;

	for (i = 0; i < WORDS; i++)
		overwritten += usual_foreign[i] != FOREIGN;
}

const struct scenario scenario_added_quietly = {
	.name = "added_quietly",
	.title = "The same, with other data behind the array.",
	.work = WORK_THREADS,
	.script = { ADD_DURING(4) },
	.figures = { FIGURE(overwritten) },
	.usual = { .load = usual_load, .measure = usual_measure },
	.usual_fails = "overwritten = 1",
	.cpuslab_right = SCENARIO_EXACT ", overwritten = 0",
	.usual_text = "OVERWROTE the data behind the array, which is not its "
		      "own",
	.cpuslab_text = SCENARIO_EXACT_TEXT,
};
