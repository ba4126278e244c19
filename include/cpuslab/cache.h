/* SPDX-License-Identifier: MIT */
/*
 * cache.h - an object cache: objects of one size, kept on each CPU in
 * front of an allocator of yours.
 *
 *	cpu 0      magazine 3/8 -> magazine 8/8		a stack on each CPU
 *	cpu 5      magazine 1/8
 *	gone       -> the shared block's stack, which anybody pops from
 *	depot      full: 8/8 -> 8/8      empty: 0/8	shared, by atomics
 *	           |
 *	           your alloc(), your free()
 *
 * Jeff Bonwick's magazines, held as this library can. Where the port has such
 * sections (restartable, or with interrupts off) an object is taken out of the
 * newest magazine, or put into it, where it lies: one section, which commits
 * with the magazine's count. Else, and for a magazine that is quite full or
 * quite empty, whoever allocates or frees pops it off his CPU's stack,
 * which makes it his alone, works on it, and pushes it back or exchanges it at
 * the depot. The two go together: who pops a magazine runs on the CPU
 * whose stack it was on, so a section that looked at it before starts anew; who
 * takes magazines from another CPU has a fence.
 *
 * Bound: there are @magazines of them, made by init, and never more; so at most
 * @magazines * @rounds objects are kept, on all CPUs together. Whoever
 * finds no magazine uses your allocator.
 *
 * Objects are never written to nor read, and no word of them is needed: they
 * may go back to your allocator at once, in any way. They are addresses of
 * memory of yours, not other numbers.
 *
 * Remote frees: an object goes into a magazine of the CPU that frees it,
 * and back with the rest of that magazine, by the depot, to whoever runs out.
 * Memory that producers allocate and consumers free so travels home a magazine
 * at a time; the allocator behind is asked for what is on its way, and then no
 * more. To whoever runs out: on any CPU.
 *
 * NUMA: have a cache for each node, allocate from that of the node you are on,
 * and free to that of the node the object is of, which only you can know (by
 * its address, or a word before it). Where it is freed it then goes into a
 * magazine of its own node's cache, and when that is full to that cache's
 * depot, from which that node's CPUs take: it goes home and is handed out
 * nowhere else. Each cache has magazines of its own, at least two for each
 * CPU that uses it, or frees go to your allocator.
 *
 * When a CPU goes, its magazines move to the shared block, where all find
 * them; in atomic mode and where blocks are retained, with the next trim, or
 * the next cpuslab_cache_drain(). A thread that is killed, and a child that was
 * forked, while another had a magazine in its hands lose that one.
 *
 * Not for objects of which few are in use (allocate them), nor where each must
 * come back to the very CPU that it was on.
 *
 * Synchronization:
 *   alloc, free       any context in which your callbacks may be called, any
 *                     time, against anything
 *   drain             may sleep; serialises on the slab's release mutex
 *   init, fini        the caller: nobody uses it (before, any more)
 */
#ifndef CPUSLAB_CACHE_H
#define CPUSLAB_CACHE_H

#include <cpuslab/stack.h>

CPUSLAB_BEGIN

#define CPUSLAB_CACHE_MAX_ROUNDS 1024u
#define CPUSLAB_CACHE_MAX_MAGAZINES (1u << 16)

struct cpuslab_cache_config {
	/* The allocator behind it. NULL from alloc: there is no memory. */
	void *(*alloc)(void *arg);
	void (*free)(void *arg, void *object);
	void *arg;
	uint32_t rounds;    /* objects in a magazine; 0: 32 */
	uint32_t magazines; /* in all; 0: 256 */
};

/*
 * Followed by the objects. W whoever has it in his hands; on a stack, sections
 * of its CPU.
 */
struct cpuslab__magazine {
	struct cpuslab_node node;
	uint64_t count; /* objects in it */
};

struct cpuslab_cache {
	struct cpuslab_stack stack;         /* of magazines */
	uint64_t rounds;                    /* W init */
	struct cpuslab_cache_config config; /* W init */
	char *memory;                       /* W init: all magazines */
	CPUSLAB_ALIGNED(CPUSLAB_CACHE_LINE)
	struct cpuslab_pair full; /* W any: the depot's two stacks */
	struct cpuslab_pair empty;
};

CPUSLAB_API void *cpuslab__cache_slow_alloc(struct cpuslab_cache *cache,
					    struct cpuslab_node *node);
CPUSLAB_API void cpuslab__cache_slow_free(struct cpuslab_cache *cache,
					  struct cpuslab_node *node,
					  void *object);

/**
 * cpuslab_cache_init() - a cache that holds nothing yet.
 * @config: alloc and free are set; rounds at most CPUSLAB_CACHE_MAX_ROUNDS,
 *          magazines at most CPUSLAB_CACHE_MAX_MAGAZINES.
 *
 * Context: may sleep, allocates: @magazines * (16 + 8 * @rounds) bytes.
 * Return:  as cpuslab_alloc(); -CPUSLAB_EINVAL without callbacks, or for
 *          numbers out of range.
 */
CPUSLAB_API int cpuslab_cache_init(struct cpuslab_cache *cache,
				   struct cpuslab_slab *slab,
				   const struct cpuslab_cache_config *config);
/* Nobody uses it; what it holds goes to config.free. Context: may sleep. */
CPUSLAB_API void cpuslab_cache_fini(struct cpuslab_cache *cache);

/* The objects of a magazine that is the caller's. */
CPUSLAB_INLINE void **cpuslab__magazine_objects(struct cpuslab_node *node)
{
	return (void **)((struct cpuslab__magazine *)(void *)node + 1);
}

CPUSLAB_INLINE uint64_t *cpuslab__magazine_count(struct cpuslab_node *node)
{
	return &((struct cpuslab__magazine *)(void *)node)->count;
}

/**
 * cpuslab_cache_alloc() - an object: one that was freed, or a new one.
 *
 *	section {
 *		cpu = this CPU
 *		if cpu >= handle.limit or not live[cpu]: leave
 *		if no magazine, or magazine.count is 0: leave
 *		object = magazine.objects[magazine.count - 1]
 *		commit: magazine.count -= 1
 *	}
 *	who left:
 *		pop a magazine
 *		if it is empty: exchange it for a full one, else your alloc()
 *		take the newest object
 *		push the magazine
 *
 * Context: as config.alloc. No lock, no wait of its own.
 * Order:   acquire; sees what was written before the object was freed.
 * Return:  the object, or NULL if config.alloc returned that.
 */
CPUSLAB_INLINE void *cpuslab_cache_alloc(struct cpuslab_cache *cache)
{
	struct cpuslab_node *node = NULL;
	uint64_t count;
	void *object;

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
 * cpuslab_cache_free() - give an object back, on whatever CPU.
 * @object: from cpuslab_cache_alloc(); NULL is allowed.
 *
 * Context: as config.free. No lock, no wait of its own.
 * Order:   release; see cpuslab_cache_alloc().
 */
CPUSLAB_INLINE void cpuslab_cache_free(struct cpuslab_cache *cache,
				       void *object)
{
	struct cpuslab_node *node = NULL;
	uint64_t count;

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

/**
 * cpuslab_cache_drain() - give all that is kept back to config.free.
 *
 * While it takes the magazines from the CPUs' stacks, operations on all
 * objects of the slab use the shared block: exact, but slower, for one fence (in
 * kernels, a grace period). Objects in a magazine that somebody has in his
 * hands just now stay.
 *
 * Context: may sleep; config.free is called. Not in a callback of the slab or
 *          of its domain.
 * Return:  CPUSLAB_OK; CPUSLAB_PARTIAL if the system could not show in bounded
 *          time that nobody is under way, and some CPUs keep theirs;
 *          -CPUSLAB_EBUSY from inside a callback.
 */
CPUSLAB_API int cpuslab_cache_drain(struct cpuslab_cache *cache);

CPUSLAB_END

#endif /* CPUSLAB_CACHE_H */
