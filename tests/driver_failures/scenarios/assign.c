/* SPDX-License-Identifier: MIT */
/*
 * assign.c - queue i belongs to the CPU of the i-th bit that is set.
 *
 * Each CPU posts a descriptor to its queue and takes it back when it works
 * next. A CPU that comes between others shifts all bits behind it.
 */
#include "../scenario.h"

static struct descriptor {
	struct cpuslab_node node; /* first */
	uint32_t owner;
} descriptors[SCENARIO_LIMIT];

static bool posted[SCENARIO_LIMIT];
static unsigned long foreign, none, beyond, known;

/* @cpu takes @found from its queue and posts its own descriptor. */
static void *assign_exchange(uint32_t cpu, const struct descriptor *found)
{
	known++;
	none += posted[cpu] && !found;
	foreign += posted[cpu] && found && found->owner != cpu;
	posted[cpu] = true;
	descriptors[cpu].owner = cpu;
	return &descriptors[cpu];
}

static struct descriptor *usual_queues[SCENARIO_FIRST];

static void usual_work(uint32_t cpu)
{
	uint32_t queue = 0;

	while (scenario_nth(system_affinity(), queue) < cpu)
		queue++;
	if (queue < array_count)
		usual_queues[queue] = assign_exchange(cpu, usual_queues[queue]);
	else
		beyond++;
}

static struct cpuslab_stack slab_queues;

static int slab_load(void)
{
	return cpuslab_stack_init(&slab_queues, driver_slab);
}

static void slab_work(uint32_t cpu)
{
	struct cpuslab_node *node = NULL;

	if (cpuslab_stack_pop(&slab_queues, &node))
		node = NULL;
	cpuslab_stack_push(&slab_queues, assign_exchange(cpu, (void *)node));
}

static void slab_unload(void)
{
	cpuslab_stack_fini(&slab_queues);
}

const struct scenario scenario_assign = {
	.name = "assign",
	.source = "condition 3",
	.quote = "uses the bits in the processor affinity value to assign "
		 "driver-allocated resources to specific processors",
	.first = { 0, 2, 4, 6 },
	.script = { WORK(100), ADD(1), WORK(100) },
	.figures = { FIGURE(foreign), FIGURE(none), FIGURE(beyond) },
	.usual = { .work = usual_work, .known = &known },
	.cpuslab = { .load = slab_load,
		     .work = slab_work,
		     .known = &known,
		     .unload = slab_unload },
	.usual_fails = "foreign > 1, beyond = 100",
	.cpuslab_right = "foreign = 0, none = 0, beyond = 0, lost = 0",
	.usual_text = "queues change owners: {foreign} descriptors of other "
		      "CPUs taken, {beyond} uses of a queue beyond the last",
	.cpuslab_text = "stack: each CPU has its own; {known} of {begun} "
			"descriptors taken, {foreign} of other CPUs",
};
