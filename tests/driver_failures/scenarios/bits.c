/* SPDX-License-Identifier: MIT */
/*
 * bits.c - the number of CPUs is the number of bits in the affinity mask.
 *
 * A mask is that of one group of 64. Each CPU may have an equal share of a
 * ring's descriptors outstanding.
 */
#include "../scenario.h"

#define RING 240u

static unsigned long counted; /* CPUs, by the driver */
static unsigned long used;    /* descriptors, in this round */
static unsigned long beyond;

static void bits_round(void)
{
	used = 0;
}

/* Take one share; the ring does not notice. */
static void bits_take(void)
{
	used += RING / counted;
	if (used > RING)
		beyond += RING / counted;
}

/* Counts each time: no saved count is out of date. */
static void usual_work(uint32_t cpu)
{
	uint64_t mask = system_affinity();

	(void)cpu;
	for (counted = 0; mask; mask &= mask - 1)
		counted++;
	bits_take();
}

static void slab_work(uint32_t cpu)
{
	(void)cpu;
	counted = driver_count();
	bits_take();
}

const struct scenario scenario_bits = {
	.name = "bits",
	.source = "Important 2",
	.quote = "should not count the number of set bits in the processor "
		 "affinity value to determine the number",
	/* 64 is number 0 of the second group. */
	.script = { WORK(5), ADD(64), WORK(5), ADD(65), WORK(5) },
	.figures = { FIGURE(counted), FIGURE(beyond) },
	.usual = { .work = usual_work, .round = bits_round },
	.cpuslab = { .work = slab_work, .round = bits_round },
	.usual_fails = "counted = 4, active = 6, beyond > 0",
	.cpuslab_right = "counted = active, beyond = 0",
	.usual_text = "{counted} bits for {active} CPUs: {beyond} descriptors "
		      "written beyond the end of the ring",
	.cpuslab_text = "cpumask: {counted} counted for {active} CPUs, "
			"{beyond} descriptors beyond the end of the ring",
};
