/* SPDX-License-Identifier: MIT */
/*
 * portable.c - three steps that prepare, commit, undo and leave in order, the
 * last of which refuses when it is told to.
 */
#include "portable/portable.h"

enum {
	FOLLOWER_NOTHING,
	FOLLOWER_PREPARED,
	FOLLOWER_COMMITTED,
};

#define FOLLOWER_STEPS 3u

static struct cpuslab_follower follower_all;
static uint8_t *follower_state;   /* [CPU][step]; W domain */
static uint32_t follower_refuses; /* this CPU */
/* W domain */
static uint64_t follower_commits, follower_undos, follower_leaves;
static uint64_t follower_refusals;

static uint32_t follower_index(const void *arg)
{
	return (uint32_t)(uintptr_t)arg;
}

/*
 * The steps before this one, this one, those behind it are as @before says;
 * then this one is @after.
 */
static void follower_change(void *arg, uint32_t cpu, const uint8_t *before,
			    uint8_t after)
{
	uint8_t *state = &follower_state[cpu * FOLLOWER_STEPS];
	uint32_t i, index = follower_index(arg);

	for (i = 0; i < FOLLOWER_STEPS; i++)
		if (state[i] != before[i < index ? 0 : i == index ? 1 : 2])
			portable_wrong("a step is out of order");
	state[index] = after;
}

static int follower_prepare(void *arg, uint32_t cpu)
{
	static const uint8_t before[] = { FOLLOWER_PREPARED, FOLLOWER_NOTHING,
					  FOLLOWER_NOTHING };

	if (follower_index(arg) == FOLLOWER_STEPS - 1 &&
	    cpu == cpuslab_load_acquire_u32(&follower_refuses)) {
		cpuslab_fetch_add_u64(&follower_refusals, 1);
		return -CPUSLAB_EACCES;
	}
	follower_change(arg, cpu, before, FOLLOWER_PREPARED);
	return CPUSLAB_OK;
}

static void follower_commit(void *arg, uint32_t cpu)
{
	static const uint8_t before[] = { FOLLOWER_COMMITTED, FOLLOWER_PREPARED,
					  FOLLOWER_PREPARED };

	follower_change(arg, cpu, before, FOLLOWER_COMMITTED);
	follower_commits++;
}

static void follower_undo(void *arg, uint32_t cpu)
{
	static const uint8_t before[] = { FOLLOWER_PREPARED, FOLLOWER_PREPARED,
					  FOLLOWER_NOTHING };

	follower_change(arg, cpu, before, FOLLOWER_NOTHING);
	cpuslab_fetch_add_u64(&follower_undos, 1);
}

static void follower_leave(void *arg, uint32_t cpu)
{
	static const uint8_t before[] = { FOLLOWER_COMMITTED,
					  FOLLOWER_COMMITTED,
					  FOLLOWER_NOTHING };

	follower_change(arg, cpu, before, FOLLOWER_NOTHING);
	follower_leaves++;
}

#define FOLLOWER_STEP(index, text)                                             \
	{                                                                      \
		.name = text, .arg = (void *)(uintptr_t)(index),               \
		.prepare = follower_prepare, .commit = follower_commit,        \
		.undo = follower_undo, .leave = follower_leave,                \
	}

static const struct cpuslab_follower_step follower_steps[FOLLOWER_STEPS] = {
	FOLLOWER_STEP(0, "queues"),
	FOLLOWER_STEP(1, "interrupts"),
	FOLLOWER_STEP(2, "workers"),
};

void portable_refuse(uint32_t cpu)
{
	cpuslab_store_release_u64(&follower_refusals, 0);
	cpuslab_store_release_u64(&follower_undos, 0);
	cpuslab_store_release_u32(&follower_refuses, cpu);
}

/* Each time those before the one that refused were undone, and nobody else. */
bool portable_refused(uint32_t cpu)
{
	uint64_t refusals = cpuslab_load_acquire_u64(&follower_refusals);
	uint32_t i;

	if (!refusals ||
	    cpuslab_follower_refused(&follower_all) != follower_steps[2].name ||
	    cpuslab_load_acquire_u64(&follower_undos) !=
		    refusals * (FOLLOWER_STEPS - 1))
		return false;
	for (i = 0; i < FOLLOWER_STEPS; i++)
		if (follower_state[cpu * FOLLOWER_STEPS + i])
			return false;
	return true;
}

static const char *follower_stop(bool used)
{
	const char *what = NULL;
	size_t i;

	cpuslab_follower_fini(&follower_all);
	for (i = 0; i < (size_t)structures.limit * FOLLOWER_STEPS; i++)
		if (follower_state[i])
			what = "a step kept something";
	if (follower_commits != follower_leaves)
		what = "not all that came have left";
	if (used && !follower_commits)
		what = "nobody was followed";
	cpuslab_port_free(follower_state);
	return what;
}

static int follower_start(void)
{
	int err;

	follower_commits = follower_leaves = 0;
	portable_refuse(CPUSLAB_NO_CPU);
	follower_state = portable_array(structures.limit, FOLLOWER_STEPS, 1);
	if (!follower_state)
		return -CPUSLAB_ENOMEM;
	err = cpuslab_follower_init(&follower_all, structures.domain,
				    follower_steps, FOLLOWER_STEPS);
	if (err)
		cpuslab_port_free(follower_state);
	return err;
}

const struct portable_part portable_follower = {
	.start = follower_start,
	.stop = follower_stop,
};
