// SPDX-License-Identifier: MIT
/*
 * part_refcount.c - references that are got on one processor and put on
 * another, of counts that are killed meanwhile: each is released once.
 */
#include <linux/slab.h>

#include <cpuslab/refcount.h>

#include "structures.h"

#define PART_COUNTS 16
#define PART_LOOKS 16 /* between two kills */

static struct cpuslab_refcount part_counts[PART_COUNTS];
static atomic_t part_released[PART_COUNTS];
static bool part_killed[PART_COUNTS]; /* W looker, after the kill */
static u32 *part_held;                /* [actor]: a bit for each; W actor */
static u64 *part_gets;                /* [actor]; W actor */
static atomic_t part_lasts;           /* puts that were the last */
static unsigned int part_inits, part_kills, part_looks;

static void part_release(struct cpuslab_refcount *refcount)
{
	atomic_inc(&part_released[refcount - part_counts]);
}

static void part_put(unsigned int i)
{
	if (atomic_read(&part_released[i]))
		structures_wrong("refcount %u released with a reference", i);
	if (cpuslab_refcount_put(&part_counts[i]))
		atomic_inc(&part_lasts);
}

static void part_step(const struct structures_actor *actor)
{
	unsigned int i = actor->round % PART_COUNTS;
	u32 *held = &part_held[actor->id];
	bool dead;

	if (*held & BIT(i)) {
		part_put(i);
		*held &= ~BIT(i);
		return;
	}
	dead = smp_load_acquire(&part_killed[i]);
	if (!cpuslab_refcount_try_get(&part_counts[i]))
		return;
	if (dead)
		structures_wrong("got refcount %u after its kill", i);
	*held |= BIT(i);
	part_gets[actor->id]++;
}

static void part_leave(const struct structures_actor *actor)
{
	unsigned int i;

	for (i = 0; i < PART_COUNTS; i++)
		if (part_held[actor->id] & BIT(i))
			part_put(i);
}

static void part_kill(void)
{
	struct cpuslab_refcount *count = &part_counts[part_kills];
	int result = cpuslab_refcount_kill(count);

	if (result || !cpuslab_refcount_is_dying(count))
		structures_wrong("kill of refcount %u: %d", part_kills, result);
	smp_store_release(&part_killed[part_kills++], true);
	if (cpuslab_refcount_kill(count) != CPUSLAB_DIFFERS)
		structures_wrong("refcount %u killed twice", part_kills - 1);
}

static void part_look(void)
{
	if (part_kills < PART_COUNTS - 1 && ++part_looks % PART_LOOKS == 0)
		part_kill();
}

static int part_check(unsigned int i)
{
	if (atomic_read(&part_released[i]) != 1)
		return test_wrong("refcount %u was released %d times", i,
				  atomic_read(&part_released[i]));
	if (!cpuslab_refcount_is_zero(&part_counts[i]))
		return test_wrong("refcount %u is not zero", i);
	return 0;
}

static int part_stop(void)
{
	unsigned int i, during = part_kills;
	u64 gets = 0;
	int err = 0;

	while (part_kills < part_inits)
		part_kill();
	for (i = 0; i < part_inits && !err; i++)
		err = part_check(i);
	for (i = 0; i < structures_actors && part_gets; i++)
		gets += part_gets[i];
	pr_info("cpuslab_test: refcount: %llu gets, %u killed under way, %d ended by a put\n",
		gets, during, atomic_read(&part_lasts));
	while (part_inits)
		cpuslab_refcount_fini(&part_counts[--part_inits]);
	kvfree(part_gets);
	kvfree(part_held);
	return err;
}

static int part_start(void)
{
	int err = 0;

	part_kills = part_looks = 0;
	atomic_set(&part_lasts, 0);
	part_held = kvcalloc(structures_actors, sizeof(*part_held), GFP_KERNEL);
	part_gets = kvcalloc(structures_actors, sizeof(*part_gets), GFP_KERNEL);
	if (!part_held || !part_gets)
		err = -ENOMEM;
	while (part_inits < PART_COUNTS && !err) {
		atomic_set(&part_released[part_inits], 0);
		part_killed[part_inits] = false;
		err = cpuslab_refcount_init(&part_counts[part_inits], test_slab,
					    part_release);
		part_inits += !err;
	}
	if (err)
		part_stop();
	return err;
}

const struct structures_part part_refcount = {
	.name = "refcount",
	.start = part_start,
	.step = part_step,
	.leave = part_leave,
	.look = part_look,
	.stop = part_stop,
};
