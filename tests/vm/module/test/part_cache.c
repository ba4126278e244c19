// SPDX-License-Identifier: MIT
/*
 * part_cache.c - objects that are taken on one processor and given on another:
 * nobody has what another has, and in the end all are back.
 */
#include <linux/bitmap.h>
#include <linux/slab.h>

#include <cpuslab/cache.h>

#include "structures.h"

#define PART_OBJECTS 512
#define PART_HELD 4   /* by one actor, at most */
#define PART_LOOKS 32 /* between two drains */

struct part_object {
	atomic_t taken; /* by an actor */
};

static struct cpuslab_cache part_all;
static struct part_object part_objects[PART_OBJECTS];
static DECLARE_BITMAP(part_out, PART_OBJECTS); /* not in the allocator */
static struct part_object **part_held;         /* [actor][PART_HELD]; W actor */
static atomic64_t part_takes, part_allocs;
static u64 part_looks, part_drains;

static void *part_alloc(void *arg)
{
	unsigned long i;

	do {
		i = find_first_zero_bit(part_out, PART_OBJECTS);
		if (i >= PART_OBJECTS)
			return NULL;
	} while (test_and_set_bit(i, part_out));
	atomic64_inc(&part_allocs);
	return &part_objects[i];
}

static void part_free(void *arg, void *object)
{
	struct part_object *mine = object;

	if (atomic_read(&mine->taken))
		structures_wrong("cache: freed while in use");
	if (!test_and_clear_bit(mine - part_objects, part_out))
		structures_wrong("cache: freed twice");
}

static void part_give(struct part_object **held)
{
	if (!*held)
		return;
	if (atomic_xchg(&(*held)->taken, 0) != 1)
		structures_wrong("cache: somebody else gave it");
	cpuslab_cache_free(&part_all, *held);
	*held = NULL;
}

static void part_step(const struct structures_actor *actor)
{
	struct part_object **held =
		&part_held[actor->id * PART_HELD + actor->round % PART_HELD];

	if (*held) {
		part_give(held);
		return;
	}
	*held = cpuslab_cache_alloc(&part_all);
	if (!*held)
		structures_wrong("cache: more is kept than it may");
	else if (atomic_xchg(&(*held)->taken, 1))
		structures_wrong("cache: given to two");
	atomic64_inc(&part_takes);
}

static void part_leave(const struct structures_actor *actor)
{
	unsigned int i;

	for (i = 0; i < PART_HELD; i++)
		part_give(&part_held[actor->id * PART_HELD + i]);
}

static void part_drain(void)
{
	int result = cpuslab_cache_drain(&part_all);

	if (result)
		structures_wrong("cache: drain: %d", result);
	part_drains++;
}

static void part_look(void)
{
	if (++part_looks % PART_LOOKS == 0)
		part_drain();
}

static int part_stop(void)
{
	unsigned int out;
	u64 allocs = atomic64_read(&part_allocs);

	part_drain();
	out = bitmap_weight(part_out, PART_OBJECTS);
	cpuslab_cache_fini(&part_all);
	kvfree(part_held);
	pr_info("cpuslab_test: cache: %lld taken, %llu of them new, %llu drains\n",
		(s64)atomic64_read(&part_takes), allocs, part_drains);
	return out ? test_wrong("%u objects were lost", out) : 0;
}

static int part_start(void)
{
	const struct cpuslab_cache_config config = {
		.alloc = part_alloc,
		.free = part_free,
		.rounds = 8,
		.magazines = 16,
	};
	int err;

	bitmap_zero(part_out, PART_OBJECTS);
	atomic64_set(&part_takes, 0);
	atomic64_set(&part_allocs, 0);
	part_looks = part_drains = 0;
	part_held = kvcalloc(structures_actors * PART_HELD, sizeof(*part_held),
			     GFP_KERNEL);
	if (!part_held)
		return -ENOMEM;
	err = cpuslab_cache_init(&part_all, test_slab, &config);
	if (err)
		kvfree(part_held);
	return err;
}

const struct structures_part part_cache = {
	.name = "cache",
	.start = part_start,
	.step = part_step,
	.leave = part_leave,
	.look = part_look,
	.stop = part_stop,
};
