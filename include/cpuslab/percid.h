/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_PERCID_H
#define CPUSLAB_PERCID_H
/*
 * percid.h - objects with a copy for each concurrency id, instead of each CPU.
 *
 * In a container whose CPU time is limited by a quota, not by a set of CPUs, a
 * few threads wander over all CPUs of a large machine. Each CPU on which one
 * has ever run keeps a copy. Linux 6.3 and later give each running thread a
 * concurrency id (mm_cid of struct rseq): at any moment an id belongs to one
 * running thread of the process, and low ids are preferred. So there are about
 * as many copies by id as threads that run at once:
 *
 *	8 threads on 64 CPUs	by CPU number	0 1 2 3 ... 63
 *				by id		0 1 2 ... 7
 *
 *	config.flags = CPUSLAB_SLAB_PERCID	a slab of such objects
 *	struct cpuslab_percid			a handle
 *	cpuslab_percid_add() ...		operations
 *
 * All that is said of CPUs in slab.h, ops.h and the headers of structures holds
 * for ids, with these differences:
 *
 * - The domain's CPUs have no meaning for the slab. A copy is made when an id
 *   is first used, by the operation. If a constructor or destructor is not
 *   signal-safe, operations use the shared block until the next alloc, free,
 *   trim or resync.
 * - What a removal does for a CPU a trim does for an id. It releases ids that
 *   are at or above the number of threads of the program, or of CPUs in the
 *   domain; with CPUSLAB_TRIM_QUIESCENT all. An id that is in use after all is
 *   admitted again, and uses the shared block for the time of a grace period.
 * - A release needs a fence of all CPUs. Where the system refuses it, blocks
 *   are retained.
 *
 * The counter, the gauge, the histogram, the stack and the cache below have
 * inline operations. Every structure (log.h, approx.h, refcount.h, and these in
 * their plain form) works in such a slab as it is, but each of its operations
 * takes the slow path, which costs about ten nanoseconds more.
 *
 * Where there are no ids (cpuslab_stats.by_cid is false) the slab is an
 * ordinary one and everything here works by CPU number; in Linux processes out
 * of line.
 *
 * Not for a program that uses all CPUs of its machine: by CPU number an add has
 * two instructions less, and memory of a CPU is near that CPU.
 */

#include <cpuslab/cache.h>
#include <cpuslab/counter.h>
#include <cpuslab/gauge.h>
#include <cpuslab/histogram.h>
#include <cpuslab/ops.h>
#include <cpuslab/slab.h>
#include <cpuslab/stack.h>

CPUSLAB_BEGIN

/* ---- objects ------------------------------------------------------------- */

/**
 * cpuslab_percid_alloc() - allocate an object of @type in a slab that was made
 * with CPUSLAB_SLAB_PERCID.
 * @slab:   made with CPUSLAB_SLAB_PERCID.
 * @type:   see struct cpuslab_type.
 * @handle: set; the null handle if it fails.
 *
 * The type's callbacks are passed ids in place of CPU numbers.
 *
 * Context: as cpuslab_alloc().
 * Return:  as cpuslab_alloc(); -CPUSLAB_EINVAL for another slab.
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_APC int
cpuslab_percid_alloc(CPUSLAB_INOUT struct cpuslab_slab *slab,
		     CPUSLAB_IN const struct cpuslab_type *type,
		     CPUSLAB_OUT struct cpuslab_percid *handle);

/* With @handle->copies set: allow inline operations, if they find the block. */
CPUSLAB_API void cpuslab__percid_init(struct cpuslab_percid *handle);

/**
 * cpuslab_percid_free() - free an object.
 * @slab:   of the object.
 * @handle: no longer used by any thread.
 *
 * Context, Return: as cpuslab_free().
 */
CPUSLAB_INLINE CPUSLAB_APC int
cpuslab_percid_free(CPUSLAB_INOUT struct cpuslab_slab *slab,
		    CPUSLAB_IN const struct cpuslab_percid *handle)
{
	return cpuslab_free(slab, &handle->copies);
}

/**
 * cpuslab_percid_sum() - add up a counter over all ids and the shared block.
 * @handle: of an object; the null handle has the sum 0.
 * @offset: bytes, of the word within the object; a multiple of 8.
 *
 * Context, Order, Return: as cpuslab_sum().
 */
CPUSLAB_INLINE CPUSLAB_DISPATCH uint64_t cpuslab_percid_sum(
	CPUSLAB_IN const struct cpuslab_percid *handle, size_t offset)
{
	return cpuslab_sum(&handle->copies, offset);
}

/**
 * cpuslab_percid_remote() - find the copy of any id, for reading.
 * @handle: of an object.
 * @id:     a concurrency id, or CPUSLAB_SHARED.
 *
 * Context, Return: as cpuslab_remote().
 */
CPUSLAB_INLINE CPUSLAB_DISPATCH const void *
cpuslab_percid_remote(CPUSLAB_IN const struct cpuslab_percid *handle,
		      uint32_t id)
{
	return cpuslab_remote(&handle->copies, id);
}

/**
 * cpuslab_percid_remote_next() - find the first id >= @id that has a copy.
 * @handle: of an object.
 * @id:     where to begin.
 *
 * Context, Return: as cpuslab_remote_next().
 */
CPUSLAB_INLINE CPUSLAB_DISPATCH uint32_t cpuslab_percid_remote_next(
	CPUSLAB_IN const struct cpuslab_percid *handle, uint32_t id)
{
	return cpuslab_remote_next(&handle->copies, id);
}

/* ---- operations ---------------------------------------------------------- */

/**
 * cpuslab_percid_add() - add to a 64-bit word of this id's copy.
 * @handle: of an object; the null handle is an error.
 * @offset: bytes, of the word within the object; a multiple of 8.
 * @value:  added modulo 2^64.
 *
 *	section {
 *		if the thread has no id: slow path
 *		id = this thread's id
 *		if not live[id]: slow path
 *		commit: word += value
 *	}
 *
 * Context, Order, Return: as cpuslab_add().
 */
CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_percid_add(CPUSLAB_IN const struct cpuslab_percid *handle,
		   size_t offset, uint64_t value)
{
	cpuslab__assert_own(&handle->copies);
	if (cpuslab_likely(!cpuslab_port_percid_add(handle, offset, value)))
		return CPUSLAB_OK;
	return cpuslab__slow_add(&handle->copies, offset, value);
}

/**
 * cpuslab_percid_add_if() - add to a value if its gate has the expected value.
 * @handle: of an object; the null handle is an error.
 * @offset: bytes, of a struct cpuslab_gated within the object.
 * @gate:   what the gate must be.
 * @value:  added modulo 2^64.
 *
 * Context, Order, Return: as cpuslab_add_if().
 */
CPUSLAB_NODISCARD CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_percid_add_if(CPUSLAB_IN const struct cpuslab_percid *handle,
		      size_t offset, uint64_t gate, uint64_t value)
{
	int result;

	cpuslab__assert_own(&handle->copies);
	result = cpuslab_port_percid_add_if(handle, offset, gate, value);
	if (cpuslab_unlikely(result == CPUSLAB_MISS))
		return cpuslab__slow_add_if(&handle->copies, offset, gate,
					    value);
	return result;
}

/**
 * cpuslab_percid_add_below() - add to a word that is below a bound.
 * @handle: of an object; the null handle is an error.
 * @offset: bytes, of the word within the object; a multiple of 8.
 * @bound:  of the word before the add.
 * @value:  added modulo 2^64.
 *
 * Context, Order, Return: as cpuslab_add_below().
 */
CPUSLAB_NODISCARD CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_percid_add_below(CPUSLAB_IN const struct cpuslab_percid *handle,
			 size_t offset, uint64_t bound, uint64_t value)
{
	int result;

	cpuslab__assert_own(&handle->copies);
	result = cpuslab_port_percid_add_below(handle, offset, bound, value);
	if (cpuslab_unlikely(result == CPUSLAB_MISS))
		return cpuslab__slow_add_below(&handle->copies, offset, bound,
					       value);
	return result;
}

/**
 * cpuslab_percid_cmpstore() - store to a word of this id's copy if it has the
 * expected value.
 * @handle: of an object; the null handle is an error.
 * @offset: bytes, of the word within the object; a multiple of 8.
 * @expect: what the word must be.
 * @value:  stored.
 *
 * Context, Order, Return: as cpuslab_cmpstore().
 */
CPUSLAB_NODISCARD CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_percid_cmpstore(CPUSLAB_IN const struct cpuslab_percid *handle,
			size_t offset, uint64_t expect, uint64_t value)
{
	int result;

	cpuslab__assert_own(&handle->copies);
	result = cpuslab_port_percid_cmpstore(handle, offset, expect, value);
	if (cpuslab_unlikely(result == CPUSLAB_MISS))
		return cpuslab__slow_cmpstore(&handle->copies, offset, expect,
					      value);
	return result;
}

/* Sets @old to what the word was, on CPUSLAB_OK only. */
CPUSLAB_INLINE int cpuslab__percid_update(const struct cpuslab_percid *handle,
					  size_t offset,
					  enum cpuslab__word_op op,
					  uint64_t value, uint64_t *old)
{
	cpuslab__assert_own(&handle->copies);
	if (cpuslab_likely(!cpuslab_port_percid_update(handle, offset, op,
						       value, old)))
		return CPUSLAB_OK;
	return cpuslab__slow_update(&handle->copies, offset, op, value, old);
}

/**
 * cpuslab_percid_load() - load a word of this id's copy.
 * @handle: of an object; the null handle is an error.
 * @offset: bytes, of the word within the object; a multiple of 8.
 * @word:   set to it, on CPUSLAB_OK only.
 *
 * Context, Order, Return: as cpuslab_load().
 */
CPUSLAB_NODISCARD CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_percid_load(CPUSLAB_IN const struct cpuslab_percid *handle,
		    size_t offset, CPUSLAB_OUT uint64_t *word)
{
	return cpuslab__percid_update(handle, offset, CPUSLAB__WORD_LOAD, 0,
				      word);
}

/* ---- a counter ----------------------------------------------------------- */

struct cpuslab_percid_counter {
	struct cpuslab_percid handle; /* W init, fini; R any */
	struct cpuslab_slab *slab;    /* W init; R fini */
};

/**
 * cpuslab_percid_counter_init() - set up a counter with value 0.
 * @counter: resident memory of the caller.
 * @slab:    where its copies are allocated; outlives it.
 *
 * Context: may sleep, allocates.
 * Return:  as cpuslab_percid_alloc().
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_APC int
cpuslab_percid_counter_init(CPUSLAB_OUT struct cpuslab_percid_counter *counter,
			    CPUSLAB_INOUT struct cpuslab_slab *slab);

/**
 * cpuslab_percid_counter_fini() - free a counter that is no longer used.
 * @counter: set up by cpuslab_percid_counter_init().
 *
 * Context: may sleep.
 */
CPUSLAB_INLINE CPUSLAB_APC void cpuslab_percid_counter_fini(
	CPUSLAB_INOUT struct cpuslab_percid_counter *counter)
{
	cpuslab_percid_free(counter->slab, &counter->handle);
}

/**
 * cpuslab_percid_counter_add() - add @value to the counter.
 * @counter: set up by cpuslab_percid_counter_init().
 * @value:   added modulo 2^64.
 *
 * Context, Order, Return: as cpuslab_add().
 */
CPUSLAB_INLINE CPUSLAB_HIGH int cpuslab_percid_counter_add(
	CPUSLAB_IN const struct cpuslab_percid_counter *counter, uint64_t value)
{
	return cpuslab_percid_add(&counter->handle, 0, value);
}

/**
 * cpuslab_percid_counter_sum() - read the counter.
 * @counter: set up by cpuslab_percid_counter_init().
 *
 * Context, Order, Return: as cpuslab_sum().
 */
CPUSLAB_INLINE CPUSLAB_DISPATCH uint64_t cpuslab_percid_counter_sum(
	CPUSLAB_IN const struct cpuslab_percid_counter *counter)
{
	return cpuslab_percid_sum(&counter->handle, 0);
}

/* ---- a gauge ------------------------------------------------------------- */

struct cpuslab_percid_gauge {
	struct cpuslab_gauge gauge;   /* to be read by gauge.h */
	struct cpuslab_percid handle; /* its own; W init, R any */
};

/**
 * cpuslab_percid_gauge_init() - set up a gauge with value 0.
 * @gauge: resident memory of the caller.
 * @slab:  where its copies are allocated; outlives it.
 *
 * Context: may sleep, allocates.
 * Return:  as cpuslab_percid_alloc().
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_APC int
cpuslab_percid_gauge_init(CPUSLAB_OUT struct cpuslab_percid_gauge *gauge,
			  CPUSLAB_INOUT struct cpuslab_slab *slab);

/**
 * cpuslab_percid_gauge_fini() - free a gauge that is no longer used.
 * @gauge: set up by cpuslab_percid_gauge_init().
 *
 * Context: may sleep.
 */
CPUSLAB_INLINE CPUSLAB_APC void
cpuslab_percid_gauge_fini(CPUSLAB_INOUT struct cpuslab_percid_gauge *gauge)
{
	cpuslab_gauge_fini(&gauge->gauge);
}

/**
 * cpuslab_percid_gauge_add() - raise the gauge by @value.
 * @gauge: set up by cpuslab_percid_gauge_init().
 * @value: as of cpuslab_gauge_add().
 *
 * Context, Order, Return: as cpuslab_add().
 */
CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_percid_gauge_add(CPUSLAB_IN const struct cpuslab_percid_gauge *gauge,
			 uint64_t value)
{
	return cpuslab_percid_add(
		&gauge->handle, offsetof(struct cpuslab_gauge_cpu, in), value);
}

/**
 * cpuslab_percid_gauge_sub() - lower the gauge by @value, with any id.
 * @gauge: set up by cpuslab_percid_gauge_init().
 * @value: as of cpuslab_gauge_sub().
 *
 * The add of what goes out must happen before this call.
 *
 * Context, Order, Return: as cpuslab_add().
 */
CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_percid_gauge_sub(CPUSLAB_IN const struct cpuslab_percid_gauge *gauge,
			 uint64_t value)
{
	return cpuslab_percid_add(
		&gauge->handle, offsetof(struct cpuslab_gauge_cpu, out), value);
}

/* ---- a histogram --------------------------------------------------------- */

/* Must not be copied or moved after init. */
struct cpuslab_percid_histogram {
	struct cpuslab_histogram histogram; /* to be read by histogram.h */
	struct cpuslab_percid handle;       /* its own; W init, R any */
};

/**
 * cpuslab_percid_histogram_init() - set up an empty histogram.
 * @histogram: resident memory of the caller.
 * @slab:      where its copies are allocated; outlives it.
 * @precision: as of cpuslab_histogram_init().
 * @bits:      as of cpuslab_histogram_init().
 *
 * Context: may sleep, allocates.
 * Return:  as cpuslab_percid_alloc(); -CPUSLAB_EINVAL for numbers out of range.
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_APC int cpuslab_percid_histogram_init(
	CPUSLAB_OUT struct cpuslab_percid_histogram *histogram,
	CPUSLAB_INOUT struct cpuslab_slab *slab, uint32_t precision,
	uint32_t bits);

/**
 * cpuslab_percid_histogram_fini() - free a histogram that is no longer used.
 * @histogram: set up by cpuslab_percid_histogram_init().
 *
 * Context: may sleep.
 */
CPUSLAB_INLINE CPUSLAB_APC void cpuslab_percid_histogram_fini(
	CPUSLAB_INOUT struct cpuslab_percid_histogram *histogram)
{
	cpuslab_histogram_fini(&histogram->histogram);
}

/**
 * cpuslab_percid_histogram_record() - count @value, in this id's copy.
 * @histogram: set up by cpuslab_percid_histogram_init().
 * @value:     in the unit of the caller.
 *
 * Context, Order, Return: as cpuslab_add().
 */
CPUSLAB_INLINE CPUSLAB_HIGH int cpuslab_percid_histogram_record(
	CPUSLAB_IN const struct cpuslab_percid_histogram *histogram,
	uint64_t value)
{
	uint32_t bucket =
		cpuslab_histogram_bucket(&histogram->histogram, value);

	return cpuslab_percid_add(&histogram->handle, (size_t)bucket * 8, 1);
}

/* ---- a stack ------------------------------------------------------------- */

struct cpuslab_percid_stack {
	struct cpuslab_percid handle; /* W init, fini; R any */
	struct cpuslab_slab *slab;    /* W init; R fini */
};

/**
 * cpuslab_percid_stack_init() - set up a stack that is empty on each id.
 * @stack: resident memory of the caller.
 * @slab:  where its copies are allocated; outlives it.
 *
 * Context: may sleep, allocates.
 * Return:  as cpuslab_percid_alloc().
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_APC int
cpuslab_percid_stack_init(CPUSLAB_OUT struct cpuslab_percid_stack *stack,
			  CPUSLAB_INOUT struct cpuslab_slab *slab);

/**
 * cpuslab_percid_stack_fini() - free a stack that is no longer used.
 * @stack: set up by cpuslab_percid_stack_init().
 *
 * Context: may sleep.
 */
CPUSLAB_INLINE CPUSLAB_APC void
cpuslab_percid_stack_fini(CPUSLAB_INOUT struct cpuslab_percid_stack *stack)
{
	cpuslab_percid_free(stack->slab, &stack->handle);
}

/**
 * cpuslab_percid_stack_push() - push @node on this id's stack.
 * @stack: set up by cpuslab_percid_stack_init().
 * @node:  the caller's, until it is popped.
 *
 * Context, Order, Return: as cpuslab_stack_push().
 */
CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_percid_stack_push(CPUSLAB_IN const struct cpuslab_percid_stack *stack,
			  CPUSLAB_INOUT struct cpuslab_node *node)
{
	cpuslab__assert_own(&stack->handle.copies);
	if (cpuslab_likely(node &&
			   !cpuslab_port_percid_push(&stack->handle, 0, node)))
		return CPUSLAB_OK;
	return cpuslab__slow_push(&stack->handle.copies, 0, node);
}

/**
 * cpuslab_percid_stack_pop() - pop the newest node of this id's stack, or, if
 * that is empty, of the shared block's.
 * @stack: set up by cpuslab_percid_stack_init().
 * @node:  set; NULL if it fails.
 *
 * Context, Order, Return: as cpuslab_stack_pop().
 */
CPUSLAB_NODISCARD CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_percid_stack_pop(CPUSLAB_IN const struct cpuslab_percid_stack *stack,
			 CPUSLAB_OUTPTR struct cpuslab_node **node)
{
	const struct cpuslab_percpu *copies = &stack->handle.copies;
	void *found = NULL;
	int result;

	cpuslab__assert_own(copies);
	result = cpuslab_port_percid_pop(&stack->handle, 0, &found);
	if (cpuslab_likely(result == CPUSLAB_OK)) {
		*node = (struct cpuslab_node *)found;
		return CPUSLAB_OK;
	}
	*node = cpuslab__slow_pop(copies, 0, result);
	if (*node)
		return CPUSLAB_OK;
	return cpuslab_percpu_is_null(copies) ? -CPUSLAB_EINVAL : CPUSLAB_EMPTY;
}

/**
 * cpuslab_percid_stack_pop_all() - pop all nodes of this id's stack at once,
 * or, if that is empty, of the shared block's.
 * @stack: set up by cpuslab_percid_stack_init().
 * @chain: as of cpuslab_stack_pop_all().
 *
 * Context, Order, Return: as cpuslab_stack_pop_all().
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_HIGH int cpuslab_percid_stack_pop_all(
	CPUSLAB_IN const struct cpuslab_percid_stack *stack,
	CPUSLAB_OUTPTR struct cpuslab_node **chain);

/* ---- a cache of objects -------------------------------------------------- */

/* Must not be copied or moved after init. */
struct cpuslab_percid_cache {
	struct cpuslab_cache cache;
	struct cpuslab_percid magazines; /* its stack; W init, R any */
};

/**
 * cpuslab_percid_cache_init() - set up an empty cache.
 * @cache:  resident memory of the caller.
 * @slab:   where its copies are allocated; outlives it.
 * @config: as of cpuslab_cache_init().
 *
 * Magazines are counted as in cpuslab_cache_init(), by the CPUs of the domain.
 *
 * Context, Return: as cpuslab_cache_init().
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_APC int
cpuslab_percid_cache_init(CPUSLAB_OUT struct cpuslab_percid_cache *cache,
			  CPUSLAB_INOUT struct cpuslab_slab *slab,
			  CPUSLAB_IN const struct cpuslab_cache_config *config);

/**
 * cpuslab_percid_cache_fini() - free a cache that is no longer used.
 * @cache: set up by cpuslab_percid_cache_init().
 *
 * Context: as cpuslab_cache_fini().
 */
CPUSLAB_API CPUSLAB_APC void
cpuslab_percid_cache_fini(CPUSLAB_INOUT struct cpuslab_percid_cache *cache);

/**
 * cpuslab_percid_cache_alloc() - take a cached object, or allocate a new one.
 * @cache: set up by cpuslab_percid_cache_init().
 *
 * Context, Order, Return: as cpuslab_cache_alloc().
 */
CPUSLAB_NODISCARD CPUSLAB_INLINE CPUSLAB_HIGH void *
cpuslab_percid_cache_alloc(CPUSLAB_INOUT struct cpuslab_percid_cache *cache)
{
	void *object;

	cpuslab__assert_own(&cache->magazines.copies);
	if (cpuslab_likely(!cpuslab_port_percid_magazine_pop(&cache->magazines,
							     0, &object)))
		return object;
	return cpuslab_cache_alloc(&cache->cache);
}

/**
 * cpuslab_percid_cache_free() - return an object to the cache.
 * @cache:  set up by cpuslab_percid_cache_init().
 * @object: from cpuslab_percid_cache_alloc().
 *
 * Context, Order: as cpuslab_cache_free().
 */
CPUSLAB_INLINE CPUSLAB_HIGH void
cpuslab_percid_cache_free(CPUSLAB_INOUT struct cpuslab_percid_cache *cache,
			  CPUSLAB_IN_OPT void *object)
{
	cpuslab__assert_own(&cache->magazines.copies);
	if (cpuslab_likely(object && !cpuslab_port_percid_magazine_push(
					     &cache->magazines, 0, object,
					     cache->cache.rounds)))
		return;
	cpuslab_cache_free(&cache->cache, object);
}

CPUSLAB_END

/*
 * Synchronization: as slab.h, ops.h, counter.h, gauge.h, histogram.h, stack.h
 * and cache.h.
 */

#endif /* CPUSLAB_PERCID_H */
