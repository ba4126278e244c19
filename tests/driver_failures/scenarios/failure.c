/* SPDX-License-Identifier: MIT */
/*
 * failure.c - what was allocated for a CPU that did not come.
 */
#include "../scenario.h"

static unsigned long attempts;

static void failure_count(uint32_t cpu)
{
	(void)cpu;
	attempts++;
}

#define SLAB_OBJECT 64u

static struct cpuslab_cache slab_cache;
static unsigned long more;       /* bytes than at load */
static unsigned long slab_known; /* units that had an object */

static void *slab_object_alloc(void *arg)
{
	(void)arg;
	return system_alloc(SLAB_OBJECT);
}

static void slab_object_free(void *arg, void *object)
{
	(void)arg;
	system_free(object, SLAB_OBJECT);
}

static void slab_measure(void)
{
	struct cpuslab_stats stats;

	cpuslab_stats_get(driver_slab, &stats);
	more = (unsigned long)stats.committed_bytes - more;
}

static int slab_load(void)
{
	static const struct cpuslab_cache_config config = {
		.alloc = slab_object_alloc,
		.free = slab_object_free,
		.rounds = 8,
		.magazines = 16,
	};
	int err = cpuslab_cache_init(&slab_cache, driver_slab, &config);

	slab_measure();
	return err;
}

static void slab_work(uint32_t cpu)
{
	void *object = cpuslab_cache_alloc(&slab_cache);

	(void)cpu;
	slab_known += object != NULL;
	cpuslab_cache_free(&slab_cache, object);
}

static void slab_unload(void)
{
	cpuslab_cache_fini(&slab_cache);
}

const struct scenario scenario_failure = {
	.name = "failure",
	.source = "context, Failure",
	.quote = "should free any per-processor data structures that it "
		 "allocated for the new processor",
	/* Neither of the two ever comes. */
	.script = { WORK(50), START(4), FAILURE(4), START(4), FAILURE(4),
		    WORK(50), START(9), FAILURE(9), START(4), FAILURE(4),
		    START(9), FAILURE(9), START(9), FAILURE(9), WORK(50) },
	.figures = { FIGURE(attempts), FIGURE(more) },
	.usual = { .base = &each_driver,
		   .start = each_alloc,
		   .failure = failure_count },
	.cpuslab = { .load = slab_load,
		     .failure = failure_count,
		     .work = slab_work,
		     .known = &slab_known,
		     .measure = slab_measure,
		     .unload = slab_unload },
	/* At least 3 times EACH_BYTES. */
	.usual_fails = "attempts = 6, left > 12287",
	.cpuslab_right = "more = 0, lost = 0",
	.usual_text = "ignores Failure: {left} bytes leaked in {attempts} "
		      "attempts, and still there after unload",
	.cpuslab_text = "slab, cache: {more} bytes more than before after "
			"{attempts} attempts, {left} left after unload",
};
