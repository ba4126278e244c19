/* SPDX-License-Identifier: MIT */
/*
 * structures.c - an array by the number of CPUs at load.
 */
#include "../scenario.h"

const struct scenario scenario_structures = {
	.name = "structures",
	.source = "condition 4",
	.quote = "allocates data structures for each active processor",
	.script = { WORK(100), ADD(4), WORK(100), ADD(9), WORK(100) },
	.crashes = true,
	.usual_fails = "cpu = 4",
	.usual_text = "out of bounds: {signal} beyond the array of 4, at event "
		      "{begun}, the first on CPU {cpu}",
	.cpuslab_text = "counter: {known} of {begun} events",
};
