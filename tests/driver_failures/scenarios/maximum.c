/* SPDX-License-Identifier: MIT */
/*
 * maximum.c - structures for the maximum number of CPUs.
 *
 * What the page's Note advises against failing allocations. It is right, and
 * pays for CPUs that never come.
 */
#include "../scenario.h"

#define OBJECTS 1000u

static unsigned long units, kib, needed, times;

static void maximum_measure(size_t bytes)
{
	size_t enough = sizeof(struct array_slot) * OBJECTS * system_count();

	kib = (unsigned long)(bytes / 1024);
	needed = (unsigned long)(enough / 1024);
	times = (unsigned long)(bytes / enough);
}

/* ---- the usual way --------------------------------------------------- */

static int usual_load(void)
{
	return array_init(OBJECTS * SCENARIO_LIMIT, 0);
}

static void usual_work(uint32_t cpu)
{
	array_slots[cpu * OBJECTS + units++ % OBJECTS].events++;
}

static uint64_t usual_sum(void)
{
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < OBJECTS * SCENARIO_LIMIT; i++)
		sum += array_slots[i].events;
	return sum;
}

static void usual_measure(void)
{
	maximum_measure(sizeof(struct array_slot) * OBJECTS * SCENARIO_LIMIT);
}

/* ---- cpuslab --------------------------------------------------------- */

static struct cpuslab_percpu slab_objects[OBJECTS];

static int slab_load(void)
{
	static const struct cpuslab_type type = {
		.name = "object",
		.size = sizeof(struct array_slot),
		.counters = 1,
	};
	uint32_t i;
	int err = CPUSLAB_OK;

	for (i = 0; i < OBJECTS && !err; i++)
		err = cpuslab_alloc(driver_slab, &type, &slab_objects[i]);
	return err;
}

static void slab_work(uint32_t cpu)
{
	(void)cpu;
	cpuslab_add(&slab_objects[units++ % OBJECTS], 0, 1);
}

static uint64_t slab_sum(void)
{
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < OBJECTS; i++)
		sum += cpuslab_sum(&slab_objects[i], 0);
	return sum;
}

static void slab_measure(void)
{
	struct cpuslab_stats stats;

	cpuslab_stats_get(driver_slab, &stats);
	maximum_measure((size_t)stats.committed_bytes);
}

static void slab_unload(void)
{
	uint32_t i;

	for (i = 0; i < OBJECTS; i++)
		cpuslab_free(driver_slab, &slab_objects[i]);
}

const struct scenario scenario_maximum = {
	.name = "maximum",
	.source = "Note",
	.quote = "can allocate enough ... to handle the maximum number of "
		 "processors ... this can be an inefficient use of memory",
	.script = { WORK(500), ADD(4), WORK(500) },
	.figures = { FIGURE(kib), FIGURE(needed), FIGURE(times) },
	.usual = { .load = usual_load,
		   .work = usual_work,
		   .sum = usual_sum,
		   .measure = usual_measure },
	.cpuslab = { .load = slab_load,
		     .work = slab_work,
		     .sum = slab_sum,
		     .measure = slab_measure,
		     .unload = slab_unload },
	.always = true,
	.usual_fails = "times > 20, lost = 0",
	.cpuslab_right = "times < 3, lost = 0",
	.usual_text = "{kib} KiB where {needed} KiB suffice: {times} times as "
		      "much",
	.cpuslab_text = "slab: {kib} KiB committed where {needed} KiB suffice, "
			"{known} of {begun} events",
};
