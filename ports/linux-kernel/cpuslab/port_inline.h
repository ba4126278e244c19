/* SPDX-License-Identifier: MIT */
/*
 * port_inline.h - the operations inside the Linux kernel; included by port.h
 * only.
 *
 *	add		any context, NMI included: a single instruction where
 *			the machine has one (x86: add without lock), with
 *			preemption off so that the block is this CPU's
 *	cmpstore	likewise
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

#define cpuslab_port_add cpuslab_port_add
#define cpuslab_port_cmpstore cpuslab_port_cmpstore
#include <cpuslab/port/section_ops.h>

CPUSLAB_INLINE void cpuslab_port_preempt_point(void)
{
}

#endif /* CPUSLAB_PORT_INLINE_H */
