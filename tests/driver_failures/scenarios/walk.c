/* SPDX-License-Identifier: MIT */
/*
 * walk.c - a walk over the affinity mask that ends at the first bit that is
 * not set.
 */
#include "../scenario.h"

static unsigned long walked;

static uint64_t usual_sum(void)
{
	uint64_t mask, sum = 0;

	for (mask = system_affinity(); mask & 1; mask >>= 1)
		sum += array_slots[walked++].events;
	return sum;
}

/* As a driver that must visit each CPU's copy itself. */
static uint64_t slab_sum(void)
{
	const struct cpuslab_cpumask *mask = cpuslab_cpumask_get(driver_domain);
	const uint64_t *word;
	uint64_t sum = 0;
	uint32_t cpu;

	for (cpu = cpuslab_cpumask_next(mask, 0); cpu != CPUSLAB_NO_CPU;
	     cpu = cpuslab_cpumask_next(mask, cpu + 1)) {
		word = cpuslab_remote(&counter_events.handle, cpu);
		sum += word ? *word : 0;
		walked++;
	}
	cpuslab_cpumask_put(mask);
	return sum;
}

const struct scenario scenario_walk = {
	.name = "walk",
	.source = "condition 2",
	.quote = "walks the bits of the processor affinity value",
	.script = { WORK(100), ADD(6), WORK(100), ADD(9), WORK(100) },
	.figures = { FIGURE(walked) },
	.usual = { .load = array_load_maximum, .sum = usual_sum },
	.cpuslab = { .sum = slab_sum },
	.usual_fails = "walked = 4, active = 6, lost > 0",
	.cpuslab_right = "walked = active, lost = 0",
	.usual_text = "the walk ends at the first gap: {walked} of {active} "
		      "CPUs, {known} of {begun} events",
	.cpuslab_text = "cpumask: the walk visits {walked} of {active} CPUs, "
			"{known} of {begun} events",
};
