/* SPDX-License-Identifier: MIT */
/*
 * maximum.c - structures for the maximum number of CPUs.
 *
 * What the page's Note advises against failing allocations. It is right, and
 * pays for CPUs that never come.
 */
#include "../scenario.h"

enum {
	FIGURE_BYTES,
	FIGURE_NEEDED
};

#define OBJECTS 1000u

struct object {
	uint64_t events;
	uint64_t others[7];
};

static void maximum_finish(struct failures_outcome *outcome, size_t bytes)
{
	outcome->figure[FIGURE_BYTES] = bytes;
	outcome->figure[FIGURE_NEEDED] =
		sizeof(struct object) * OBJECTS * failures_count();
}

/* ---- the usual way --------------------------------------------------- */

#define USUAL_BYTES (sizeof(struct object) * OBJECTS * FAILURES_LIMIT)

static struct object *usual_objects; /* [FAILURES_LIMIT][OBJECTS] */
static unsigned long units;

static int usual_load(void)
{
	usual_objects = failures_alloc(USUAL_BYTES);
	return !usual_objects;
}

static void usual_work(uint32_t cpu)
{
	usual_objects[cpu * OBJECTS + units++ % OBJECTS].events++;
}

static void usual_finish(struct failures_outcome *outcome)
{
	uint32_t i;

	for (i = 0; i < OBJECTS * FAILURES_LIMIT; i++)
		outcome->got += usual_objects[i].events;
	maximum_finish(outcome, failures_allocated());
	failures_free(usual_objects, USUAL_BYTES);
}

static void usual_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(
		text, "%lu KiB for what %lu KiB would do: %lu times as much",
		outcome->figure[FIGURE_BYTES] / 1024,
		outcome->figure[FIGURE_NEEDED] / 1024,
		outcome->figure[FIGURE_BYTES] / outcome->figure[FIGURE_NEEDED]);
}

/* ---- cpuslab --------------------------------------------------------- */

static const struct cpuslab_type slab_type = {
	.name = "object",
	.size = sizeof(struct object),
	.counters = 1,
};

static struct cpuslab_percpu slab_objects[OBJECTS];

static int slab_load(void)
{
	uint32_t i;
	int err = CPUSLAB_OK;

	for (i = 0; i < OBJECTS && !err; i++)
		err = cpuslab_alloc(failures_slab, &slab_type,
				    &slab_objects[i]);
	return err;
}

static void slab_work(uint32_t cpu)
{
	(void)cpu;
	cpuslab_add(&slab_objects[units++ % OBJECTS], 0, 1);
}

static void slab_finish(struct failures_outcome *outcome)
{
	struct cpuslab_stats stats;
	uint32_t i;

	cpuslab_stats_get(failures_slab, &stats);
	maximum_finish(outcome, stats.committed_bytes);
	for (i = 0; i < OBJECTS; i++) {
		outcome->got += cpuslab_sum(&slab_objects[i], 0);
		cpuslab_free(failures_slab, &slab_objects[i]);
	}
}

static void slab_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(text,
		     "slab: %lu KiB committed for what needs %lu KiB, %lu of "
		     "%lu events",
		     outcome->figure[FIGURE_BYTES] / 1024,
		     outcome->figure[FIGURE_NEEDED] / 1024, outcome->got,
		     outcome->wanted);
}

static bool fails(const struct failures_outcome *outcome)
{
	return outcome->sound && failures_none_lost(outcome) &&
	       outcome->figure[FIGURE_BYTES] >
		       20 * outcome->figure[FIGURE_NEEDED];
}

static bool right(const struct failures_outcome *outcome)
{
	return failures_none_lost(outcome) &&
	       outcome->figure[FIGURE_BYTES] <
		       3 * outcome->figure[FIGURE_NEEDED];
}

static const struct failures_event script[] = {
	{ FAILURES_WORK, 500 },
	{ FAILURES_ADD, 4 },
	{ FAILURES_WORK, 500 },
	{ FAILURES_END, 0 },
};

const struct scenario scenario_maximum = {
	.name = "maximum",
	.source = "Note",
	.quote = "can allocate enough ... to handle the maximum number of "
		 "processors ... this can be an inefficient use of memory",
	.script = script,
	.figures = { "bytes", "needed" },
	.always = true,
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
