/* SPDX-License-Identifier: MIT */
/*
 * number.c - the number within the group, taken for an index.
 *
 * Groups of 64: CPU 64 is number 0 of group 1, and has the slot of
 * CPU 0.
 */
#include "../scenario.h"

enum {
	FIGURE_FOREIGN
};

static unsigned long foreign;

/* ---- the usual way --------------------------------------------------- */

static struct {
	uint64_t events;
	uint32_t owner; /* the first that came; for the figures only */
} usual_slots[FAILURES_LIMIT];

static void usual_work(uint32_t cpu)
{
	uint32_t number = failures_number(cpu); /* ProcNumber.Number */
	uint64_t events = usual_slots[number].events;

	if (!events)
		usual_slots[number].owner = cpu;
	if (usual_slots[number].owner != cpu)
		failures_add(&foreign);
	failures_point();
	usual_slots[number].events = events + 1;
}

static void usual_finish(struct failures_outcome *outcome)
{
	uint32_t i;

	for (i = 0; i < FAILURES_LIMIT; i++)
		outcome->got += usual_slots[i].events;
	outcome->figure[FIGURE_FOREIGN] = foreign;
}

static void usual_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(text,
		     "ProcNumber.Number as an index: %lu writes to slots of "
		     "others, %lu of %lu events",
		     outcome->figure[FIGURE_FOREIGN], outcome->got,
		     outcome->wanted);
}

/* ---- cpuslab --------------------------------------------------------- */

static struct cpuslab_counter events;
static const struct cpuslab_group groups[2] = { { 0, 64 }, { 64, 64 } };

static int slab_load(void)
{
	return cpuslab_counter_init(&events, failures_slab);
}

/* Where only group and number are known, the map says the index. */
static void slab_work(uint32_t cpu)
{
	const struct cpuslab_group_map map = { groups, 2 };

	if (cpuslab_group_to_cpu(&map, cpu / 64, failures_number(cpu)) != cpu)
		failures_add(&foreign);
	cpuslab_counter_add(&events, 1);
}

static void slab_finish(struct failures_outcome *outcome)
{
	outcome->got = cpuslab_counter_sum(&events);
	outcome->figure[FIGURE_FOREIGN] = foreign;
	cpuslab_counter_fini(&events);
}

static void slab_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(text,
		     "group, counter: %lu indexes of others, %lu of %lu "
		     "events",
		     outcome->figure[FIGURE_FOREIGN], outcome->got,
		     outcome->wanted);
}

static bool fails(const struct failures_outcome *outcome)
{
	return outcome->sound && outcome->figure[FIGURE_FOREIGN] > 0 &&
	       outcome->got < outcome->wanted;
}

static bool right(const struct failures_outcome *outcome)
{
	return failures_none_lost(outcome) && !outcome->figure[FIGURE_FOREIGN];
}

static const struct failures_event script[] = {
	{ FAILURES_WORK, 100 }, { FAILURES_ADD_AMID, 64 },
	{ FAILURES_WORK, 100 }, { FAILURES_ADD_AMID, 65 },
	{ FAILURES_WORK, 100 }, { FAILURES_END, 0 },
};

const struct scenario scenario_number = {
	.name = "number",
	.source = "context, ProcNumber",
	.quote = "specifies a group number and a group-relative processor "
		 "number",
	.script = script,
	.figures = { "foreign" },
	.at_once = true,
	.usual = { .work = usual_work, .finish = usual_finish },
	.cpuslab = { .load = slab_load,
		     .work = slab_work,
		     .finish = slab_finish },
	.fails = fails,
	.right = right,
	.say_usual = usual_say,
	.say_cpuslab = slab_say,
};
