/* SPDX-License-Identifier: MIT */
/*
 * exchanged.c - the same as folded.c with one atomic exchange. A sum that
 * reads the total before it and the CPU's count after it misses both.
 */
#include "../scenario.h"

static void usual_remove(uint32_t cpu)
{
	uint64_t events = __atomic_exchange_n(&array_slots[cpu].events, 0,
					      __ATOMIC_SEQ_CST);

	system_point();
	__atomic_fetch_add(&array_total, events, __ATOMIC_SEQ_CST);
}

const struct scenario scenario_exchanged = {
	.name = "exchanged",
	.title = "The same, with more care:",
	.code = "total += atomic_exchange(&slots[cpu].events, 0);",
	.work = WORK_THREADS,
	.script = { TURNS },
	.usual = { .remove = usual_remove },
	.usual_fails = "known = 40000, backwards > 0",
	.cpuslab_right = SCENARIO_EXACT,
	.usual_text = "{known} of 40,000 events, but {backwards} of {sums} "
		      "sums went BACK",
	.cpuslab_text = SCENARIO_EXACT_TEXT,
};
