// SPDX-License-Identifier: MIT
/*
 * part_bounded.c - the bounds hold what was counted, all the time; the sum is
 * exact in the end.
 */
#include <linux/slab.h>

#include <cpuslab/bounded.h>

#include "structures.h"

#define PART_BATCH 32

static struct cpuslab_bounded part_counter;
static u64 *part_begun; /* [actor]; W actor, before the add */
static u64 *part_ended; /* [actor]; W actor, after it */
static u64 part_looks;

static void part_step(const struct structures_actor *actor)
{
	/* Now and then more than it counts in steps. */
	u64 value = actor->round % 64 ? actor->round % 3 + 1 :
					2 * CPUSLAB_BOUNDED_STEPS;
	u64 after = part_begun[actor->id] + value;

	WRITE_ONCE(part_begun[actor->id], after);
	smp_wmb(); /* pairs with part_look() */
	cpuslab_bounded_add(&part_counter, value);
	smp_store_release(&part_ended[actor->id], after);
}

static u64 part_sum(const u64 *of)
{
	u64 sum = 0;
	u32 i;

	for (i = 0; i < structures_actors; i++)
		sum += smp_load_acquire(&of[i]);
	return sum;
}

static void part_look(void)
{
	u64 ended = part_sum(part_ended), begun, least, most;

	cpuslab_bounded_bounds(&part_counter, &least, &most);
	smp_rmb(); /* pairs with part_step() */
	begun = part_sum(part_begun);
	if (least > begun || most < ended)
		structures_wrong("bounded: %llu to %llu, but %llu to %llu came",
				 least, most, ended, begun);
	part_looks++;
}

static u64 part_copies(void)
{
	u64 copies = 1; /* the overflow's */
	u32 cpu;

	cpuslab_read_enter();
	for (cpu = cpuslab_peek_next(&part_counter.ref, 0);
	     cpu != CPUSLAB_NO_CPU;
	     cpu = cpuslab_peek_next(&part_counter.ref, cpu + 1))
		copies++;
	cpuslab_read_exit();
	return copies;
}

static int part_check(void)
{
	u64 sum = cpuslab_bounded_sum(&part_counter);
	u64 expected = part_sum(part_ended);
	u64 least, most;

	cpuslab_bounded_bounds(&part_counter, &least, &most);
	pr_info("cpuslab_test: bounded: %llu counted, %llu expected, bounds %llu to %llu, %llu looks\n",
		sum, expected, least, most, part_looks);
	if (sum != expected || !sum)
		return test_wrong("the bounded counter is not exact");
	if (least > sum || most < sum)
		return test_wrong("the sum is out of bounds");
	if (most - least != PART_BATCH * part_copies())
		return test_wrong("the bounds are not %d for each copy apart",
				  PART_BATCH);
	return 0;
}

static void part_free(void)
{
	kvfree(part_ended);
	kvfree(part_begun);
	cpuslab_bounded_fini(&part_counter);
}

static int part_stop(void)
{
	int err = part_check();

	part_free();
	return err;
}

static int part_start(void)
{
	int err = cpuslab_bounded_init(&part_counter, test_slab, PART_BATCH);

	if (err)
		return err;
	part_looks = 0;
	part_begun = kvcalloc(structures_actors, sizeof(u64), GFP_KERNEL);
	part_ended = kvcalloc(structures_actors, sizeof(u64), GFP_KERNEL);
	if (part_begun && part_ended)
		return 0;
	part_free();
	return -ENOMEM;
}

const struct structures_part part_bounded = {
	.name = "bounded",
	.start = part_start,
	.step = part_step,
	.look = part_look,
	.stop = part_stop,
};
