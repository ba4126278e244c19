/* SPDX-License-Identifier: MIT */
/*
 * portable.c - a counter and a gauge that are first used by any of the actors,
 * in any context: nothing is lost before they have copies, nor afterwards.
 */
#include "portable/portable.h"

static struct cpuslab_counter named_hits = CPUSLAB_COUNTER_INIT("named_hits");
static struct cpuslab_gauge named_level = CPUSLAB_GAUGE_INIT("named_level");
static uint64_t *named_own;  /* [actor] W actor */
static uint64_t named_begin; /* W start: the sum, which destroy keeps */
static uint64_t named_last;  /* W looker */

static void named_step(const struct portable_actor *actor)
{
	cpuslab_gauge_add(&named_level, actor->round);
	cpuslab_counter_add(&named_hits, 1);
	cpuslab_gauge_sub(&named_level, actor->round);
	named_own[actor->id]++;
}

static void named_look(void)
{
	uint64_t sum = cpuslab_counter_sum(&named_hits);

	if (sum < named_last)
		portable_wrong("the sum of a named counter decreased");
	if (cpuslab_gauge_sum(&named_level) < 0)
		portable_wrong("a named gauge is negative");
	named_last = sum;
}

static const char *named_check(uint64_t expected)
{
	if (cpuslab_counter_sum(&named_hits) != expected)
		return "a named counter is not exact";
	if (cpuslab_gauge_sum(&named_level))
		return "a named gauge is not 0";
	return NULL;
}

static const char *named_stop(bool used)
{
	uint64_t expected = named_begin;
	const char *what;
	uint32_t i;

	(void)used; /* only some ports make the copies by themselves */
	for (i = 0; i < structures.actors; i++)
		expected += named_own[i];
	cpuslab_port_free(named_own);
	what = named_check(expected);
#ifdef CPUSLAB_PORT_CREATES_LATER
	if (!what && used && cpuslab_percpu_is_null(&named_hits.handle))
		what = "the port has not made the copies";
#endif
	if (!what && cpuslab_default() &&
	    cpuslab_percpu_is_null(&named_hits.handle))
		what = "a named counter has no copies";
	cpuslab_default_destroy();
	return what ? what : named_check(expected);
}

static int named_start(void)
{
	named_own = portable_array(structures.actors, 1, sizeof(*named_own));
	named_begin = cpuslab_counter_sum(&named_hits);
	named_last = named_begin;
	cpuslab_default_destroy();
	return named_own ? CPUSLAB_OK : -CPUSLAB_ENOMEM;
}

const struct portable_part portable_named = {
	.start = named_start,
	.step = named_step,
	.look = named_look,
	.stop = named_stop,
};
