/* SPDX-License-Identifier: MIT */
/*
 * bits.c - the number of CPUs is the number of bits in the mask.
 *
 * A mask is that of one group of 64. Each CPU may have an equal share of
 * a ring's descriptors outstanding.
 */
#include "../scenario.h"

enum {
	FIGURE_COUNTED,
	FIGURE_ACTIVE,
	FIGURE_BEYOND
};

#define RING 240u

static uint32_t counted; /* CPUs, by the driver */
static uint32_t used;    /* descriptors, in this round */
static unsigned long beyond;

static void bits_round(void)
{
	used = 0;
}

/* One share; the ring does not notice. */
static void bits_take(void)
{
	used += RING / counted;
	if (used > RING)
		beyond += RING / counted;
}

static void bits_finish(struct failures_outcome *outcome)
{
	outcome->figure[FIGURE_COUNTED] = counted;
	outcome->figure[FIGURE_ACTIVE] = failures_count();
	outcome->figure[FIGURE_BEYOND] = beyond;
}

/* ---- the usual way --------------------------------------------------- */

/* Counted anew each time; no count is out of date. */
static void usual_work(uint32_t cpu)
{
	uint64_t mask;

	(void)cpu;
	counted = 0;
	for (mask = failures_affinity(); mask; mask &= mask - 1)
		counted++;
	bits_take();
}

static void usual_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(text,
		     "%lu bits, %lu CPUs: %lu descriptors written beyond "
		     "the ring's end",
		     outcome->figure[FIGURE_COUNTED],
		     outcome->figure[FIGURE_ACTIVE],
		     outcome->figure[FIGURE_BEYOND]);
}

/* ---- cpuslab --------------------------------------------------------- */

static void slab_work(uint32_t cpu)
{
	const struct cpuslab_cpumask *set =
		cpuslab_cpumask_get(failures_domain);

	(void)cpu;
	counted = cpuslab_cpumask_count(set);
	cpuslab_cpumask_put(set);
	bits_take();
}

static void slab_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(text,
		     "cpumask: %lu counted, %lu CPUs; %lu descriptors "
		     "beyond the ring's end",
		     outcome->figure[FIGURE_COUNTED],
		     outcome->figure[FIGURE_ACTIVE],
		     outcome->figure[FIGURE_BEYOND]);
}

static bool fails(const struct failures_outcome *outcome)
{
	return outcome->sound && outcome->figure[FIGURE_COUNTED] == 4 &&
	       outcome->figure[FIGURE_ACTIVE] == 6 &&
	       outcome->figure[FIGURE_BEYOND] > 0;
}

static bool right(const struct failures_outcome *outcome)
{
	return outcome->figure[FIGURE_COUNTED] ==
		       outcome->figure[FIGURE_ACTIVE] &&
	       !outcome->figure[FIGURE_BEYOND];
}

/* 64 is number 0 of the second group. */
static const struct failures_event script[] = {
	{ FAILURES_WORK, 5 }, { FAILURES_ADD, 64 }, { FAILURES_WORK, 5 },
	{ FAILURES_ADD, 65 }, { FAILURES_WORK, 5 }, { FAILURES_END, 0 },
};

const struct scenario scenario_bits = {
	.name = "bits",
	.source = "Important 2",
	.quote = "should not count the number of set bits in the processor "
		 "affinity value to determine the number",
	.script = script,
	.figures = { "counted", "active", "beyond" },
	.usual = { .work = usual_work,
		   .round = bits_round,
		   .finish = bits_finish },
	.cpuslab = { .work = slab_work,
		     .round = bits_round,
		     .finish = bits_finish },
	.fails = fails,
	.right = right,
	.say_usual = usual_say,
	.say_cpuslab = slab_say,
};
