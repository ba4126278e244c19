/* SPDX-License-Identifier: MIT */
/*
 * late.c - allocation when the add is complete: the CPU already runs.
 */
#include "../scenario.h"

static struct cpuslab_approx slab_events;

static int slab_load(void)
{
	return cpuslab_approx_init(&slab_events, driver_slab, 16);
}

static void slab_work(uint32_t cpu)
{
	(void)cpu;
	cpuslab_approx_add(&slab_events, 1);
}

/* 0 if the exact sum is not within the bounds. */
static uint64_t slab_sum(void)
{
	uint64_t least, most, sum = cpuslab_approx_sum(&slab_events);

	cpuslab_approx_bounds(&slab_events, &least, &most);
	return least <= sum && sum <= most ? sum : 0;
}

static void slab_unload(void)
{
	cpuslab_approx_fini(&slab_events);
}

const struct scenario scenario_late = {
	.name = "late",
	.source = "context, Start",
	.quote = "At this state, a device driver ... can allocate any "
		 "per-processor data structures",
	.script = { WORK(100), START(4), RUN(4), WORK(10), COMPLETE(4),
		    WORK(100) },
	.usual = { .base = &each_driver, .complete = each_alloc },
	.cpuslab = { .load = slab_load,
		     .work = slab_work,
		     .sum = slab_sum,
		     .unload = slab_unload },
	.crashes = true,
	.usual_fails = "cpu = 4",
	.usual_text = "allocates in the Complete callback: {signal} at event "
		      "{begun}, on CPU {cpu}, which ran before it",
	.cpuslab_text = "approx: {known} of {begun} events, those before "
			"Complete included; within its bounds",
};
