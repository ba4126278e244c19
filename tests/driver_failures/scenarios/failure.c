/* SPDX-License-Identifier: MIT */
/*
 * failure.c - what was allocated for a CPU that did not come.
 */
#include "../scenario.h"

enum {
	FIGURE_LEAKED,
	FIGURE_ATTEMPTS
};

#define USUAL_BYTES 4096u

static unsigned long attempts;

static void failure_count(uint32_t cpu)
{
	(void)cpu;
	attempts++;
}

/* ---- the usual way --------------------------------------------------- */

static uint64_t *usual_events[FAILURES_LIMIT];

static void usual_start(uint32_t cpu)
{
	usual_events[cpu] = failures_alloc(USUAL_BYTES);
}

static int usual_load(void)
{
	uint32_t cpu;

	for (cpu = 0; cpu < FAILURES_FIRST; cpu++)
		usual_start(cpu);
	return 0;
}

static void usual_work(uint32_t cpu)
{
	++*usual_events[cpu];
}

/* It gives back all that it knows of. */
static void usual_finish(struct failures_outcome *outcome)
{
	uint32_t cpu;

	for (cpu = 0; cpu < FAILURES_LIMIT; cpu++) {
		outcome->got += usual_events[cpu] ? *usual_events[cpu] : 0;
		failures_free(usual_events[cpu],
			      usual_events[cpu] ? USUAL_BYTES : 0);
	}
	outcome->figure[FIGURE_LEAKED] = failures_allocated();
	outcome->figure[FIGURE_ATTEMPTS] = attempts;
}

static void usual_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(text,
		     "ignores Failure: %lu bytes leaked in %lu attempts, and "
		     "still there after unload",
		     outcome->figure[FIGURE_LEAKED],
		     outcome->figure[FIGURE_ATTEMPTS]);
}

/* ---- cpuslab --------------------------------------------------------- */

static struct cpuslab_cache cache;
static uint64_t slab_before; /* bytes, at load */
static unsigned long slab_objects;

static void *object_alloc(void *arg)
{
	(void)arg;
	slab_objects++;
	return failures_alloc(64);
}

static void object_free(void *arg, void *object)
{
	(void)arg;
	slab_objects--;
	failures_free(object, 64);
}

static uint64_t slab_bytes(void)
{
	struct cpuslab_stats stats;

	cpuslab_stats_get(failures_slab, &stats);
	return stats.committed_bytes;
}

static int slab_load(void)
{
	static const struct cpuslab_cache_config config = {
		.alloc = object_alloc,
		.free = object_free,
		.rounds = 8,
		.magazines = 16,
	};
	int err = cpuslab_cache_init(&cache, failures_slab, &config);

	slab_before = slab_bytes();
	return err;
}

static void slab_work(uint32_t cpu)
{
	(void)cpu;
	cpuslab_cache_free(&cache, cpuslab_cache_alloc(&cache));
}

static void slab_finish(struct failures_outcome *outcome)
{
	outcome->figure[FIGURE_LEAKED] = slab_bytes() - slab_before;
	outcome->figure[FIGURE_ATTEMPTS] = attempts;
	cpuslab_cache_fini(&cache);
	outcome->figure[FIGURE_LEAKED] += failures_allocated();
	outcome->got = outcome->wanted - slab_objects;
}

static void slab_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(
		text,
		"slab, cache: %lu bytes more than before after %lu attempts, "
		"none left after unload",
		outcome->figure[FIGURE_LEAKED],
		outcome->figure[FIGURE_ATTEMPTS]);
}

static bool fails(const struct failures_outcome *outcome)
{
	return outcome->sound && outcome->figure[FIGURE_ATTEMPTS] == 6 &&
	       outcome->figure[FIGURE_LEAKED] >= 3 * USUAL_BYTES;
}

static bool right(const struct failures_outcome *outcome)
{
	return failures_none_lost(outcome) && !outcome->figure[FIGURE_LEAKED];
}

/* Neither of the two ever comes. */
static const struct failures_event script[] = {
	{ FAILURES_WORK, 50 },   { FAILURES_START, 4 },
	{ FAILURES_FAILURE, 4 }, { FAILURES_START, 4 },
	{ FAILURES_FAILURE, 4 }, { FAILURES_WORK, 50 },
	{ FAILURES_START, 9 },   { FAILURES_FAILURE, 9 },
	{ FAILURES_START, 4 },   { FAILURES_FAILURE, 4 },
	{ FAILURES_START, 9 },   { FAILURES_FAILURE, 9 },
	{ FAILURES_START, 9 },   { FAILURES_FAILURE, 9 },
	{ FAILURES_WORK, 50 },   { FAILURES_END, 0 },
};

const struct scenario scenario_failure = {
	.name = "failure",
	.source = "context, Failure",
	.quote = "should free any per-processor data structures that it "
		 "allocated for the new processor",
	.script = script,
	.figures = { "leaked", "attempts" },
	.usual = { .load = usual_load,
		   .start = usual_start,
		   .failure = failure_count,
		   .work = usual_work,
		   .finish = usual_finish },
	.cpuslab = { .load = slab_load,
		     .failure = failure_count,
		     .work = slab_work,
		     .finish = slab_finish },
	.fails = fails,
	.right = right,
	.say_usual = usual_say,
	.say_cpuslab = slab_say,
};
