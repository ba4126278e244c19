/* SPDX-License-Identifier: MIT */
/*
 * folded.c - what a CPU that leaves has counted is moved to a total.
 */
#include "../scenario.h"

static void usual_remove(uint32_t cpu)
{
	uint64_t *count = &array_slots[cpu].events;
	uint64_t events = __atomic_load_n(count, __ATOMIC_SEQ_CST);

	system_point();
	__atomic_fetch_add(&array_total, events, __ATOMIC_SEQ_CST);
	system_point();
	__atomic_store_n(count, 0, __ATOMIC_SEQ_CST);
}

const struct scenario scenario_folded = {
	.name = "folded",
	.title = "CPUs leave, and what they counted is folded into a total:",
	.code = "total += slots[cpu].events; slots[cpu].events = 0;",
	.work = WORK_THREADS,
	.script = { TURNS },
	.usual = { .remove = usual_remove },
	.usual_fails = "known = 40000, backwards > 0",
	.cpuslab_right = SCENARIO_EXACT,
	.usual_text = "{known} of 40,000 events, but {backwards} of {sums} "
		      "sums went BACK",
	.cpuslab_text = SCENARIO_EXACT_TEXT,
};
