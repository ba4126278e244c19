/* SPDX-License-Identifier: MIT */
/*
 * twice.c - a callback that counts CPUs by how often it is called.
 *
 * A barrier is finished when as many CPUs have arrived as there are.
 */
#include "../scenario.h"

static unsigned long arrived, counted, barriers, finished;

static void twice_work(uint32_t cpu)
{
	(void)cpu;
	arrived++;
}

/* All have arrived. */
static void twice_barrier(uint32_t expected)
{
	counted = expected;
	barriers++;
	finished += arrived == expected;
	arrived = 0;
}

/* One callback, which does not look at the state that it is given. */
static void usual_callback(uint32_t cpu)
{
	(void)cpu;
	array_count++;
}

static void usual_round(void)
{
	twice_barrier(array_count);
}

static void slab_round(void)
{
	twice_barrier(driver_count());
}

const struct scenario scenario_twice = {
	.name = "twice",
	.source = "context, Remarks",
	.quote = "the operating system calls each registered callback function "
		 "two times",
	/* One CPU comes, one does not; each is announced twice. */
	.script = { WORK(10), ADD(4), WORK(10), START(9), FAILURE(9),
		    WORK(10) },
	.figures = { FIGURE(counted), FIGURE(barriers), FIGURE(finished) },
	.usual = { .start = usual_callback,
		   .complete = usual_callback,
		   .failure = usual_callback,
		   .work = twice_work,
		   .round = usual_round },
	.cpuslab = { .work = twice_work, .round = slab_round },
	.usual_fails = "counted = 8, active = 5, finished = 10",
	.cpuslab_right = "counted = active, barriers = 30, finished = 30",
	.usual_text =
		"counts {counted} CPUs instead of {active}: {finished} of "
		"{barriers} barriers finish, the others wait forever",
	.cpuslab_text = "cpumask: counts {counted} of {active}; {finished} of "
			"{barriers} barriers finish",
};
