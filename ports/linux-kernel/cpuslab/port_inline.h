/* SPDX-License-Identifier: MIT */
/*
 * port_inline.h - the operations inside the Linux kernel; included by port.h
 * only.
 *
 *	add		any context, NMI included: a single instruction where
 *			the machine has one (x86: add without lock), with
 *			preemption off so that the block is this CPU's
 *	cmpstore	likewise
 *	the others	up to hard interrupts: they change two or more words
 *			with interrupts off, which does not exclude an NMI
 *
 * Two operations conflict only if one interrupts the other on the same CPU, so
 * none has to be atomic for other CPUs, which only read.
 *
 * [release.fence] A section with preemption or interrupts off is a read section
 * of RCU, which cpuslab_port_fence_cpu() waits for.
 */
#ifndef CPUSLAB_PORT_INLINE_H
#define CPUSLAB_PORT_INLINE_H

#include <cpuslab/percpu_ptr.h>

#include <asm/local64.h>
#include <linux/atomic.h>
#include <linux/irqflags.h>
#include <linux/preempt.h>

CPUSLAB_INLINE int cpuslab_port_add(const struct cpuslab_percpu *handle,
				    size_t offset, uint64_t value)
{
	int result = CPUSLAB_MISS;
	local64_t *word;

	preempt_disable();
	word = cpuslab__own_at(handle, offset);
	if (cpuslab_likely(word)) {
		/* A release; free on x86, where every store is one. */
		smp_mb__before_atomic();
		local64_add((s64)value, word);
		result = CPUSLAB_OK;
	}
	preempt_enable();
	return result;
}

CPUSLAB_INLINE int cpuslab_port_cmpstore(const struct cpuslab_percpu *handle,
					 size_t offset, uint64_t expect,
					 uint64_t value)
{
	int result = CPUSLAB_MISS;
	uint64_t *word;

	preempt_disable();
	word = cpuslab__own_at(handle, offset);
	if (cpuslab_likely(word)) {
		smp_mb__before_atomic();
		result = cmpxchg64_local(word, expect, value) == expect ?
				 CPUSLAB_OK :
				 CPUSLAB_DIFFERS;
	}
	preempt_enable();
	return result;
}

CPUSLAB_INLINE int cpuslab_port_add_if(const struct cpuslab_percpu *handle,
				       size_t offset, uint64_t gate,
				       uint64_t value)
{
	int result = CPUSLAB_MISS;
	unsigned long flags;
	uint64_t *pair;

	lockdep_assert_once(!in_nmi());
	local_irq_save(flags);
	pair = cpuslab__own_at(handle, offset);
	if (cpuslab_unlikely(!pair))
		goto restore;
	/* [gate] pairs with cpuslab__gate_set(). */
	result = CPUSLAB_DIFFERS;
	if (smp_load_acquire(&pair[0]) != gate)
		goto restore;
	smp_store_release(&pair[1], pair[1] + value);
	result = CPUSLAB_OK;
restore:
	local_irq_restore(flags);
	return result;
}

CPUSLAB_INLINE int cpuslab_port_push(const struct cpuslab_percpu *handle,
				     size_t offset, void *node)
{
	int result = CPUSLAB_MISS;
	unsigned long flags;
	uint64_t *top;

	lockdep_assert_once(!in_nmi());
	local_irq_save(flags);
	top = cpuslab__own_at(handle, offset);
	if (cpuslab_likely(top)) {
		WRITE_ONCE(*(void **)node, (void *)(uintptr_t)*top);
		smp_store_release(top, (uint64_t)(uintptr_t)node);
		result = CPUSLAB_OK;
	}
	local_irq_restore(flags);
	return result;
}

CPUSLAB_INLINE int cpuslab_port_pop(const struct cpuslab_percpu *handle,
				    size_t offset, void **node)
{
	int result = CPUSLAB_MISS;
	unsigned long flags;
	uint64_t *top;

	lockdep_assert_once(!in_nmi());
	local_irq_save(flags);
	top = cpuslab__own_at(handle, offset);
	if (cpuslab_unlikely(!top))
		goto restore;
	result = CPUSLAB_EMPTY;
	if (!*top)
		goto restore;
	*node = (void *)(uintptr_t)*top;
	smp_store_release(top, (uint64_t)(uintptr_t)READ_ONCE(*(void **)*node));
	result = CPUSLAB_OK;
restore:
	local_irq_restore(flags);
	return result;
}

#define CPUSLAB_PORT_MAGAZINES 1

/* Only this CPU accesses a magazine on its own stack. */
CPUSLAB_INLINE int
cpuslab_port_magazine_pop(const struct cpuslab_percpu *handle, size_t offset,
			  void **object)
{
	int result = CPUSLAB_MISS;
	uint64_t *top, *magazine;
	unsigned long flags;

	lockdep_assert_once(!in_nmi());
	local_irq_save(flags);
	top = cpuslab__own_at(handle, offset);
	if (cpuslab_unlikely(!top))
		goto restore;
	result = CPUSLAB_EMPTY;
	magazine = (uint64_t *)(uintptr_t)*top;
	if (cpuslab_unlikely(!magazine || !magazine[1]))
		goto restore;
	*object = (void *)(uintptr_t)magazine[1 + magazine[1]];
	smp_store_release(&magazine[1], magazine[1] - 1);
	result = CPUSLAB_OK;
restore:
	local_irq_restore(flags);
	return result;
}

CPUSLAB_INLINE int
cpuslab_port_magazine_push(const struct cpuslab_percpu *handle, size_t offset,
			   void *object, uint64_t rounds)
{
	int result = CPUSLAB_MISS;
	uint64_t *top, *magazine;
	unsigned long flags;

	lockdep_assert_once(!in_nmi());
	local_irq_save(flags);
	top = cpuslab__own_at(handle, offset);
	if (cpuslab_unlikely(!top))
		goto restore;
	result = CPUSLAB_FULL;
	magazine = (uint64_t *)(uintptr_t)*top;
	if (cpuslab_unlikely(!magazine || magazine[1] == rounds))
		goto restore;
	magazine[2 + magazine[1]] = (uint64_t)(uintptr_t)object;
	smp_store_release(&magazine[1], magazine[1] + 1);
	result = CPUSLAB_OK;
restore:
	local_irq_restore(flags);
	return result;
}

CPUSLAB_INLINE int cpuslab_port_append(const struct cpuslab_percpu *handle,
				       size_t offset, const void *data,
				       uint32_t bytes, uint32_t capacity)
{
	uint64_t step = 8 + (((uint64_t)bytes + 7) & ~(uint64_t)7);
	int result = CPUSLAB_MISS;
	unsigned long flags;
	uint64_t *log;

	lockdep_assert_once(!in_nmi());
	local_irq_save(flags);
	log = cpuslab__own_at(handle, offset);
	if (cpuslab_unlikely(!log))
		goto restore;
	result = CPUSLAB_FULL;
	if (*log + step > capacity)
		goto restore;
	{
		uint64_t *record = (uint64_t *)((char *)log + 16 + *log);

		*record = (uint64_t)bytes << 1 | 1;
		memcpy(record + 1, data, bytes);
	}
	/* [log.tail] pairs with cpuslab_log_read(). */
	smp_store_release(log, *log + step);
	result = CPUSLAB_OK;
restore:
	local_irq_restore(flags);
	return result;
}

CPUSLAB_INLINE void cpuslab_port_preempt_point(void)
{
}

#endif /* CPUSLAB_PORT_INLINE_H */
