/* SPDX-License-Identifier: MIT */
/*
 * variable.c - KeNumberProcessors: a variable that was true at boot.
 *
 * An object's references are counted on each CPU; the last put is found
 * by a sum over as many CPUs as the variable says. Whoever it leaves out
 * still uses the object when it is freed.
 */
#include "../scenario.h"

enum {
	FIGURE_EARLY,
	FIGURE_RELEASED
};

static bool released;
static unsigned long held, early, units;

/* Whoever frees it; @early: how many still use it. */
static void variable_release(void)
{
	if (released)
		return;
	released = true;
	early = held;
}

static void variable_finish(struct failures_outcome *outcome)
{
	outcome->figure[FIGURE_EARLY] = early;
	outcome->figure[FIGURE_RELEASED] = released;
}

/* ---- the usual way --------------------------------------------------- */

static uint32_t usual_number_cpus; /* KeNumberProcessors */
static int64_t usual_references[FAILURES_LIMIT];

static int usual_load(void)
{
	usual_number_cpus = failures_count();
	return 0;
}

/* Takes a reference; every other is put by whom it was given to. */
static void usual_work(uint32_t cpu)
{
	usual_references[cpu]++;
	held++;
	if (units++ % 2) {
		usual_references[cpu]--;
		held--;
	}
}

/* Run down: is anybody left? */
static void usual_finish(struct failures_outcome *outcome)
{
	int64_t sum = 0;
	uint32_t cpu;

	/* All that the first CPUs took is put. */
	for (cpu = 0; cpu < FAILURES_FIRST; cpu++) {
		held -= (unsigned long)usual_references[cpu];
		usual_references[cpu] = 0;
	}
	for (cpu = 0; cpu < usual_number_cpus; cpu++)
		sum += usual_references[cpu];
	if (!sum)
		variable_release();
	/* The others put theirs later. */
	for (; cpu < FAILURES_LIMIT; cpu++)
		held -= (unsigned long)usual_references[cpu];
	if (!held)
		variable_release();
	variable_finish(outcome);
}

static void usual_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(text,
		     "freed while %lu references are held, on CPUs that "
		     "the sum leaves out",
		     outcome->figure[FIGURE_EARLY]);
}

/* ---- cpuslab --------------------------------------------------------- */

static struct cpuslab_refcount refcount;
static unsigned long slab_held[2]; /* by the first CPUs; by the others */

static void slab_released(struct cpuslab_refcount *of)
{
	(void)of;
	variable_release();
}

static int slab_load(void)
{
	return cpuslab_refcount_init(&refcount, failures_slab, slab_released);
}

static void slab_put(unsigned long *count)
{
	for (; *count; --*count) {
		held--;
		cpuslab_refcount_put(&refcount);
	}
}

static void slab_work(uint32_t cpu)
{
	unsigned long one = 1;

	if (!cpuslab_refcount_try_get(&refcount))
		return;
	held++;
	if (units++ % 2)
		slab_put(&one);
	else
		slab_held[cpu >= FAILURES_FIRST]++;
}

static void slab_finish(struct failures_outcome *outcome)
{
	slab_put(&slab_held[0]);
	cpuslab_refcount_kill(&refcount);
	slab_put(&slab_held[1]);
	variable_finish(outcome);
	cpuslab_refcount_fini(&refcount);
}

static void slab_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(
		text,
		"refcount: freed %lu time, by the last put; %lu references "
		"are held then",
		outcome->figure[FIGURE_RELEASED],
		outcome->figure[FIGURE_EARLY]);
}

static bool fails(const struct failures_outcome *outcome)
{
	return outcome->sound && outcome->figure[FIGURE_RELEASED] &&
	       outcome->figure[FIGURE_EARLY] > 0;
}

static bool right(const struct failures_outcome *outcome)
{
	return outcome->figure[FIGURE_RELEASED] == 1 &&
	       !outcome->figure[FIGURE_EARLY];
}

static const struct failures_event script[] = {
	{ FAILURES_WORK, 25 }, { FAILURES_ADD, 4 },   { FAILURES_WORK, 25 },
	{ FAILURES_ADD, 5 },   { FAILURES_WORK, 25 }, { FAILURES_END, 0 },
};

const struct scenario scenario_variable = {
	.name = "variable",
	.source = "Important 3",
	.quote = "must not use the KeNumberProcessors kernel variable",
	.script = script,
	.figures = { "early", "released" },
	.usual = { .load = usual_load,
		   .work = usual_work,
		   .finish = usual_finish },
	.cpuslab = { .load = slab_load,
		     .work = slab_work,
		     .finish = slab_finish },
	.fails = fails,
	.right = right,
	.say_usual = usual_say,
	.say_cpuslab = slab_say,
};
