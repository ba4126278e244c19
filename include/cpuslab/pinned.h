/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_PINNED_H
#define CPUSLAB_PINNED_H
/*
 * pinned.h - the operations for callers that cannot leave their CPU, in the
 * tradition of __this_cpu_add(): each does what the one without underscores
 * does, without excluding anything itself.
 *
 *	spin_lock(&lock);
 *	__cpuslab_counter_add(&packets, 1);
 *	spin_unlock(&lock);
 *
 * The caller has preemption off: in Linux it holds a spinlock or is in an
 * interrupt, in Windows it is at DISPATCH_LEVEL. It also excludes every other
 * operation of this CPU on the same object, which usually means interrupts off
 * if interrupt handlers use it. Exception: in Linux __cpuslab_add(),
 * __cpuslab_cmpstore(), __cpuslab_load() and what is made of them (counter,
 * gauge, histogram) need preemption off only, and mix with all others, NMIs
 * included.
 *
 * In a build with CPUSLAB_DEBUG a call with preemption on fails an assertion.
 * Processes cannot turn preemption off, so userspace ports have none of these.
 *
 * Context: see above.
 * Order, Return: as the operation without underscores.
 */

#include <cpuslab/approx.h>
#include <cpuslab/cache.h>
#include <cpuslab/counter.h>
#include <cpuslab/gauge.h>
#include <cpuslab/histogram.h>
#include <cpuslab/log.h>
#include <cpuslab/ops.h>
#include <cpuslab/refcount.h>
#include <cpuslab/ring.h>
#include <cpuslab/stack.h>

#if !CPUSLAB_PORT_PINNED
#error "in this system no caller can turn preemption off"
#endif

CPUSLAB_BEGIN

/* In debug builds. */
CPUSLAB_INLINE void cpuslab__assert_pinned(const struct cpuslab_percpu *handle)
{
	cpuslab__assert_own(handle);
	cpuslab_port_assert_pinned();
}

/**
 * __cpuslab_add() - cpuslab_add() with preemption off.
 * @handle: of an object; the null handle is an error.
 * @offset: bytes, of the word within the object; a multiple of 8.
 * @value:  added modulo 2^64.
 *
 * Context, Order, Return: see above.
 */
CPUSLAB_INLINE CPUSLAB_PINNED int
__cpuslab_add(CPUSLAB_IN const struct cpuslab_percpu *handle, size_t offset,
	      uint64_t value)
{
	cpuslab__assert_pinned(handle);
	if (cpuslab_likely(!cpuslab_port_pinned_add(handle, offset, value)))
		return CPUSLAB_OK;
	return cpuslab__slow_add(handle, offset, value);
}

/**
 * __cpuslab_add_if() - cpuslab_add_if() with preemption off.
 * @handle: of an object; the null handle is an error.
 * @offset: bytes, of a struct cpuslab_gated within the object.
 * @gate:   what the gate must be.
 * @value:  added modulo 2^64.
 *
 * Context, Order, Return: see above.
 */
CPUSLAB_NODISCARD CPUSLAB_INLINE CPUSLAB_PINNED int
__cpuslab_add_if(CPUSLAB_IN const struct cpuslab_percpu *handle, size_t offset,
		 uint64_t gate, uint64_t value)
{
	int result;

	cpuslab__assert_pinned(handle);
	result = cpuslab_port_pinned_add_if(handle, offset, gate, value);
	if (cpuslab_unlikely(result == CPUSLAB_MISS))
		return cpuslab__slow_add_if(handle, offset, gate, value);
	return result;
}

/**
 * __cpuslab_add_below() - cpuslab_add_below() with preemption off.
 * @handle: of an object; the null handle is an error.
 * @offset: bytes, of the word within the object; a multiple of 8.
 * @bound:  of the word before the add.
 * @value:  added modulo 2^64.
 *
 * Context, Order, Return: see above.
 */
CPUSLAB_NODISCARD CPUSLAB_INLINE CPUSLAB_PINNED int
__cpuslab_add_below(CPUSLAB_IN const struct cpuslab_percpu *handle,
		    size_t offset, uint64_t bound, uint64_t value)
{
	int result;

	cpuslab__assert_pinned(handle);
	result = cpuslab_port_pinned_add_below(handle, offset, bound, value);
	if (cpuslab_unlikely(result == CPUSLAB_MISS))
		return cpuslab__slow_add_below(handle, offset, bound, value);
	return result;
}

/**
 * __cpuslab_cmpstore() - cpuslab_cmpstore() with preemption off.
 * @handle: of an object; the null handle is an error.
 * @offset: bytes, of the word within the object; a multiple of 8.
 * @expect: what the word must be.
 * @value:  stored.
 *
 * Context, Order, Return: see above.
 */
CPUSLAB_NODISCARD CPUSLAB_INLINE CPUSLAB_PINNED int
__cpuslab_cmpstore(CPUSLAB_IN const struct cpuslab_percpu *handle,
		   size_t offset, uint64_t expect, uint64_t value)
{
	int result;

	cpuslab__assert_pinned(handle);
	result = cpuslab_port_pinned_cmpstore(handle, offset, expect, value);
	if (cpuslab_unlikely(result == CPUSLAB_MISS))
		return cpuslab__slow_cmpstore(handle, offset, expect, value);
	return result;
}

/**
 * __cpuslab_load() - cpuslab_load() with preemption off.
 * @handle: of an object; the null handle is an error.
 * @offset: bytes, of the word within the object; a multiple of 8.
 * @word:   set to it, on CPUSLAB_OK only.
 *
 * Context, Order, Return: see above.
 */
CPUSLAB_NODISCARD CPUSLAB_INLINE CPUSLAB_PINNED int
__cpuslab_load(CPUSLAB_IN const struct cpuslab_percpu *handle, size_t offset,
	       CPUSLAB_OUT uint64_t *word)
{
	cpuslab__assert_pinned(handle);
	if (cpuslab_likely(!cpuslab_port_pinned_update(
		    handle, offset, CPUSLAB__WORD_LOAD, 0, word)))
		return CPUSLAB_OK;
	return cpuslab__slow_update(handle, offset, CPUSLAB__WORD_LOAD, 0,
				    word);
}

/**
 * __cpuslab_counter_add() - cpuslab_counter_add() with preemption off.
 * @counter: set up by cpuslab_counter_init().
 * @value:   added modulo 2^64.
 *
 * Context, Order, Return: see above.
 */
CPUSLAB_INLINE CPUSLAB_PINNED int
__cpuslab_counter_add(CPUSLAB_IN const struct cpuslab_counter *counter,
		      uint64_t value)
{
	return __cpuslab_add(&counter->handle, 0, value);
}

/**
 * __cpuslab_gauge_add() - cpuslab_gauge_add() with preemption off.
 * @gauge: set up by cpuslab_gauge_init().
 * @value: not negative.
 *
 * Context, Order, Return: see above.
 */
CPUSLAB_INLINE CPUSLAB_PINNED int
__cpuslab_gauge_add(CPUSLAB_IN const struct cpuslab_gauge *gauge,
		    uint64_t value)
{
	return __cpuslab_add(&gauge->handle,
			     offsetof(struct cpuslab_gauge_cpu, in), value);
}

/**
 * __cpuslab_gauge_sub() - cpuslab_gauge_sub() with preemption off.
 * @gauge: set up by cpuslab_gauge_init().
 * @value: subtracted; what was added before.
 *
 * Context, Order, Return: see above.
 */
CPUSLAB_INLINE CPUSLAB_PINNED int
__cpuslab_gauge_sub(CPUSLAB_IN const struct cpuslab_gauge *gauge,
		    uint64_t value)
{
	return __cpuslab_add(&gauge->handle,
			     offsetof(struct cpuslab_gauge_cpu, out), value);
}

/**
 * __cpuslab_histogram_record_n() - cpuslab_histogram_record_n() with preemption
 * off.
 * @histogram: set up by cpuslab_histogram_init().
 * @value:     in the unit of the caller.
 * @times:     how often.
 *
 * Context, Order, Return: see above.
 */
CPUSLAB_INLINE CPUSLAB_PINNED int __cpuslab_histogram_record_n(
	CPUSLAB_IN const struct cpuslab_histogram *histogram, uint64_t value,
	uint64_t times)
{
	return __cpuslab_add(
		&histogram->handle,
		(size_t)cpuslab_histogram_bucket(histogram, value) * 8, times);
}

/**
 * __cpuslab_histogram_record() - cpuslab_histogram_record() with preemption
 * off.
 * @histogram: set up by cpuslab_histogram_init().
 * @value:     in the unit of the caller.
 *
 * Context, Order, Return: see above.
 */
CPUSLAB_INLINE CPUSLAB_PINNED int
__cpuslab_histogram_record(CPUSLAB_IN const struct cpuslab_histogram *histogram,
			   uint64_t value)
{
	return __cpuslab_histogram_record_n(histogram, value, 1);
}

/**
 * __cpuslab_stack_push() - cpuslab_stack_push() with preemption off.
 * @stack: set up by cpuslab_stack_init().
 * @node:  owned by the caller.
 *
 * Context, Order, Return: see above.
 */
CPUSLAB_INLINE CPUSLAB_PINNED int
__cpuslab_stack_push(CPUSLAB_IN const struct cpuslab_stack *stack,
		     CPUSLAB_INOUT struct cpuslab_node *node)
{
	cpuslab__assert_pinned(&stack->handle);
	if (cpuslab_likely(node &&
			   !cpuslab_port_pinned_push(&stack->handle, 0, node)))
		return CPUSLAB_OK;
	return cpuslab__slow_push(&stack->handle, 0, node);
}

/**
 * __cpuslab_stack_pop() - cpuslab_stack_pop() with preemption off.
 * @stack: set up by cpuslab_stack_init().
 * @node:  owned by the caller on CPUSLAB_OK; otherwise set to NULL.
 *
 * Context, Order, Return: see above.
 */
CPUSLAB_NODISCARD CPUSLAB_INLINE CPUSLAB_PINNED int
__cpuslab_stack_pop(CPUSLAB_IN const struct cpuslab_stack *stack,
		    CPUSLAB_OUTPTR struct cpuslab_node **node)
{
	void *found = NULL;

	cpuslab__assert_pinned(&stack->handle);
	if (cpuslab_unlikely(
		    cpuslab_port_pinned_pop(&stack->handle, 0, &found)))
		return cpuslab_stack_pop(stack, node);
	*node = (struct cpuslab_node *)found;
	return CPUSLAB_OK;
}

/**
 * __cpuslab_log_append() - cpuslab_log_append() with preemption off.
 * @log:   set up by cpuslab_log_init().
 * @data:  copied; may be NULL if @bytes is 0.
 * @bytes: of payload, at most CPUSLAB_LOG_MAX_RECORD.
 *
 * Context, Order, Return: see above.
 */
CPUSLAB_INLINE CPUSLAB_PINNED int
__cpuslab_log_append(CPUSLAB_IN const struct cpuslab_log *log,
		     CPUSLAB_IN_OPT const void *data, uint32_t bytes)
{
	int result = CPUSLAB_MISS;

	cpuslab__assert_pinned(&log->handle);
	if (cpuslab_likely(bytes <= CPUSLAB_LOG_MAX_RECORD))
		result = cpuslab_port_pinned_append(&log->handle, 0, data,
						    bytes, log->capacity);
	if (cpuslab_unlikely(result == CPUSLAB_MISS))
		return cpuslab__slow_append(&log->handle, 0, data, bytes,
					    log->capacity);
	return result;
}

/**
 * __cpuslab_ring_append() - cpuslab_ring_append() with preemption off.
 * @ring:  set up by cpuslab_ring_init().
 * @data:  copied; may be NULL if @bytes is 0.
 * @bytes: of payload.
 *
 * Context, Order, Return: see above.
 */
CPUSLAB_INLINE CPUSLAB_PINNED int
__cpuslab_ring_append(CPUSLAB_IN const struct cpuslab_ring *ring,
		      CPUSLAB_IN_OPT const void *data, uint32_t bytes)
{
	int result = -CPUSLAB_EINVAL;

	cpuslab__assert_pinned(&ring->handle);
	if (cpuslab_likely(bytes <= ring->max_record))
		result = cpuslab_port_pinned_ring_append(
			&ring->handle, ring->tail, &ring->shape, data, bytes);
	if (cpuslab_unlikely(result))
		result = cpuslab__slow_ring_append(ring, data, bytes, result);
	return result;
}

/**
 * __cpuslab_cache_alloc() - cpuslab_cache_alloc() with preemption off.
 * @cache: set up by cpuslab_cache_init().
 *
 * Context, Order, Return: see above.
 */
CPUSLAB_NODISCARD CPUSLAB_INLINE CPUSLAB_PINNED void *
__cpuslab_cache_alloc(CPUSLAB_INOUT struct cpuslab_cache *cache)
{
	void *object;

	cpuslab__assert_pinned(&cache->stack.handle);
	if (cpuslab_likely(!cpuslab_port_pinned_magazine_pop(
		    &cache->stack.handle, 0, &object)))
		return object;
	return cpuslab_cache_alloc(cache);
}

/**
 * __cpuslab_cache_free() - cpuslab_cache_free() with preemption off.
 * @cache:  set up by cpuslab_cache_init().
 * @object: from cpuslab_cache_alloc(); NULL is allowed.
 *
 * Context, Order: see above.
 */
CPUSLAB_INLINE CPUSLAB_PINNED void
__cpuslab_cache_free(CPUSLAB_INOUT struct cpuslab_cache *cache,
		     CPUSLAB_IN_OPT void *object)
{
	cpuslab__assert_pinned(&cache->stack.handle);
	if (cpuslab_unlikely(!object))
		return;
	if (cpuslab_unlikely(cpuslab_port_pinned_magazine_push(
		    &cache->stack.handle, 0, object, cache->rounds)))
		cpuslab_cache_free(cache, object);
}

/**
 * __cpuslab_refcount_try_get_many() - cpuslab_refcount_try_get_many() with
 * preemption off.
 * @refcount: set up by cpuslab_refcount_init().
 * @count:    how many, below 2^32.
 *
 * Context, Order, Return: see above.
 */
CPUSLAB_NODISCARD CPUSLAB_INLINE CPUSLAB_PINNED bool
__cpuslab_refcount_try_get_many(CPUSLAB_INOUT struct cpuslab_refcount *refcount,
				uint64_t count)
{
	int result = __cpuslab_add_if(&refcount->handle, 0,
				      CPUSLAB__REFCOUNT_OPEN, count);

	if (cpuslab_likely(!result))
		return true;
	return cpuslab__refcount_slow_get(refcount, count,
					  CPUSLAB__REFCOUNT_LIVE, result);
}

/**
 * __cpuslab_refcount_try_get() - cpuslab_refcount_try_get() with preemption
 * off.
 * @refcount: set up by cpuslab_refcount_init().
 *
 * Context, Order, Return: see above.
 */
CPUSLAB_NODISCARD CPUSLAB_INLINE CPUSLAB_PINNED bool
__cpuslab_refcount_try_get(CPUSLAB_INOUT struct cpuslab_refcount *refcount)
{
	return __cpuslab_refcount_try_get_many(refcount, 1);
}

/**
 * __cpuslab_refcount_try_get_dying() - cpuslab_refcount_try_get_dying() with
 * preemption off.
 * @refcount: set up by cpuslab_refcount_init().
 *
 * Context, Order, Return: see above.
 */
CPUSLAB_NODISCARD CPUSLAB_INLINE CPUSLAB_PINNED bool
__cpuslab_refcount_try_get_dying(
	CPUSLAB_INOUT struct cpuslab_refcount *refcount)
{
	int result = __cpuslab_add_if(&refcount->handle, 0,
				      CPUSLAB__REFCOUNT_OPEN, 1);

	if (cpuslab_likely(!result))
		return true;
	return cpuslab__refcount_slow_get(refcount, 1, CPUSLAB__REFCOUNT_ANY,
					  result);
}

/**
 * __cpuslab_refcount_get_many() - cpuslab_refcount_get_many() with preemption
 * off.
 * @refcount: set up by cpuslab_refcount_init(); the caller holds a reference.
 * @count:    how many, below 2^32.
 *
 * Context, Order: see above.
 */
CPUSLAB_INLINE CPUSLAB_PINNED void
__cpuslab_refcount_get_many(CPUSLAB_INOUT struct cpuslab_refcount *refcount,
			    uint64_t count)
{
	int result = __cpuslab_add_if(&refcount->handle, 0,
				      CPUSLAB__REFCOUNT_OPEN, count);
	bool got = cpuslab_likely(!result) ||
		   cpuslab__refcount_slow_get(refcount, count,
					      CPUSLAB__REFCOUNT_ANY, result);

	cpuslab_assert(got);
	(void)got;
}

/**
 * __cpuslab_refcount_put_many() - cpuslab_refcount_put_many() with preemption
 * off.
 * @refcount: set up by cpuslab_refcount_init().
 * @count:    how many, below 2^32.
 *
 * Context, Order, Return: see above.
 */
CPUSLAB_INLINE CPUSLAB_PINNED bool
__cpuslab_refcount_put_many(CPUSLAB_INOUT struct cpuslab_refcount *refcount,
			    uint64_t count)
{
	int result = __cpuslab_add_if(&refcount->handle, 0,
				      CPUSLAB__REFCOUNT_OPEN,
				      (uint64_t)0 - count);

	if (cpuslab_likely(!result))
		return false;
	return cpuslab__refcount_slow_put(refcount, count, result);
}

/**
 * __cpuslab_refcount_put() - cpuslab_refcount_put() with preemption off.
 * @refcount: set up by cpuslab_refcount_init().
 *
 * Context, Order, Return: see above.
 */
CPUSLAB_INLINE CPUSLAB_PINNED bool
__cpuslab_refcount_put(CPUSLAB_INOUT struct cpuslab_refcount *refcount)
{
	return __cpuslab_refcount_put_many(refcount, 1);
}

/**
 * __cpuslab_approx_add() - cpuslab_approx_add() with preemption off.
 * @approx: set up by cpuslab_approx_init().
 * @value:  events.
 *
 * Context, Order, Return: see above.
 */
CPUSLAB_INLINE CPUSLAB_PINNED int
__cpuslab_approx_add(CPUSLAB_INOUT struct cpuslab_approx *approx,
		     uint64_t value)
{
	int result = __cpuslab_add(&approx->handle, 0, value);

	if (cpuslab_unlikely(value > CPUSLAB_APPROX_STEPS)) {
		if (!result)
			cpuslab__approx_show(approx, value);
		return result;
	}
	for (; value; value--)
		if (cpuslab_unlikely(__cpuslab_add_below(
					     &approx->handle,
					     offsetof(struct cpuslab_approx_cpu,
						      pending),
					     approx->batch, 1) == CPUSLAB_FULL))
			cpuslab__approx_slow_step(approx);
	return result;
}

CPUSLAB_END

#endif /* CPUSLAB_PINNED_H */
