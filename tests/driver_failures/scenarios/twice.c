/* SPDX-License-Identifier: MIT */
/*
 * twice.c - a callback that counts CPUs by how often it is called.
 *
 * A barrier is over when as many CPUs have come to it as there are.
 */
#include "../scenario.h"

enum {
	FIGURE_COUNTED,
	FIGURE_ACTIVE,
	FIGURE_BARRIERS,
	FIGURE_DONE
};

static uint32_t arrived;
static unsigned long barriers, done, counted;

static void twice_work(uint32_t cpu)
{
	(void)cpu;
	arrived++;
}

/* All have come: is it over? */
static void twice_barrier(uint32_t expected)
{
	counted = expected;
	barriers++;
	done += arrived == expected;
	arrived = 0;
}

static void twice_finish(struct failures_outcome *outcome)
{
	outcome->figure[FIGURE_COUNTED] = counted;
	outcome->figure[FIGURE_ACTIVE] = failures_count();
	outcome->figure[FIGURE_BARRIERS] = barriers;
	outcome->figure[FIGURE_DONE] = done;
}

/* ---- the usual way --------------------------------------------------- */

static uint32_t usual_count;

static int usual_load(void)
{
	usual_count = failures_count();
	return 0;
}

/* One callback, which does not look at the state it is given. */
static void usual_callback(uint32_t cpu)
{
	(void)cpu;
	usual_count++;
}

static void usual_round(void)
{
	twice_barrier(usual_count);
}

static void usual_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(
		text,
		"counts %lu of %lu CPUs: %lu of %lu barriers wait for "
		"ever",
		outcome->figure[FIGURE_COUNTED], outcome->figure[FIGURE_ACTIVE],
		outcome->figure[FIGURE_BARRIERS] - outcome->figure[FIGURE_DONE],
		outcome->figure[FIGURE_BARRIERS]);
}

/* ---- cpuslab --------------------------------------------------------- */

static void slab_round(void)
{
	const struct cpuslab_cpumask *set =
		cpuslab_cpumask_get(failures_domain);

	twice_barrier(cpuslab_cpumask_count(set));
	cpuslab_cpumask_put(set);
}

static void slab_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(
		text, "cpumask: counts %lu of %lu; %lu of %lu barriers done",
		outcome->figure[FIGURE_COUNTED], outcome->figure[FIGURE_ACTIVE],
		outcome->figure[FIGURE_DONE], outcome->figure[FIGURE_BARRIERS]);
}

static bool fails(const struct failures_outcome *outcome)
{
	return outcome->sound && outcome->figure[FIGURE_COUNTED] == 8 &&
	       outcome->figure[FIGURE_ACTIVE] == 5 &&
	       outcome->figure[FIGURE_DONE] == 10;
}

static bool right(const struct failures_outcome *outcome)
{
	return outcome->figure[FIGURE_COUNTED] ==
		       outcome->figure[FIGURE_ACTIVE] &&
	       outcome->figure[FIGURE_BARRIERS] == 30 &&
	       outcome->figure[FIGURE_DONE] == outcome->figure[FIGURE_BARRIERS];
}

/* One comes, one does not; each is said twice. */
static const struct failures_event script[] = {
	{ FAILURES_WORK, 10 }, { FAILURES_ADD, 4 },     { FAILURES_WORK, 10 },
	{ FAILURES_START, 9 }, { FAILURES_FAILURE, 9 }, { FAILURES_WORK, 10 },
	{ FAILURES_END, 0 },
};

const struct scenario scenario_twice = {
	.name = "twice",
	.source = "context, Remarks",
	.quote = "the operating system calls each registered callback function "
		 "two times",
	.script = script,
	.figures = { "counted", "active", "barriers", "done" },
	.usual = { .load = usual_load,
		   .start = usual_callback,
		   .complete = usual_callback,
		   .failure = usual_callback,
		   .work = twice_work,
		   .round = usual_round,
		   .finish = twice_finish },
	.cpuslab = { .work = twice_work,
		     .round = slab_round,
		     .finish = twice_finish },
	.fails = fails,
	.right = right,
	.say_usual = usual_say,
	.say_cpuslab = slab_say,
};
