/* SPDX-License-Identifier: MIT */
/*
 * cache.c - exchange magazines at the depot, or call the backing allocator.
 *
 * INV: a magazine is on one stack (a CPU's, the shared block's, the depot's
 * full or empty one) or popped by one thread. On the depot's full stack it has
 * rounds objects, on the empty one none.
 */
#include <cpuslab/cache.h>

#include <cpuslab/cpumask.h>
#include <cpuslab/percid.h>

#include "stack_internal.h"
#include "../core/client_internal.h"
#include "../core/slab_internal.h"
#include "../core/slow.h"

#define CACHE_ROUNDS 32
#define CACHE_MAGAZINES 256
#define CACHE_LEAST_SHARE 2 /* one that is used, one that is exchanged */

/* Magazines that were allocated together, and follow, aligned as it is. */
struct cpuslab__cache_batch {
	struct cpuslab__cache_batch *next;
	cpuslab_word magazines;
};

/* One CPU's copy. */
struct cache_counts {
	uint64_t allocs, frees, refills;
};

static const struct cpuslab_type cache_counts_type = {
	.name = "cpuslab_cache",
	.size = sizeof(struct cache_counts),
	.counters = sizeof(struct cache_counts) / sizeof(uint64_t),
};

static void *cache_backing_alloc(struct cpuslab_cache *cache)
{
	cpuslab_add(&cache->counts, offsetof(struct cache_counts, allocs), 1);
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
		cpuslab_add(&cache->counts,
			    offsetof(struct cache_counts, refills), 1);
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
	cpuslab_add(&cache->counts, offsetof(struct cache_counts, frees), 1);
	cache_backing_free(cache, object);
}

static uint64_t cache_sum(const struct cpuslab_cache *cache, size_t offset)
{
	return cpuslab_sum(&cache->counts, offset);
}

void cpuslab__cache_stats_fill(const struct cpuslab_cache *cache,
			       struct cpuslab_cache_stats *stats)
{
	struct cpuslab_cache_stats own;

	own.allocs = cache_sum(cache, offsetof(struct cache_counts, allocs));
	own.frees = cache_sum(cache, offsetof(struct cache_counts, frees));
	own.refills = cache_sum(cache, offsetof(struct cache_counts, refills));
	own.magazines = cpuslab_load_relaxed_u32(&cache->magazines);
	cpuslab__stats_store(stats, &own, sizeof(own));
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
	uint32_t left = cpuslab_load_relaxed_u32(&cache->magazines);
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

/* ---- magazines ----------------------------------------------------------- */

static size_t cache_stride(const struct cpuslab_cache *cache)
{
	size_t bytes = sizeof(struct cpuslab__magazine) +
		       (size_t)cache->rounds * sizeof(void *);

	return (bytes + 15) & ~(size_t)15;
}

static struct cpuslab_node *cache_magazine(const struct cpuslab_cache *cache,
					   struct cpuslab__cache_batch *batch,
					   uint64_t i)
{
	return (struct cpuslab_node *)(void *)((char *)(batch + 1) +
					       i * cache_stride(cache));
}

/* Add empty magazines to the depot. */
static int cache_add(struct cpuslab_cache *cache, uint32_t magazines)
{
	struct cpuslab__cache_batch *batch;
	uint32_t i;

	batch = cpuslab_port_zalloc(sizeof(*batch) +
				    magazines * cache_stride(cache));
	if (!batch)
		return -CPUSLAB_ENOMEM;
	batch->magazines = magazines;
	batch->next = cache->batches;
	cache->batches = batch;
	for (i = 0; i < magazines; i++)
		cache_depot_push(&cache->empty,
				 cache_magazine(cache, batch, i));
	cpuslab_store_relaxed_u32(&cache->magazines,
				  cache->magazines + magazines);
	return CPUSLAB_OK;
}

/* If there is no memory for its share, a CPU tries again when it returns. */
static void cache_complete(struct cpuslab_client *client, uint32_t cpu)
{
	struct cpuslab_cache *cache = client->arg;

	if (!cache->brought[cpu] && !cache_add(cache, cache->share))
		cache->brought[cpu] = 1;
}

static const struct cpuslab_client_ops cache_ops = {
	.complete = cache_complete,
};

/* ---- init and fini ------------------------------------------------------- */

static int cache_configure(struct cpuslab_cache *cache,
			   const struct cpuslab_cache_config *config)
{
	struct cpuslab_cache_config own;
	int err = CPUSLAB__CONFIG_LOAD(&own, cpuslab_cache_config, magazines,
				       config);

	memset(cache, 0, sizeof(*cache));
	if (err || !own.alloc || !own.free ||
	    own.rounds > CPUSLAB_CACHE_MAX_ROUNDS ||
	    own.magazines > CPUSLAB_CACHE_MAX_MAGAZINES)
		return -CPUSLAB_EINVAL;
	if (!own.rounds)
		own.rounds = CACHE_ROUNDS;
	if (!own.magazines)
		own.magazines = CACHE_MAGAZINES;
	cache->config = own;
	cache->rounds = own.rounds;
	return CPUSLAB_OK;
}

/* The CPUs that are online now have theirs; what is the share of one? */
static void cache_set_share(struct cpuslab_cache *cache,
			    const struct cpuslab_domain *domain)
{
	const struct cpuslab_cpumask *mask = cpuslab_cpumask_get(domain);
	uint32_t count = cpuslab_cpumask_count(mask), cpu;

	for (cpu = cpuslab_cpumask_next(mask, 0); cpu != CPUSLAB_NO_CPU;
	     cpu = cpuslab_cpumask_next(mask, cpu + 1))
		cache->brought[cpu] = 1;
	cpuslab_cpumask_put(mask);
	if (!count)
		count = 1;
	cache->share = (cache->config.magazines + count - 1) / count;
	if (cache->share < CACHE_LEAST_SHARE)
		cache->share = CACHE_LEAST_SHARE;
}

static int cache_follow(struct cpuslab_cache *cache,
			struct cpuslab_domain *domain)
{
	if (!domain)
		return -CPUSLAB_ESHUTDOWN; /* destroyed before the slab */
	cache->brought = cpuslab_port_zalloc(cpuslab_domain_limit(domain));
	if (!cache->brought)
		return -CPUSLAB_ENOMEM;
	cache_set_share(cache, domain);
	cache->client.ops = &cache_ops;
	cache->client.name = "cpuslab_cache";
	cache->client.arg = cache;
	cache->client.order = CPUSLAB_CLIENT_ORDER_CACHE;
	return cpuslab_client_init(&cache->client, domain);
}

static void cache_free_memory(struct cpuslab_cache *cache)
{
	struct cpuslab__cache_batch *batch;

	cpuslab_stack_fini(&cache->stack);
	cpuslab_free(cache->stack.slab, &cache->counts);
	cpuslab_port_free(cache->brought);
	while ((batch = cache->batches)) {
		cache->batches = batch->next;
		cpuslab_port_free(batch);
	}
}

int cpuslab_cache_init(struct cpuslab_cache *cache, struct cpuslab_slab *slab,
		       const struct cpuslab_cache_config *config)
{
	int err = cache_configure(cache, config);

	if (err)
		return err;
	err = cpuslab_stack_init(&cache->stack, slab);
	if (!err)
		err = cpuslab_alloc(slab, &cache_counts_type, &cache->counts);
	if (!err)
		err = cache_add(cache, cache->config.magazines);
	if (!err)
		err = cache_follow(cache, slab->client.domain);
	if (err) {
		cache_free_memory(cache);
		memset(cache, 0, sizeof(*cache));
	}
	return err;
}

void cpuslab_cache_fini(struct cpuslab_cache *cache)
{
	struct cpuslab__cache_batch *batch;
	uint64_t i;

	if (cpuslab__client_unregister(&cache->client))
		return; /* called in a callback; already logged */
	for (batch = cache->batches; batch; batch = batch->next)
		for (i = 0; i < batch->magazines; i++)
			cache_magazine_drain(cache,
					     cache_magazine(cache, batch, i));
	cache_free_memory(cache);
}

int cpuslab_percid_cache_init(struct cpuslab_percid_cache *cache,
			      struct cpuslab_slab *slab,
			      const struct cpuslab_cache_config *config)
{
	int err = cpuslab_cache_init(&cache->cache, slab, config);

	memset(&cache->magazines, 0, sizeof(cache->magazines));
	if (err)
		return err;
	cache->magazines.copies = cache->cache.stack.handle;
	cpuslab__percid_init(&cache->magazines);
	return CPUSLAB_OK;
}

void cpuslab_percid_cache_fini(struct cpuslab_percid_cache *cache)
{
	cpuslab_cache_fini(&cache->cache);
}
