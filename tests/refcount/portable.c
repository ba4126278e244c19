/* SPDX-License-Identifier: MIT */
/*
 * portable.c - references that one CPU gets and another CPU puts, of counts
 * that are killed, resurrected, made atomic and back in between: each count is
 * released once.
 */
#include "portable/portable.h"

#define REFCOUNT_COUNTS 16u
#define REFCOUNT_LOOKS 4u /* between two kills */

static struct cpuslab_refcount refcount_counts[REFCOUNT_COUNTS];
static uint32_t refcount_released[REFCOUNT_COUNTS];
static uint32_t refcount_killed[REFCOUNT_COUNTS]; /* W looker, after the kill */
static uint32_t *refcount_held; /* [actor]: one bit for each count; W actor */
static uint64_t *refcount_gets; /* [actor]; W actor */
static uint32_t refcount_inits, refcount_kills, refcount_looks;

static void refcount_release(struct cpuslab_refcount *refcount)
{
	cpuslab_fetch_add_u32(&refcount_released[refcount - refcount_counts],
			      1);
}

static void refcount_put(uint32_t i)
{
	if (cpuslab_load_acquire_u32(&refcount_released[i]))
		portable_wrong("a refcount was released with a reference");
	cpuslab_refcount_put(&refcount_counts[i]);
}

static void refcount_step(const struct portable_actor *actor)
{
	uint32_t i = (uint32_t)(actor->round % REFCOUNT_COUNTS);
	uint32_t *held = &refcount_held[actor->id];
	bool dead;

	if (*held >> i & 1) {
		refcount_put(i);
		*held &= ~(1u << i);
		return;
	}
	dead = cpuslab_load_acquire_u32(&refcount_killed[i]);
	if (!cpuslab_refcount_try_get(&refcount_counts[i]))
		return;
	if (dead)
		portable_wrong("a get succeeded after the kill");
	*held |= 1u << i;
	refcount_gets[actor->id]++;
}

static void refcount_leave(const struct portable_actor *actor)
{
	uint32_t i;

	for (i = 0; i < REFCOUNT_COUNTS; i++)
		if (refcount_held[actor->id] >> i & 1)
			refcount_put(i);
	refcount_held[actor->id] = 0;
}

/* Some counts are atomic when they are killed, others are killed before. */
static void refcount_change(struct cpuslab_refcount *count)
{
	uint64_t most = structures.actors + 1; /* the first one's as well */
	bool held;

	if (refcount_kills & 1) {
		if (cpuslab_refcount_switch_to_atomic(count) ||
		    cpuslab_refcount_count(count) - 1 > most)
			portable_wrong("an atomic refcount is not exact");
		if (refcount_kills & 4 &&
		    cpuslab_refcount_switch_to_percpu(count))
			portable_wrong("a refcount stays atomic");
	}
	if (!(refcount_kills & 2))
		return;
	held = cpuslab_refcount_try_get(count);
	if (!held || cpuslab_refcount_kill(count) ||
	    cpuslab_refcount_try_get(count) ||
	    cpuslab_refcount_resurrect(count) || cpuslab_refcount_put(count))
		portable_wrong("a refcount was not resurrected");
}

static void refcount_kill(void)
{
	struct cpuslab_refcount *count = &refcount_counts[refcount_kills];
	int result;

	refcount_change(count);
	result = cpuslab_refcount_kill(count);

	if (result || !cpuslab_refcount_is_dying(count))
		portable_wrong("a kill of a refcount failed");
	cpuslab_store_release_u32(&refcount_killed[refcount_kills++], 1);
	if (cpuslab_refcount_kill(count) != CPUSLAB_DIFFERS)
		portable_wrong("a refcount was killed twice");
}

/* One count is never killed before the end. */
static void refcount_look(void)
{
	if (refcount_kills < REFCOUNT_COUNTS - 1 &&
	    ++refcount_looks % REFCOUNT_LOOKS == 0)
		refcount_kill();
}

static const char *refcount_check(bool used)
{
	uint64_t gets = 0;
	uint32_t i;

	while (refcount_kills < refcount_inits)
		refcount_kill();
	for (i = 0; i < refcount_inits; i++)
		if (refcount_released[i] != 1 ||
		    !cpuslab_refcount_is_zero(&refcount_counts[i]))
			return "a refcount was not released once";
	for (i = 0; used && i < structures.actors; i++)
		gets += refcount_gets[i];
	return used && !gets ? "no get succeeded" : NULL;
}

static const char *refcount_stop(bool used)
{
	const char *what = refcount_check(used);

	while (refcount_inits)
		cpuslab_refcount_fini(&refcount_counts[--refcount_inits]);
	cpuslab_port_free(refcount_gets);
	cpuslab_port_free(refcount_held);
	return what;
}

static int refcount_start(void)
{
	int err = CPUSLAB_OK;

	refcount_kills = refcount_looks = 0;
	refcount_held =
		portable_array(structures.actors, 1, sizeof(*refcount_held));
	refcount_gets =
		portable_array(structures.actors, 1, sizeof(*refcount_gets));
	if (!refcount_held || !refcount_gets)
		err = -CPUSLAB_ENOMEM;
	while (refcount_inits < REFCOUNT_COUNTS && !err) {
		refcount_released[refcount_inits] = 0;
		refcount_killed[refcount_inits] = 0;
		err = cpuslab_refcount_init(&refcount_counts[refcount_inits],
					    structures.slab, refcount_release);
		refcount_inits += !err;
	}
	if (err)
		refcount_stop(false);
	return err;
}

const struct portable_part portable_refcount = {
	.start = refcount_start,
	.step = refcount_step,
	.leave = refcount_leave,
	.look = refcount_look,
	.stop = refcount_stop,
};
