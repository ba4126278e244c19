/* SPDX-License-Identifier: MIT */
/*
 * port_inline.h - the operations inside the Linux kernel; included by port.h
 * only.
 *
 *	add		any context, NMI included: a single instruction where
 *			the machine has one (x86: add without lock), with
 *			preemption off so that the block is this CPU's
 *	cmpstore	likewise, and what words.h has
 *	the others	up to hard interrupts: section_ops.h with interrupts
 *			off, which does not exclude an NMI
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
#include <cpuslab/port/directory.h>

#include <linux/irqflags.h>
#include <linux/preempt.h>

#define CPUSLAB_PORT_HAS_TRACE 1
#define CPUSLAB_PORT_HAS_CREATE 1
#define CPUSLAB_PORT_CREATES_LATER 1
#define CPUSLAB_PORT_SHOWS_REGISTRY 1
#define CPUSLAB_PORT_HAS_ACCOUNTS 1
#define CPUSLAB_PORT_HAS_RCU_USERS 1

CPUSLAB_INLINE int cpuslab_port_pinned_add(const struct cpuslab_percpu *handle,
					   size_t offset, uint64_t value)
{
	return cpuslab__own_add(cpuslab__own_block(cpuslab__own_get(handle)),
				handle->offset + offset, value);
}

CPUSLAB_INLINE int
cpuslab_port_pinned_cmpstore(const struct cpuslab_percpu *handle, size_t offset,
			     uint64_t expect, uint64_t value)
{
	return cpuslab__own_cmpstore(
		cpuslab__own_block(cpuslab__own_get(handle)),
		handle->offset + offset, expect, value);
}

/* Repeated if an interrupt changes the word in between. */
CPUSLAB_INLINE int
cpuslab_port_pinned_update(const struct cpuslab_percpu *handle, size_t offset,
			   enum cpuslab__word_op op, uint64_t value,
			   uint64_t *old)
{
	uintptr_t block = cpuslab__own_block(cpuslab__own_get(handle));
	uintptr_t at = handle->offset + offset;
	uint64_t *word = (uint64_t *)cpuslab__own_word(block, at), next;

	if (cpuslab_unlikely(!word))
		return CPUSLAB_MISS;
	do {
		*old = READ_ONCE(*word);
		next = cpuslab__word_next(op, *old, value);
	} while ((next != *old || !cpuslab__word_keeps(op)) &&
		 cpuslab__own_cmpstore(block, at, *old, next));
	return CPUSLAB_OK;
}

CPUSLAB_INLINE int cpuslab_port_add(const struct cpuslab_percpu *handle,
				    size_t offset, uint64_t value)
{
	int result;

	preempt_disable();
	result = cpuslab_port_pinned_add(handle, offset, value);
	preempt_enable();
	return result;
}

CPUSLAB_INLINE int cpuslab_port_cmpstore(const struct cpuslab_percpu *handle,
					 size_t offset, uint64_t expect,
					 uint64_t value)
{
	int result;

	preempt_disable();
	result = cpuslab_port_pinned_cmpstore(handle, offset, expect, value);
	preempt_enable();
	return result;
}

CPUSLAB_INLINE int cpuslab_port_update(const struct cpuslab_percpu *handle,
				       size_t offset, enum cpuslab__word_op op,
				       uint64_t value, uint64_t *old)
{
	int result;

	preempt_disable();
	result = cpuslab_port_pinned_update(handle, offset, op, value, old);
	preempt_enable();
	return result;
}

struct cpuslab_port_section {
	unsigned long flags;
};

CPUSLAB_INLINE void
cpuslab_port_section_exit(struct cpuslab_port_section *section)
{
	local_irq_restore(section->flags);
}

CPUSLAB_INLINE void *
cpuslab_port_section_enter(const struct cpuslab_percpu *handle, size_t offset,
			   struct cpuslab_port_section *section)
{
	void *copy;

	lockdep_assert_once(!in_nmi());
	local_irq_save(section->flags);
	copy = cpuslab__own_at(handle, offset);
	if (cpuslab_likely(copy))
		return copy;
	cpuslab_port_section_exit(section);
	return NULL;
}

#define CPUSLAB_PORT_SECTION_CAN_EXCLUDE 1

CPUSLAB_INLINE bool cpuslab_port_section_can_exclude(void)
{
	return !in_nmi();
}

/*
 * The handler of a breakpoint or an optimized kprobe may interrupt a section,
 * and is not always an NMI. It ends before what it interrupts goes on.
 */
CPUSLAB_INLINE bool cpuslab__ring_begin(uint64_t *tail)
{
	if (READ_ONCE(tail[1]))
		return false;
	WRITE_ONCE(tail[1], 1);
	barrier();
	return true;
}

CPUSLAB_INLINE void cpuslab__ring_end(uint64_t *tail)
{
	barrier();
	WRITE_ONCE(tail[1], 0);
}

#define CPUSLAB_PORT_RING_BEGIN(tail) cpuslab__ring_begin(tail)
#define CPUSLAB_PORT_RING_END(tail) cpuslab__ring_end(tail)

CPUSLAB_API void
cpuslab__ring_file_wake(const struct cpuslab__ring_shape *shape);

/* Only a file's ring has @wake; see ring_file.h. */
CPUSLAB_INLINE void
cpuslab__ring_file_appended(const struct cpuslab__ring_shape *shape,
			    uint64_t from, uint64_t end)
{
	if (cpuslab_unlikely((from ^ end) & shape->wake))
		cpuslab__ring_file_wake(shape);
}

#define CPUSLAB_PORT_PINNED 1

/* In debug builds also without CONFIG_PROVE_LOCKING. */
CPUSLAB_INLINE void cpuslab_port_assert_pinned(void)
{
	cpuslab_assert(!preemptible());
}

CPUSLAB_INLINE void *cpuslab_port_pinned_at(const struct cpuslab_percpu *handle,
					    size_t offset)
{
	return cpuslab__own_at(handle, offset);
}

#define cpuslab_port_add cpuslab_port_add
#define cpuslab_port_cmpstore cpuslab_port_cmpstore
#define cpuslab_port_update cpuslab_port_update
#include <cpuslab/port/section_ops.h>

CPUSLAB_INLINE void cpuslab_port_preempt_point(void)
{
}

#endif /* CPUSLAB_PORT_INLINE_H */
