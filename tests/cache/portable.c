/* SPDX-License-Identifier: MIT */
/*
 * portable.c - objects that are allocated on one CPU and freed on another: no
 * object is handed out twice, and in the end the allocator has all of them
 * back.
 */
#include "portable/portable.h"

#define CACHE_OBJECTS 512u
#define CACHE_HELD 4u   /* by one actor, at most */
#define CACHE_LOOKS 16u /* between two drains */

struct cache_object {
	uint32_t out;   /* taken from the allocator */
	uint32_t taken; /* taken from the cache by an actor */
};

static struct cpuslab_cache cache_all;
static struct cache_object cache_objects[CACHE_OBJECTS];
static struct cache_object **cache_held; /* [actor][CACHE_HELD]; W actor */
static uint64_t cache_takes, cache_allocs;
static uint32_t cache_looks;

static void *cache_alloc(void *arg)
{
	uint32_t i;

	(void)arg;
	for (i = 0; i < CACHE_OBJECTS; i++)
		if (!cpuslab_load_relaxed_u32(&cache_objects[i].out) &&
		    !cpuslab_exchange_u32(&cache_objects[i].out, 1)) {
			cpuslab_fetch_add_u64(&cache_allocs, 1);
			return &cache_objects[i];
		}
	return NULL;
}

static void cache_free(void *arg, void *object)
{
	struct cache_object *mine = object;

	(void)arg;
	if (cpuslab_load_acquire_u32(&mine->taken))
		portable_wrong("an object was freed while in use");
	if (!cpuslab_exchange_u32(&mine->out, 0))
		portable_wrong("an object was freed twice");
}

static void cache_give(struct cache_object **held)
{
	if (!*held)
		return;
	if (cpuslab_exchange_u32(&(*held)->taken, 0) != 1)
		portable_wrong(
			"an object was freed that its owner did not have");
	cpuslab_cache_free(&cache_all, *held);
	*held = NULL;
}

static void cache_step(const struct portable_actor *actor)
{
	struct cache_object **held =
		&cache_held[actor->id * CACHE_HELD + actor->round % CACHE_HELD];

	if (*held) {
		cache_give(held);
		return;
	}
	*held = cpuslab_cache_alloc(&cache_all);
	if (!*held)
		portable_wrong("a cache holds more objects than it may");
	else if (cpuslab_exchange_u32(&(*held)->taken, 1))
		portable_wrong("an object was handed out twice");
	cpuslab_fetch_add_u64(&cache_takes, 1);
}

static void cache_leave(const struct portable_actor *actor)
{
	uint32_t i;

	for (i = 0; i < CACHE_HELD; i++)
		cache_give(&cache_held[actor->id * CACHE_HELD + i]);
}

/*
 * Not whole if a CPU is added meanwhile; with atomics the port cannot tell
 * whether an operation is in progress.
 */
static void cache_drain(bool whole)
{
	int result = cpuslab_cache_drain(&cache_all);

	whole = whole && !cpuslab_port_uses_atomics();
	if (result && (whole || result != CPUSLAB_PARTIAL))
		portable_wrong("a cache was not drained");
}

static uint32_t cache_count_out(void)
{
	uint32_t i, count = 0;

	for (i = 0; i < CACHE_OBJECTS; i++)
		count += cpuslab_load_acquire_u32(&cache_objects[i].out);
	return count;
}

static void cache_look(void)
{
	if (++cache_looks % CACHE_LOOKS == 0)
		cache_drain(false);
}

static const char *cache_stop(bool used)
{
	const char *what = NULL;

	cache_drain(true);
	if (cache_count_out() && !cpuslab_port_uses_atomics())
		what = "a drained cache still had an object";
	cpuslab_cache_fini(&cache_all);
	cpuslab_port_free(cache_held);
	if (cache_count_out())
		what = "an object was lost";
	/* Most allocations must come from the cache. */
	if (used && cache_allocs >= cache_takes)
		what = "a cache cached nothing";
	return what;
}

static int cache_start(void)
{
	const struct cpuslab_cache_config config = {
		.alloc = cache_alloc,
		.free = cache_free,
		.rounds = 8,
		.magazines = 16,
	};
	int err;

	memset(cache_objects, 0, sizeof(cache_objects));
	cache_takes = cache_allocs = cache_looks = 0;
	cache_held = portable_array(structures.actors, CACHE_HELD,
				    sizeof(*cache_held));
	if (!cache_held)
		return -CPUSLAB_ENOMEM;
	err = cpuslab_cache_init(&cache_all, structures.slab, &config);
	if (err)
		cpuslab_port_free(cache_held);
	return err;
}

const struct portable_part portable_cache = {
	.start = cache_start,
	.step = cache_step,
	.leave = cache_leave,
	.look = cache_look,
	.stop = cache_stop,
};
