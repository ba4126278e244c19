/* SPDX-License-Identifier: MIT */
/*
 * number.c - the number within the CPU group, used as an index.
 *
 * Groups of 64: CPU 64 is number 0 of group 1 and gets the slot of CPU 0.
 */
#include "../scenario.h"

static void usual_work(uint32_t cpu)
{
	array_count_unlocked(system_group_number(cpu), cpu);
}

/* Where only group and number are known, the map gives the index. */
static void slab_work(uint32_t cpu)
{
	static const struct cpuslab_group groups[2] = { { 0, 64 }, { 64, 64 } };
	const struct cpuslab_group_map map = { groups, 2 };

	if (cpuslab_group_to_cpu(&map, cpu / 64, system_group_number(cpu)) !=
	    cpu)
		scenario_count(&array_foreign);
	counter_work(cpu);
}

const struct scenario scenario_number = {
	.name = "number",
	.source = "context, ProcNumber",
	.quote = "specifies a group number and a group-relative processor "
		 "number",
	.work = WORK_AT_ONCE,
	.script = { WORK(100), ADD_DURING(64), WORK(100), ADD_DURING(65),
		    WORK(100) },
	.figures = { { "foreign", &array_foreign } },
	.usual = { .load = array_load_maximum, .work = usual_work },
	.cpuslab = { .work = slab_work },
	.usual_fails = "foreign > 0, lost > 0",
	.cpuslab_right = "foreign = 0, lost = 0",
	.usual_text = "ProcNumber.Number as an index: {foreign} writes to "
		      "slots of other CPUs, {known} of {begun} events",
	.cpuslab_text = "group, counter: {foreign} indexes of other CPUs, "
			"{known} of {begun} events",
};
