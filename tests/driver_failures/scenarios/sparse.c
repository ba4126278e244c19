/* SPDX-License-Identifier: MIT */
/*
 * sparse.c - CPU numbers with gaps: their count is no bound.
 */
#include "../scenario.h"

const struct scenario scenario_sparse = {
	.name = "sparse",
	.title = "Four scattered numbers, as in a container: 0, 2, 5 and 9.",
	.first = { 0, 2, 5, 9 },
	.work = WORK_THREADS,
	.script = { WORK(SCENARIO_THREAD_UNITS) },
	.crashes = true,
	.always = true,
	.usual_fails = "cpu > 4",
	.cpuslab_right = SCENARIO_EXACT,
	.usual_text = "CRASHED after {done} of 40,000 events: {signal}",
	.cpuslab_text = SCENARIO_EXACT_TEXT,
};
