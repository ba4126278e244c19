/* SPDX-License-Identifier: MIT */
/*
 * cache.c - exchange magazines at the depot, or call the backing allocator.
 *
 * INV: a magazine is on one stack (a CPU's, the shared block's, the depot's
 * full or empty one) or popped by one thread. On the depot's full stack it has
 * rounds objects, on the empty one none.
 */
#include <cpuslab/cache.h>

#include "stack_internal.h"
#include "../core/shared.h"
#include "../core/slow.h"

#define CACHE_ROUNDS 32
#define CACHE_MAGAZINES 256

static void *cache_backing_alloc(struct cpuslab_cache *cache)
{
	return cache->config.alloc(cache->config.arg);
}

static void cache_backing_free(struct cpuslab_cache *cache, void *object)
{
	cache->config.free(cache->config.arg, object);
}

static void cache_depot_push(struct cpuslab_pair *depot,
			     struct cpuslab_node *node)
{
	cpuslab__shared_push(depot, node, node);
}

/* Has the stack another magazine, so that this one may go to the depot? */
static bool cache_is_surplus(const struct cpuslab_node *node)
{
	return cpuslab_load_relaxed_ptr(&node->next);
}

/* Pop another magazine of this CPU, or NULL. */
static struct cpuslab_node *cache_pop(struct cpuslab_cache *cache)
{
	struct cpuslab_node *node;

	return cpuslab_stack_pop(&cache->stack, &node) ? NULL : node;
}

/*
 * Move empty magazines to the depot, but for the CPU's last. Several can be on
 * one CPU, since threads that have popped one migrate.
 */
static struct cpuslab_node *cache_skip_empty(struct cpuslab_cache *cache,
					     struct cpuslab_node *node)
{
	while (node && !*cpuslab__magazine_count(node) &&
	       cache_is_surplus(node)) {
		cache_depot_push(&cache->empty, node);
		node = cache_pop(cache);
	}
	return node;
}

/* Take an object from @node, which has been popped and is not empty. */
static void *cache_take(struct cpuslab_cache *cache, struct cpuslab_node *node)
{
	uint64_t *count = cpuslab__magazine_count(node);
	void *object = cpuslab__magazine_objects(node)[--*count];

	cpuslab_stack_push(&cache->stack, node);
	return object;
}

void *cpuslab__cache_slow_alloc(struct cpuslab_cache *cache,
				struct cpuslab_node *node)
{
	struct cpuslab_node *full;

	if (cpuslab_percpu_is_null(&cache->stack.handle))
		return NULL; /* never initialised */
	node = cache_skip_empty(cache, node);
	if (node && *cpuslab__magazine_count(node))
		return cache_take(cache, node);
	if (!cpuslab__shared_pop(&cache->full, &full)) {
		if (node)
			cache_depot_push(&cache->empty, node);
		return cache_take(cache, full);
	}
	if (node)
		cpuslab_stack_push(&cache->stack, node);
	return cache_backing_alloc(cache);
}

/* Put @object into @node, which has been popped and is not full. */
static void cache_put(struct cpuslab_cache *cache, struct cpuslab_node *node,
		      void *object)
{
	uint64_t *count = cpuslab__magazine_count(node);

	cpuslab__magazine_objects(node)[(*count)++] = object;
	cpuslab_stack_push(&cache->stack, node);
}

static struct cpuslab_node *cache_skip_full(struct cpuslab_cache *cache,
					    struct cpuslab_node *node)
{
	while (node && *cpuslab__magazine_count(node) == cache->rounds &&
	       cache_is_surplus(node)) {
		cache_depot_push(&cache->full, node);
		node = cache_pop(cache);
	}
	return node;
}

void cpuslab__cache_slow_free(struct cpuslab_cache *cache,
			      struct cpuslab_node *node, void *object)
{
	struct cpuslab_node *empty;

	if (cpuslab_percpu_is_null(&cache->stack.handle))
		return; /* never initialised: not an object of this cache */
	node = cache_skip_full(cache, node);
	if (node && *cpuslab__magazine_count(node) < cache->rounds) {
		cache_put(cache, node, object);
		return;
	}
	if (!cpuslab__shared_pop(&cache->empty, &empty)) {
		if (node)
			cache_depot_push(&cache->full, node);
		cache_put(cache, empty, object);
		return;
	}
	if (node)
		cpuslab_stack_push(&cache->stack, node);
	cache_backing_free(cache, object);
}

/* ---- drain --------------------------------------------------------------- */

static void cache_magazine_drain(struct cpuslab_cache *cache,
				 struct cpuslab_node *node)
{
	uint64_t *count = cpuslab__magazine_count(node);

	while (*count)
		cache_backing_free(cache,
				   cpuslab__magazine_objects(node)[--*count]);
}

/* Drain one stack; bounded, since others may push meanwhile. */
static void cache_stack_drain(struct cpuslab_cache *cache,
			      struct cpuslab_pair *top)
{
	uint32_t left = cache->config.magazines;
	struct cpuslab_node *node;

	while (left-- && !cpuslab__shared_pop(top, &node)) {
		cache_magazine_drain(cache, node);
		cache_depot_push(&cache->empty, node);
	}
}

int cpuslab_cache_drain(struct cpuslab_cache *cache)
{
	int result = cpuslab__stack_drain_all(&cache->stack);

	if (result < 0)
		return result;
	cache_stack_drain(cache, &cache->full);
	cache_stack_drain(cache,
			  cpuslab__shared_block(&cache->stack.handle, 0));
	return result;
}

/* ---- init and fini ------------------------------------------------------- */

static size_t cache_stride(const struct cpuslab_cache *cache)
{
	size_t bytes = sizeof(struct cpuslab__magazine) +
		       (size_t)cache->rounds * sizeof(void *);

	return (bytes + 15) & ~(size_t)15;
}

static struct cpuslab_node *cache_magazine(const struct cpuslab_cache *cache,
					   uint32_t i)
{
	return (struct cpuslab_node *)(void *)(cache->memory +
					       i * cache_stride(cache));
}

static int cache_configure(struct cpuslab_cache *cache,
			   const struct cpuslab_cache_config *config)
{
	memset(cache, 0, sizeof(*cache));
	if (!config || !config->alloc || !config->free ||
	    config->rounds > CPUSLAB_CACHE_MAX_ROUNDS ||
	    config->magazines > CPUSLAB_CACHE_MAX_MAGAZINES)
		return -CPUSLAB_EINVAL;
	cache->config = *config;
	if (!config->rounds)
		cache->config.rounds = CACHE_ROUNDS;
	cache->rounds = cache->config.rounds;
	if (!config->magazines)
		cache->config.magazines = CACHE_MAGAZINES;
	return CPUSLAB_OK;
}

int cpuslab_cache_init(struct cpuslab_cache *cache, struct cpuslab_slab *slab,
		       const struct cpuslab_cache_config *config)
{
	int err = cache_configure(cache, config);
	uint32_t i;

	if (err)
		return err;
	cache->memory = cpuslab_port_zalloc(cache->config.magazines *
					    cache_stride(cache));
	err = cache->memory ? cpuslab_stack_init(&cache->stack, slab) :
			      -CPUSLAB_ENOMEM;
	if (err) {
		cpuslab_port_free(cache->memory);
		memset(cache, 0, sizeof(*cache));
		return err;
	}
	for (i = 0; i < cache->config.magazines; i++)
		cache_depot_push(&cache->empty, cache_magazine(cache, i));
	return CPUSLAB_OK;
}

void cpuslab_cache_fini(struct cpuslab_cache *cache)
{
	uint32_t i;

	for (i = 0; i < cache->config.magazines; i++)
		cache_magazine_drain(cache, cache_magazine(cache, i));
	cpuslab_stack_fini(&cache->stack);
	cpuslab_port_free(cache->memory);
}
