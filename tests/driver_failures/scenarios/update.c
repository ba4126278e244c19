/* SPDX-License-Identifier: MIT */
/*
 * update.c - a saved count and a saved mask, which are both updated when the
 * notification comes; but one after the other, while others read them.
 */
#include "../scenario.h"

static unsigned long torn;

static uint32_t usual_count;
static uint64_t usual_mask;

static void usual_complete(uint32_t cpu)
{
	(void)cpu;
	usual_count = system_count();
	system_point();
	usual_mask = system_affinity();
}

static int usual_load(void)
{
	usual_complete(0);
	return CPUSLAB_OK;
}

/* The count-th bit is the last one. */
static void usual_work(uint32_t cpu)
{
	uint32_t count = usual_count;

	(void)cpu;
	system_point();
	if (scenario_nth(usual_mask, count - 1) == CPUSLAB_NO_CPU ||
	    scenario_nth(usual_mask, count) != CPUSLAB_NO_CPU)
		scenario_count(&torn);
}

static void slab_work(uint32_t cpu)
{
	const struct cpuslab_cpumask *mask = cpuslab_cpumask_get(driver_domain);
	uint32_t count = cpuslab_cpumask_count(mask);

	for (cpu = cpuslab_cpumask_next(mask, 0); cpu != CPUSLAB_NO_CPU;
	     cpu = cpuslab_cpumask_next(mask, cpu + 1)) {
		system_point();
		count--;
	}
	if (count)
		scenario_count(&torn);
	cpuslab_cpumask_put(mask);
}

const struct scenario scenario_update = {
	.name = "update",
	.source = "Important 1",
	.quote = "always update any saved value of the number of active "
		 "processors and the processor affinity",
	.work = WORK_AT_ONCE,
	.script = { WORK(20), ADD_DURING(4), ADD_DURING(5), ADD_DURING(8),
		    ADD_DURING(9), ADD_DURING(12), ADD_DURING(20),
		    ADD_DURING(33) },
	.figures = { FIGURE(torn) },
	.usual = { .load = usual_load,
		   .complete = usual_complete,
		   .work = usual_work },
	.cpuslab = { .work = slab_work },
	.usual_fails = "torn > 0",
	.cpuslab_right = "torn = 0",
	.usual_text = "{torn} of {begun} readers got a count and a mask that "
		      "do not match",
	.cpuslab_text = "cpumask: {torn} of {begun}; count and bits are of one "
			"moment",
};
