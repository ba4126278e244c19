/* SPDX-License-Identifier: MIT */
/*
 * ops.h - the word operations: add, add_if, compare-and-store.
 *
 * Each works on the copy that belongs to the CPU on which the caller
 * runs, wholly on one CPU or not at all, and commits with one store. The
 * caller may be preempted, moved or interrupted between any two instructions.
 * If the CPU has no block, it is admitted; if it cannot be, the
 * operation happens on the shared block.
 *
 * Context: any, signal handlers included (kernels: the port says where). No
 *          lock, no wait; a call is made only for a CPU that has no
 *          block.
 * Order:   the committing store is a release; the load of a gate is an acquire.
 *
 * Pseudo-code: "section" is a restartable sequence in rseq mode and a section
 * with preemption off in kernels. In atomic mode and on the shared block
 * each is one atomic instruction on the word, or on the pair for add_if.
 */
#ifndef CPUSLAB_OPS_H
#define CPUSLAB_OPS_H

#include <cpuslab/port.h>

CPUSLAB_BEGIN

CPUSLAB_API int cpuslab__slow_add(const struct cpuslab_percpu *handle,
				  size_t offset, uint64_t value);
CPUSLAB_API int cpuslab__slow_add_if(const struct cpuslab_percpu *handle,
				     size_t offset, uint64_t gate,
				     uint64_t value);
CPUSLAB_API int cpuslab__slow_cmpstore(const struct cpuslab_percpu *handle,
				       size_t offset, uint64_t expect,
				       uint64_t value);

/**
 * cpuslab_add() - add to a 64-bit word of this CPU's copy.
 * @offset: of the word within the object; a multiple of 8.
 * @value:  wraps around as unsigned numbers do.
 *
 *	section {
 *		cpu = this CPU
 *		if cpu >= handle.limit or not live[cpu]: leave, admit or use the shared block
 *		commit: word += value
 *	}
 *
 * Return:  CPUSLAB_OK, or -CPUSLAB_EINVAL for the null handle.
 */
CPUSLAB_INLINE int cpuslab_add(const struct cpuslab_percpu *handle,
			       size_t offset, uint64_t value)
{
	if (cpuslab_likely(!cpuslab_port_add(handle, offset, value)))
		return CPUSLAB_OK;
	return cpuslab__slow_add(handle, offset, value);
}

/* What add_if works on; 16 bytes, aligned to 16. */
struct CPUSLAB_ALIGNED(16) cpuslab_gated {
	uint64_t gate;  /* W whoever opens and closes it */
	uint64_t value; /* W owner */
};

/**
 * cpuslab_add_if() - add to a value while its gate has an expected value.
 * @offset: of a struct cpuslab_gated within the object, whose type says so in
 *          its align: the pair must lie at a multiple of 16.
 *
 *	section {
 *		cpu = this CPU
 *		if cpu >= handle.limit or not live[cpu]: leave, admit or use the shared block
 *		if gated.gate != gate: return CPUSLAB_DIFFERS
 *		commit: gated.value += value
 *	}
 *
 * Test and add are one section: after cpuslab__gate_set() has returned, none
 * can be under way that still saw the old gate.
 *
 * Return:  CPUSLAB_OK; CPUSLAB_DIFFERS with nothing changed; -CPUSLAB_EINVAL
 *          for the null handle.
 */
CPUSLAB_INLINE int cpuslab_add_if(const struct cpuslab_percpu *handle,
				  size_t offset, uint64_t gate, uint64_t value)
{
	int result = cpuslab_port_add_if(handle, offset, gate, value);

	cpuslab_assert(!((handle->offset + offset) % 16));
	if (cpuslab_unlikely(result == CPUSLAB_MISS))
		return cpuslab__slow_add_if(handle, offset, gate, value);
	return result;
}

/**
 * cpuslab_cmpstore() - store to a word of this CPU's copy if it has the
 * expected value.
 * @offset: of the word within the object; a multiple of 8.
 *
 *	section {
 *		cpu = this CPU
 *		if cpu >= handle.limit or not live[cpu]: leave, admit or use the shared block
 *		if word != expect: return CPUSLAB_DIFFERS
 *		commit: word = value
 *	}
 *
 * Return:  CPUSLAB_OK; CPUSLAB_DIFFERS with nothing changed; -CPUSLAB_EINVAL
 *          for the null handle.
 */
CPUSLAB_INLINE int cpuslab_cmpstore(const struct cpuslab_percpu *handle,
				    size_t offset, uint64_t expect,
				    uint64_t value)
{
	int result = cpuslab_port_cmpstore(handle, offset, expect, value);

	if (cpuslab_unlikely(result == CPUSLAB_MISS))
		return cpuslab__slow_cmpstore(handle, offset, expect, value);
	return result;
}

CPUSLAB_END

#endif /* CPUSLAB_OPS_H */
