/* SPDX-License-Identifier: MIT */
/*
 * memory.c - a new CPU for which no memory is available.
 *
 * The usual driver could refuse it (OperationStatus), but does not look.
 * cpuslab does refuse; the system here ignores that, and the CPU comes.
 */
#include "../scenario.h"

static unsigned long shared_ops, lacking;

/* With memory again, each CPU has a block of its own. */
static void slab_measure(void)
{
	struct cpuslab_stats stats;

	cpuslab_stats_get(driver_slab, &stats);
	shared_ops = (unsigned long)stats.shared_ops;
	lacking = system_count() - stats.in_use;
}

const struct scenario scenario_memory = {
	.name = "memory",
	.source = "Note",
	.quote = "would fail if the memory allocation for the data structures "
		 "for a new processor failed",
	.script = { WORK(100), NO_MEMORY(4), ADD(4), WORK(100), MEMORY(4),
		    WORK(100) },
	.figures = { FIGURE(shared_ops), FIGURE(lacking) },
	.usual = { .base = &each_driver, .start = each_alloc },
	.cpuslab = { .measure = slab_measure },
	.crashes = true,
	.usual_fails = "cpu = 4",
	.cpuslab_right = "lacking = 0, lost = 0",
	.usual_text = "null pointer: {signal} at event {begun}, the first on "
		      "CPU {cpu}",
	.cpuslab_text = "counter: {known} of {begun} events, {shared_ops} of "
			"them on the shared block until memory is available "
			"again",
};
