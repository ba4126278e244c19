/* SPDX-License-Identifier: MIT */
/*
 * assign.c - queue i belongs to the CPU of the i-th set bit.
 *
 * Each CPU posts a descriptor to its queue, and takes it back when it
 * works next. A CPU that comes between others shifts all bits behind it.
 */
#include "../scenario.h"

enum {
	FIGURE_FOREIGN,
	FIGURE_NONE,
	FIGURE_BEYOND
};

/* What each CPU posts: its number, and that there is one. */
static struct descriptor {
	struct cpuslab_node node;
	uint32_t owner;
} descriptors[FAILURES_LIMIT];

static bool posted[FAILURES_LIMIT];
static unsigned long foreign, none, beyond, taken;

static void assign_finish(struct failures_outcome *outcome)
{
	outcome->got = taken;
	outcome->figure[FIGURE_FOREIGN] = foreign;
	outcome->figure[FIGURE_NONE] = none;
	outcome->figure[FIGURE_BEYOND] = beyond;
}

/* @cpu found @found where it had posted a descriptor. */
static void assign_take(uint32_t cpu, const struct descriptor *found)
{
	taken++;
	if (!posted[cpu])
		return;
	if (!found)
		none++;
	else if (found->owner != cpu)
		foreign++;
}

/* ---- the usual way --------------------------------------------------- */

static struct descriptor *usual_queues[FAILURES_FIRST];
static uint32_t usual_count;

static int usual_load(void)
{
	usual_count = failures_count();
	return usual_count > FAILURES_FIRST;
}

static uint32_t usual_queue(uint32_t cpu)
{
	uint32_t n;

	for (n = 0; failures_nth(failures_affinity(), n) < cpu; n++)
		;
	return n;
}

static void usual_work(uint32_t cpu)
{
	uint32_t queue = usual_queue(cpu);

	if (queue >= usual_count) {
		beyond++;
		return;
	}
	assign_take(cpu, usual_queues[queue]);
	descriptors[cpu].owner = cpu;
	usual_queues[queue] = &descriptors[cpu];
	posted[cpu] = true;
}

static void usual_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(text,
		     "queues change hands: %lu descriptors of other CPUs "
		     "taken, %lu times a queue beyond the last",
		     outcome->figure[FIGURE_FOREIGN],
		     outcome->figure[FIGURE_BEYOND]);
}

/* ---- cpuslab --------------------------------------------------------- */

static struct cpuslab_stack queues;

static int slab_load(void)
{
	return cpuslab_stack_init(&queues, failures_slab);
}

static void slab_work(uint32_t cpu)
{
	struct cpuslab_node *node = NULL;
	bool empty = cpuslab_stack_pop(&queues, &node) != CPUSLAB_OK;

	/* The node is the descriptor's first field. */
	assign_take(cpu, empty ? NULL : (struct descriptor *)(void *)node);
	descriptors[cpu].owner = cpu;
	cpuslab_stack_push(&queues, &descriptors[cpu].node);
	posted[cpu] = true;
}

static void slab_finish(struct failures_outcome *outcome)
{
	assign_finish(outcome);
	cpuslab_stack_fini(&queues);
}

static void slab_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(text,
		     "stack: each CPU keeps its own; %lu of %lu times "
		     "served, %lu of others taken",
		     outcome->got, outcome->wanted,
		     outcome->figure[FIGURE_FOREIGN]);
}

static bool fails(const struct failures_outcome *outcome)
{
	return outcome->sound && outcome->figure[FIGURE_FOREIGN] >= 2 &&
	       outcome->figure[FIGURE_BEYOND] == 100;
}

static bool right(const struct failures_outcome *outcome)
{
	return failures_none_lost(outcome) &&
	       !outcome->figure[FIGURE_FOREIGN] &&
	       !outcome->figure[FIGURE_NONE] && !outcome->figure[FIGURE_BEYOND];
}

static const uint32_t first[FAILURES_FIRST] = { 0, 2, 4, 6 };

static const struct failures_event script[] = {
	{ FAILURES_WORK, 100 },
	{ FAILURES_ADD, 1 },
	{ FAILURES_WORK, 100 },
	{ FAILURES_END, 0 },
};

const struct scenario scenario_assign = {
	.name = "assign",
	.source = "condition 3",
	.quote = "uses the bits in the processor affinity value to assign "
		 "driver-allocated resources to specific processors",
	.first = first,
	.script = script,
	.figures = { "foreign", "none", "beyond" },
	.usual = { .load = usual_load,
		   .work = usual_work,
		   .finish = assign_finish },
	.cpuslab = { .load = slab_load,
		     .work = slab_work,
		     .finish = slab_finish },
	.fails = fails,
	.right = right,
	.say_usual = usual_say,
	.say_cpuslab = slab_say,
};
