/* SPDX-License-Identifier: MIT */
/*
 * dispatch.c - a dispatch routine uses the slot of its CPU's number, modulo
 * the number of CPUs at load.
 *
 * A slot needs no lock while one CPU has it. Here two CPUs share one.
 */
#include "../scenario.h"

static unsigned long shared;

static void usual_work(uint32_t cpu)
{
	array_count_unlocked(cpu % array_count, cpu);
}

static void usual_measure(void)
{
	uint32_t i;

	for (i = 0; i < array_count; i++)
		shared += array_slots[i].shared;
}

static struct cpuslab_histogram slab_sizes;

static int slab_load(void)
{
	return cpuslab_histogram_init(&slab_sizes, driver_slab, 2, 8);
}

static void slab_work(uint32_t cpu)
{
	cpuslab_histogram_record(&slab_sizes, cpu % 8);
}

static uint64_t slab_sum(void)
{
	static uint64_t counts[1024];

	if (slab_sizes.buckets > sizeof(counts) / sizeof(counts[0]))
		return 0;
	return cpuslab_histogram_read(&slab_sizes, counts);
}

static void slab_unload(void)
{
	cpuslab_histogram_fini(&slab_sizes);
}

const struct scenario scenario_dispatch = {
	.name = "dispatch",
	.source = "condition 5",
	.quote = "dispatch routines use the processor number of the processor "
		 "on which they are running",
	.work = WORK_AT_ONCE,
	.script = { WORK(100), ADD_DURING(4), WORK(100), ADD(5), WORK(100) },
	.figures = { FIGURE(shared) },
	.usual = { .work = usual_work, .measure = usual_measure },
	.cpuslab = { .load = slab_load,
		     .work = slab_work,
		     .sum = slab_sum,
		     .unload = slab_unload },
	.usual_fails = "shared = 2, lost > 0",
	.usual_text = "CPU number % count: {shared} slots have two owners, "
		      "{known} of {begun} requests are counted",
	.cpuslab_text = "histogram: {known} of {begun} requests are counted",
};
