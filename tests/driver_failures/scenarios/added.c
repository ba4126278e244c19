/* SPDX-License-Identifier: MIT */
/*
 * added.c - the array by the number of CPUs, and threads that move to a CPU
 * beyond it.
 */
#include "../scenario.h"

const struct scenario scenario_added = {
	.name = "added",
	.title =
		"A CPU is added: 0 to 3, then 4. Nothing lies behind the array.",
	.work = WORK_THREADS,
	.script = { ADD_DURING(4) },
	.crashes = true,
	/* Not before the CPU was added. */
	.usual_fails = "done > 9999",
	.cpuslab_right = SCENARIO_EXACT,
	.usual_text = "CRASHED after {done} of 40,000 events: {signal}",
	.cpuslab_text = SCENARIO_EXACT_TEXT,
};
