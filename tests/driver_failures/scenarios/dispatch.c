/* SPDX-License-Identifier: MIT */
/*
 * dispatch.c - a dispatch routine on the slot of its CPU, whose
 * number is brought into range by a count from load.
 *
 * A slot needs no lock as long as one CPU has it. Here two share one.
 */
#include "../scenario.h"

enum {
	FIGURE_SHARED
};

#define SIZES 8u

/* ---- the usual way --------------------------------------------------- */

static struct usual_slot {
	uint64_t requests;
	uint32_t owner; /* the first that came; for the figures only */
	bool shared;
} usual_slots[FAILURES_FIRST];

static uint32_t usual_count;

static int usual_load(void)
{
	usual_count = failures_count();
	return usual_count > FAILURES_FIRST;
}

static void usual_work(uint32_t cpu)
{
	struct usual_slot *slot = &usual_slots[cpu % usual_count];
	uint64_t requests = slot->requests;

	if (!requests)
		slot->owner = cpu;
	slot->shared |= slot->owner != cpu;
	failures_point();
	slot->requests = requests + 1;
}

static void usual_finish(struct failures_outcome *outcome)
{
	uint32_t i;

	for (i = 0; i < usual_count; i++) {
		outcome->got += usual_slots[i].requests;
		outcome->figure[FIGURE_SHARED] += usual_slots[i].shared;
	}
}

static void usual_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(text,
		     "CPU %% count: %lu slots have two owners, %lu of %lu "
		     "requests are counted",
		     outcome->figure[FIGURE_SHARED], outcome->got,
		     outcome->wanted);
}

/* ---- cpuslab --------------------------------------------------------- */

static struct cpuslab_histogram sizes;

static int slab_load(void)
{
	return cpuslab_histogram_init(&sizes, failures_slab, 2, 8);
}

static void slab_work(uint32_t cpu)
{
	cpuslab_histogram_record(&sizes, cpu % SIZES);
}

static void slab_finish(struct failures_outcome *outcome)
{
	static uint64_t counts[1024];

	if (sizes.buckets <= sizeof(counts) / sizeof(counts[0]))
		outcome->got = cpuslab_histogram_read(&sizes, counts);
	cpuslab_histogram_fini(&sizes);
}

static void slab_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(text, "histogram: %lu of %lu requests are counted",
		     outcome->got, outcome->wanted);
}

static bool fails(const struct failures_outcome *outcome)
{
	return outcome->sound && outcome->figure[FIGURE_SHARED] == 2 &&
	       outcome->got < outcome->wanted;
}

static bool right(const struct failures_outcome *outcome)
{
	return failures_none_lost(outcome) && !outcome->figure[FIGURE_SHARED];
}

static const struct failures_event script[] = {
	{ FAILURES_WORK, 100 }, { FAILURES_ADD_AMID, 4 },
	{ FAILURES_WORK, 100 }, { FAILURES_ADD, 5 },
	{ FAILURES_WORK, 100 }, { FAILURES_END, 0 },
};

const struct scenario scenario_dispatch = {
	.name = "dispatch",
	.source = "condition 5",
	.quote = "dispatch routines use the processor number of the processor "
		 "on which they are running",
	.script = script,
	.figures = { "shared" },
	.at_once = true,
	.usual = { .load = usual_load,
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
