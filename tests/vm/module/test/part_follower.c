// SPDX-License-Identifier: MIT
/*
 * part_follower.c - three steps that prepare, commit, undo and leave in order,
 * the last of which refuses when it is told to.
 */
#include <linux/slab.h>

#include <cpuslab/follower.h>

#include "structures.h"

enum {
	PART_NOTHING,
	PART_PREPARED,
	PART_COMMITTED
};

#define PART_STEPS 3

static struct cpuslab_follower part_all;
static u8 *part_state;   /* [processor][step]; W domain */
static u32 part_refuses; /* this processor; 0: none */
static u64 part_commits, part_undos, part_leaves, part_refusals; /* W domain */

/* Which step it is. */
static unsigned int part_index(const void *arg)
{
	return (unsigned int)(unsigned long)arg;
}

/*
 * Steps up to this one are as they shall be before it, those behind it have
 * @behind; then it has @after.
 */
static void part_change(void *arg, u32 cpu, const u8 *before, u8 after)
{
	u8 *state = &part_state[cpu * PART_STEPS];
	unsigned int i, index = part_index(arg);

	for (i = 0; i < PART_STEPS; i++) {
		u8 shall = before[i < index ? 0 : i == index ? 1 : 2];

		if (state[i] != shall)
			structures_wrong(
				"follower: step %u of %u is %u, not %u", i, cpu,
				state[i], shall);
	}
	state[index] = after;
}

static int part_prepare(void *arg, uint32_t cpu)
{
	/* Of the steps before this one, of this one, of those behind it. */
	static const u8 before[] = { PART_PREPARED, PART_NOTHING,
				     PART_NOTHING };

	if (part_index(arg) == PART_STEPS - 1 && cpu &&
	    cpu == READ_ONCE(part_refuses)) {
		part_refusals++;
		return -ENOSPC;
	}
	part_change(arg, cpu, before, PART_PREPARED);
	return 0;
}

static void part_commit(void *arg, uint32_t cpu)
{
	static const u8 before[] = { PART_COMMITTED, PART_PREPARED,
				     PART_PREPARED };

	part_change(arg, cpu, before, PART_COMMITTED);
	part_commits++;
}

static void part_undo(void *arg, uint32_t cpu)
{
	static const u8 before[] = { PART_PREPARED, PART_PREPARED,
				     PART_NOTHING };

	part_change(arg, cpu, before, PART_NOTHING);
	part_undos++;
}

static void part_leave(void *arg, uint32_t cpu)
{
	static const u8 before[] = { PART_COMMITTED, PART_COMMITTED,
				     PART_NOTHING };

	part_change(arg, cpu, before, PART_NOTHING);
	part_leaves++;
}

#define PART_STEP(index, text)                                                 \
	{                                                                      \
		.name = text, .arg = (void *)(index##ul),                      \
		.prepare = part_prepare, .commit = part_commit,                \
		.undo = part_undo, .leave = part_leave,                        \
	}

static const struct cpuslab_follower_step part_steps[PART_STEPS] = {
	PART_STEP(0, "queues"),
	PART_STEP(1, "interrupts"),
	PART_STEP(2, "workers"),
};

int structures_refuse(unsigned int cpu)
{
	WRITE_ONCE(part_refuses, cpu);
	return 0;
}

int structures_refused(unsigned int cpu)
{
	const char *name;
	unsigned int i;

	if (!part_state)
		return test_wrong("the follower is not in use");
	name = cpuslab_follower_refused(&part_all);
	if (!part_refusals || !name || strcmp(name, "workers"))
		return test_wrong("%llu refusals, the last by %s",
				  part_refusals, name ? name : "nobody");
	if (part_undos != part_refusals * (PART_STEPS - 1))
		return test_wrong("%llu undone in %llu refusals", part_undos,
				  part_refusals);
	for (i = 0; i < PART_STEPS; i++)
		if (cpu >= nr_cpu_ids || part_state[cpu * PART_STEPS + i])
			return test_wrong("step %u kept something", i);
	return 0;
}

static void part_step(const struct structures_actor *actor)
{
}

static int part_stop(void)
{
	size_t i;
	int err = 0;

	cpuslab_follower_fini(&part_all);
	pr_info("cpuslab_test: follower: %llu commits, %llu leaves, %llu refusals, %llu undone\n",
		part_commits, part_leaves, part_refusals, part_undos);
	for (i = 0; i < (size_t)nr_cpu_ids * PART_STEPS; i++)
		if (part_state[i])
			err = test_wrong("follower: something was kept");
	if (part_commits != part_leaves)
		err = test_wrong("follower: not all that came left");
	kvfree(part_state);
	part_state = NULL;
	return err;
}

static int part_start(void)
{
	int err;

	part_commits = part_undos = part_leaves = part_refusals = 0;
	part_refuses = 0;
	part_state = kvcalloc(nr_cpu_ids, PART_STEPS, GFP_KERNEL);
	if (!part_state)
		return -ENOMEM;
	err = cpuslab_follower_init(&part_all, test_hp.domain, part_steps,
				    PART_STEPS);
	if (!err)
		return 0;
	kvfree(part_state);
	part_state = NULL;
	return err;
}

const struct structures_part part_follower = {
	.name = "follower",
	.start = part_start,
	.step = part_step,
	.stop = part_stop,
};
