/* SPDX-License-Identifier: MIT */
/*
 * port_inline.h - Windows kernel: operations at DISPATCH_LEVEL.
 *
 *	below DISPATCH_LEVEL   raise to it, so that nothing else runs here
 *	at DISPATCH_LEVEL      run as is
 *	above it               CPUSLAB_MISS: the operation uses the shared
 *	                       block, which is changed by interlocked
 *	                       instructions
 *
 * So an ISR that interrupts an operation works on other memory. For words that
 * an ISR shares with the DPCs of its processor there is isr.h.
 */
#ifndef CPUSLAB_PORT_INLINE_H
#define CPUSLAB_PORT_INLINE_H

#include <cpuslab/nt.h>

CPUSLAB_BEGIN

CPUSLAB_INLINE void cpuslab_port_preempt_point(void)
{
}

CPUSLAB_INLINE void cpuslab__own_leave(KIRQL before)
{
	if (before < DISPATCH_LEVEL)
		cpuslab__nt_lower(before);
}

/*
 * Raise to DISPATCH_LEVEL and return this processor's object; NULL, with the
 * IRQL unchanged, if it has none.
 */
CPUSLAB_INLINE void *cpuslab__own_find(const struct cpuslab_percpu *handle,
				       size_t offset, KIRQL before)
{
	uint32_t cpu = KeGetCurrentProcessorNumberEx(NULL);

	/* [live] pairs with cpuslab__block_set_live(). */
	if (cpuslab_likely(cpu < handle->limit &&
			   cpuslab_load_acquire_u8(&handle->live[cpu])))
		return (char *)((void **)handle->object)[cpu] + handle->offset +
		       offset;
	cpuslab__own_leave(before);
	return NULL;
}

CPUSLAB_INLINE void *cpuslab__own_enter(const struct cpuslab_percpu *handle,
					size_t offset, KIRQL *before)
{
	*before = cpuslab__nt_irql();
	if (cpuslab_unlikely(*before > DISPATCH_LEVEL))
		return NULL;
	if (*before < DISPATCH_LEVEL)
		cpuslab__nt_raise(DISPATCH_LEVEL);
	return cpuslab__own_find(handle, offset, *before);
}

CPUSLAB_INLINE int cpuslab_port_add(const struct cpuslab_percpu *handle,
				    size_t offset, uint64_t value)
{
	KIRQL before;
	uint64_t *word =
		(uint64_t *)cpuslab__own_enter(handle, offset, &before);

	if (cpuslab_unlikely(!word))
		return CPUSLAB_MISS;
	/* [release.fence] pairs with cpuslab_port_fence_cpu(). */
	cpuslab_store_release_u64(word, cpuslab_load_relaxed_u64(word) + value);
	cpuslab__own_leave(before);
	return CPUSLAB_OK;
}

CPUSLAB_INLINE int cpuslab_port_add_if(const struct cpuslab_percpu *handle,
				       size_t offset, uint64_t gate,
				       uint64_t value)
{
	KIRQL before;
	uint64_t *pair =
		(uint64_t *)cpuslab__own_enter(handle, offset, &before);
	int result = CPUSLAB_DIFFERS;

	if (cpuslab_unlikely(!pair))
		return CPUSLAB_MISS;
	if (cpuslab_load_acquire_u64(&pair[0]) == gate) {
		cpuslab_store_release_u64(
			&pair[1], cpuslab_load_relaxed_u64(&pair[1]) + value);
		result = CPUSLAB_OK;
	}
	cpuslab__own_leave(before);
	return result;
}

CPUSLAB_INLINE int cpuslab_port_cmpstore(const struct cpuslab_percpu *handle,
					 size_t offset, uint64_t expect,
					 uint64_t value)
{
	KIRQL before;
	uint64_t *word =
		(uint64_t *)cpuslab__own_enter(handle, offset, &before);
	int result = CPUSLAB_DIFFERS;

	if (cpuslab_unlikely(!word))
		return CPUSLAB_MISS;
	if (cpuslab_load_acquire_u64(word) == expect) {
		cpuslab_store_release_u64(word, value);
		result = CPUSLAB_OK;
	}
	cpuslab__own_leave(before);
	return result;
}

CPUSLAB_INLINE int cpuslab_port_push(const struct cpuslab_percpu *handle,
				     size_t offset, void *node)
{
	KIRQL before;
	uint64_t *top = (uint64_t *)cpuslab__own_enter(handle, offset, &before);

	if (cpuslab_unlikely(!top))
		return CPUSLAB_MISS;
	cpuslab_store_relaxed_ptr(
		(void **)node,
		(void *)(uintptr_t)cpuslab_load_relaxed_u64(top));
	cpuslab_store_release_u64(top, (uint64_t)(uintptr_t)node);
	cpuslab__own_leave(before);
	return CPUSLAB_OK;
}

CPUSLAB_INLINE int cpuslab_port_pop(const struct cpuslab_percpu *handle,
				    size_t offset, void **node)
{
	KIRQL before;
	uint64_t *top = (uint64_t *)cpuslab__own_enter(handle, offset, &before);
	void *first;

	if (cpuslab_unlikely(!top))
		return CPUSLAB_MISS;
	first = (void *)(uintptr_t)cpuslab_load_acquire_u64(top);
	if (first) {
		cpuslab_store_release_u64(
			top, (uint64_t)(uintptr_t)cpuslab_load_relaxed_ptr(
				     (void **)first));
		*node = first;
	}
	cpuslab__own_leave(before);
	return first ? CPUSLAB_OK : CPUSLAB_EMPTY;
}

CPUSLAB_INLINE int cpuslab_port_append(const struct cpuslab_percpu *handle,
				       size_t offset, const void *data,
				       uint32_t bytes, uint32_t capacity)
{
	uint64_t step = 8 + (((uint64_t)bytes + 7) & ~(uint64_t)7), tail;
	KIRQL before;
	char *log = (char *)cpuslab__own_enter(handle, offset, &before);
	int result = CPUSLAB_FULL;

	if (cpuslab_unlikely(!log))
		return CPUSLAB_MISS;
	tail = cpuslab_load_relaxed_u64((uint64_t *)log);
	if (tail + step <= capacity) {
		uint64_t *record = (uint64_t *)(log + 16 + tail);

		cpuslab_store_relaxed_u64(record, (uint64_t)bytes << 1 | 1);
		if (bytes)
			memcpy(record + 1, data, bytes);
		/* [log.tail] pairs with cpuslab_log_read(). */
		cpuslab_store_release_u64((uint64_t *)log, tail + step);
		result = CPUSLAB_OK;
	}
	cpuslab__own_leave(before);
	return result;
}

#define CPUSLAB_PORT_MAGAZINES 1

/* {next, count, objects[]} of the newest node of a stack. */
CPUSLAB_INLINE uint64_t *cpuslab__own_magazine(const uint64_t *top)
{
	return (uint64_t *)(uintptr_t)cpuslab_load_acquire_u64(top);
}

CPUSLAB_INLINE int
cpuslab_port_magazine_pop(const struct cpuslab_percpu *handle, size_t offset,
			  void **object)
{
	KIRQL before;
	uint64_t *top = (uint64_t *)cpuslab__own_enter(handle, offset, &before);
	uint64_t *magazine, count;

	if (cpuslab_unlikely(!top))
		return CPUSLAB_MISS;
	magazine = cpuslab__own_magazine(top);
	count = magazine ? cpuslab_load_relaxed_u64(&magazine[1]) : 0;
	if (cpuslab_likely(count)) {
		*object = (void *)(uintptr_t)cpuslab_load_relaxed_u64(
			&magazine[1 + count]);
		cpuslab_store_release_u64(&magazine[1], count - 1);
	}
	cpuslab__own_leave(before);
	return count ? CPUSLAB_OK : CPUSLAB_EMPTY;
}

CPUSLAB_INLINE int
cpuslab_port_magazine_push(const struct cpuslab_percpu *handle, size_t offset,
			   void *object, uint64_t rounds)
{
	KIRQL before;
	uint64_t *top = (uint64_t *)cpuslab__own_enter(handle, offset, &before);
	uint64_t *magazine, count;

	if (cpuslab_unlikely(!top))
		return CPUSLAB_MISS;
	magazine = cpuslab__own_magazine(top);
	count = magazine ? cpuslab_load_relaxed_u64(&magazine[1]) : rounds;
	if (cpuslab_likely(count != rounds)) {
		cpuslab_store_relaxed_u64(&magazine[2 + count],
					  (uint64_t)(uintptr_t)object);
		cpuslab_store_release_u64(&magazine[1], count + 1);
	}
	cpuslab__own_leave(before);
	return count != rounds ? CPUSLAB_OK : CPUSLAB_FULL;
}

CPUSLAB_END

#endif /* CPUSLAB_PORT_INLINE_H */
