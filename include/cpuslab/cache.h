/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_CACHE_H
#define CPUSLAB_CACHE_H
/*
 * cache.h - an object cache: free objects of one size, kept on each CPU in
 * front of an allocator of yours.
 *
 *	cpu 0      magazine 3/8 -> magazine 8/8		a stack on each CPU
 *	cpu 5      magazine 1/8
 *	shared     magazine 2/8				of removed CPUs
 *	depot      full: 8/8 -> 8/8      empty: 0/8	global, by atomics
 *	           |
 *	           your alloc(), your free()
 *
 * The design is Jeff Bonwick's magazines. On the fast path one section takes an
 * object out of the newest magazine of this CPU's stack, or puts one in, and
 * commits with the magazine's count. Where the port has no such sections, and
 * where that magazine is full or empty, the caller pops a magazine, which makes
 * it exclusive, works on it, and pushes it back or exchanges it at the depot.
 * The two paths are safe together. A pop runs on the CPU that owns the stack,
 * so it aborts any section there that had already read the magazine; code
 * that takes magazines from another CPU fences that CPU first.
 *
 * Bound: init makes @magazines magazines for the CPUs that are online in the
 * slab's domain. Each further CPU that the domain adds brings its share: as
 * many as there are for one of these, and at least two. They stay until fini,
 * and the CPU brings none when it returns. All CPUs together cache at most
 * (all magazines) * @rounds objects. A caller that finds no magazine uses your
 * allocator: on a CPU that the domain does not know, or whose magazines could
 * not be allocated. cpuslab_cache_stats_get() counts that.
 *
 * The cache neither reads nor writes the objects, so your allocator may reuse
 * or unmap them at once. An object is known by its address, which must be in
 * memory of yours.
 *
 * Remote frees: an object goes into a magazine of the CPU that frees it.
 * Objects freed on another CPU come back one magazine at a time through the
 * depot and serve whichever CPU runs out next, not necessarily the one that
 * allocated them. Once enough are in flight the backing allocator is no longer
 * called.
 *
 * NUMA: use one cache for each node. Allocate from the cache of the node that
 * you run on, and free to the cache of the node that the object belongs to,
 * which only you can know (from its address, or from a word before it). The
 * object then reaches that cache's depot, from which the CPUs of its own node
 * take magazines. Each cache needs at least two magazines for each CPU that
 * uses it; with fewer, frees go to your allocator.
 *
 * When a CPU is removed, its magazines move to the shared block, where every
 * CPU finds them; in atomic mode, and where blocks are retained, that happens
 * at the next trim or cpuslab_cache_drain(). A magazine that another thread has
 * popped is lost when that thread is killed, and lost to the child of a fork.
 *
 * The struct must not be copied or moved after init.
 *
 * Not for objects of which few are in use (allocate them directly), nor where
 * an object must return to the CPU that it came from.
 */

#include <cpuslab/client.h>
#include <cpuslab/stack.h>

CPUSLAB_BEGIN

#define CPUSLAB_CACHE_MAX_ROUNDS 1024u
#define CPUSLAB_CACHE_MAX_MAGAZINES (1u << 16)

struct cpuslab_cache_config {
	size_t size; /* of this struct; see sized.h */
	/*
	 * The backing allocator. alloc returns NULL if there is no memory;
	 * neither may throw.
	 */
	void *(*alloc)(void *arg)CPUSLAB_NOEXCEPT;
	void (*free)(void *arg, void *object) CPUSLAB_NOEXCEPT;
	void *arg;          /* passed to both */
	uint32_t rounds;    /* objects per magazine; 0: 32 */
	uint32_t magazines; /* of the CPUs online at init; 0: 256 */
};

/* Counts since init, and the number of magazines. */
struct cpuslab_cache_stats {
	size_t size;        /* set by the call; see sized.h */
	uint64_t allocs;    /* calls of config.alloc, failed ones included */
	uint64_t frees;     /* calls of config.free by cpuslab_cache_free() */
	uint64_t refills;   /* full magazines that came from the depot */
	uint64_t magazines; /* in total */
};

struct cpuslab__cache_batch;

struct cpuslab_cache {
	struct cpuslab_stack stack;         /* of magazines; W init; R any */
	uint64_t rounds;                    /* objects; W init; R any */
	struct cpuslab_cache_config config; /* W init; R any */
	struct cpuslab_percpu counts;       /* W init; R any */
	/* W init, domain mutex */
	struct cpuslab_client client;
	struct cpuslab__cache_batch *batches; /* all magazines */
	uint8_t *brought;   /* [limit]: has a CPU its share? */
	uint32_t share;     /* of a CPU that comes later */
	uint32_t magazines; /* in all batches; R any */
	char pad_before[CPUSLAB_CACHE_LINE];
	struct cpuslab_pair full;  /* {newest, tag}; W, R any, by atomics */
	struct cpuslab_pair empty; /* likewise */
	char pad_after[CPUSLAB_CACHE_LINE];
};

CPUSLAB_API void *cpuslab__cache_slow_alloc(struct cpuslab_cache *cache,
					    struct cpuslab_node *node);
CPUSLAB_API void cpuslab__cache_slow_free(struct cpuslab_cache *cache,
					  struct cpuslab_node *node,
					  void *object);

/**
 * cpuslab_cache_init() - set up an empty cache.
 * @cache:  resident memory of the caller.
 * @slab:   where its copies are allocated; outlives it.
 * @config: alloc and free are set; rounds at most CPUSLAB_CACHE_MAX_ROUNDS,
 *          magazines at most CPUSLAB_CACHE_MAX_MAGAZINES.
 *
 * Context: may sleep; allocates @magazines * (16 + 8 * @rounds) bytes; not in a
 *          callback of the slab's domain.
 * Return:  as cpuslab_alloc() and cpuslab_client_init(); -CPUSLAB_EINVAL
 *          without callbacks, for numbers out of range, or for a size that
 *          sized.h refuses.
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_APC int
cpuslab_cache_init(CPUSLAB_OUT struct cpuslab_cache *cache,
		   CPUSLAB_INOUT struct cpuslab_slab *slab,
		   CPUSLAB_IN const struct cpuslab_cache_config *config);

/**
 * cpuslab_cache_fini() - free a cache that is no longer used.
 * @cache: set up by cpuslab_cache_init().
 *
 * Cached objects are passed to config.free.
 *
 * Context: may sleep; not in a callback of the slab's domain (an assertion;
 *          release builds log it and do nothing).
 */
CPUSLAB_API CPUSLAB_APC void
cpuslab_cache_fini(CPUSLAB_INOUT struct cpuslab_cache *cache);

/**
 * cpuslab_cache_drain() - pass all cached objects to config.free.
 * @cache: set up by cpuslab_cache_init().
 *
 * While magazines are taken from the CPUs' stacks, operations on all objects of
 * the slab use the shared block: exact but slower, for the time of one fence
 * (in kernels, a grace period). Objects in a magazine that another thread has
 * popped at that moment stay.
 *
 * Context: may sleep. Not in a callback of the slab or of its domain.
 * Return:  CPUSLAB_OK; CPUSLAB_PARTIAL if the fence failed, or a CPU was added
 *          meanwhile, and some CPUs keep their objects; -CPUSLAB_EBUSY in a
 *          callback of the slab; -CPUSLAB_EINVAL if it was not initialised.
 */
CPUSLAB_API CPUSLAB_APC int
cpuslab_cache_drain(CPUSLAB_INOUT struct cpuslab_cache *cache);

/* With stats->size set. */
CPUSLAB_API void cpuslab__cache_stats_fill(const struct cpuslab_cache *cache,
					   struct cpuslab_cache_stats *stats);

/**
 * cpuslab_cache_stats_get() - read how often the cache called your allocator.
 * @cache: set up by cpuslab_cache_init().
 * @stats: filled.
 *
 * Divided by the number of your calls of cpuslab_cache_alloc(), @allocs is the
 * share of objects that no CPU had cached. The cache does not count these
 * calls: that would cost as much as the allocation.
 *
 * Context: any. Wait-free; O(CPUs in use).
 */
CPUSLAB_INLINE CPUSLAB_HIGH void
cpuslab_cache_stats_get(CPUSLAB_IN const struct cpuslab_cache *cache,
			CPUSLAB_OUT struct cpuslab_cache_stats *stats)
{
	stats->size = sizeof(*stats);
	cpuslab__cache_stats_fill(cache, stats);
}

/* The objects of a magazine that the caller has popped. */
CPUSLAB_INLINE void **cpuslab__magazine_objects(struct cpuslab_node *node)
{
	return (void **)((struct cpuslab__magazine *)(void *)node + 1);
}

CPUSLAB_INLINE uint64_t *cpuslab__magazine_count(struct cpuslab_node *node)
{
	return &((struct cpuslab__magazine *)(void *)node)->count;
}

/**
 * cpuslab_cache_alloc() - take a cached object, or allocate a new one.
 * @cache: set up by cpuslab_cache_init().
 *
 *	section {
 *		cpu = this CPU
 *		if cpu >= handle.limit or not live[cpu]: slow path
 *		if no magazine, or magazine.count is 0: slow path
 *		object = magazine.objects[magazine.count - 1]
 *		commit: magazine.count -= 1
 *	}
 *	slow path:
 *		pop a magazine
 *		if it is empty: exchange it for a full one, or call alloc()
 *		take the newest object
 *		push the magazine
 *
 * Context: as config.alloc. The cache itself takes no lock and never waits.
 * Order:   acquire; sees what was written before the object was freed.
 * Return:  the object, or NULL if config.alloc returned NULL.
 */
CPUSLAB_NODISCARD CPUSLAB_INLINE CPUSLAB_HIGH void *
cpuslab_cache_alloc(CPUSLAB_INOUT struct cpuslab_cache *cache)
{
	struct cpuslab_node *node = NULL;
	uint64_t count;
	void *object = NULL;

	cpuslab__assert_own(&cache->stack.handle);
	if (cpuslab_likely(!cpuslab_port_magazine_pop(&cache->stack.handle, 0,
						      &object)))
		return object;
	if (cpuslab_unlikely(cpuslab_stack_pop(&cache->stack, &node)))
		return cpuslab__cache_slow_alloc(cache, NULL);
	count = *cpuslab__magazine_count(node);
	if (cpuslab_unlikely(!count))
		return cpuslab__cache_slow_alloc(cache, node);
	object = cpuslab__magazine_objects(node)[count - 1];
	*cpuslab__magazine_count(node) = count - 1;
	cpuslab_stack_push(&cache->stack, node);
	return object;
}

/**
 * cpuslab_cache_free() - return an object to the cache, on any CPU.
 * @cache:  set up by cpuslab_cache_init().
 * @object: from cpuslab_cache_alloc(); NULL is allowed.
 *
 * Context: as config.free. The cache itself takes no lock and never waits.
 * Order:   release; see cpuslab_cache_alloc().
 */
CPUSLAB_INLINE CPUSLAB_HIGH void
cpuslab_cache_free(CPUSLAB_INOUT struct cpuslab_cache *cache,
		   CPUSLAB_IN_OPT void *object)
{
	struct cpuslab_node *node = NULL;
	uint64_t count;

	cpuslab__assert_own(&cache->stack.handle);
	if (cpuslab_unlikely(!object))
		return;
	if (cpuslab_likely(!cpuslab_port_magazine_push(&cache->stack.handle, 0,
						       object, cache->rounds)))
		return;
	if (cpuslab_unlikely(cpuslab_stack_pop(&cache->stack, &node))) {
		cpuslab__cache_slow_free(cache, NULL, object);
		return;
	}
	count = *cpuslab__magazine_count(node);
	if (cpuslab_unlikely(count == cache->rounds)) {
		cpuslab__cache_slow_free(cache, node, object);
		return;
	}
	cpuslab__magazine_objects(node)[count] = object;
	*cpuslab__magazine_count(node) = count + 1;
	cpuslab_stack_push(&cache->stack, node);
}

CPUSLAB_END

/*
 * Synchronization:
 *   alloc, free    any context in which the callbacks may be called,
 *                  concurrently with everything
 *   stats_get      any context, concurrently with everything
 *   drain          any thread; serialises on the slab's release mutex
 *   init, fini     the caller excludes every other call
 */

#endif /* CPUSLAB_CACHE_H */
