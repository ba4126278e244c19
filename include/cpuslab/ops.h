/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_OPS_H
#define CPUSLAB_OPS_H
/*
 * ops.h - the operations on words: add, add_if, add_below, cmpstore, load; more
 * are in words.h.
 *
 * An operation updates the copy of the CPU that it runs on. It happens entirely
 * on one CPU or not at all, and takes effect with one store, the commit, even
 * if the caller is preempted, migrated or interrupted between any two
 * instructions.
 *
 * In the pseudo-code, "section" is a restartable sequence in rseq mode, and
 * code with preemption disabled in kernels. In atomic mode, and on the shared
 * block, an operation is one atomic instruction on the word, or for add_if on
 * the pair. "slow path" admits the CPU and retries, or works on the shared
 * block.
 *
 * Context: any, signal handlers included (in kernels, see the port's README).
 *          No lock, no waiting; a function call only on the slow path.
 * Order:   the commit is a release; a gate, and a word that is returned, are
 *          loaded with acquire.
 *
 * Not for reading other CPUs' copies: see cpuslab_sum() and cpuslab_remote() in
 * slab.h.
 */

#include <cpuslab/port.h>

CPUSLAB_BEGIN

/* What add_if works on: 16 bytes, aligned to 16. */
struct CPUSLAB_ALIGNED(16) cpuslab_gated {
	uint64_t gate;  /* W constructor, cpuslab__gate_set(); R operations */
	uint64_t value; /* W operations of the CPU; R any */
};

CPUSLAB_API int cpuslab__slow_add(const struct cpuslab_percpu *handle,
				  size_t offset, uint64_t value);
CPUSLAB_API int cpuslab__slow_add_if(const struct cpuslab_percpu *handle,
				     size_t offset, uint64_t gate,
				     uint64_t value);
CPUSLAB_API int cpuslab__slow_add_below(const struct cpuslab_percpu *handle,
					size_t offset, uint64_t bound,
					uint64_t value);
CPUSLAB_API int cpuslab__slow_cmpstore(const struct cpuslab_percpu *handle,
				       size_t offset, uint64_t expect,
				       uint64_t value);
CPUSLAB_API int cpuslab__slow_update(const struct cpuslab_percpu *handle,
				     size_t offset, enum cpuslab__word_op op,
				     uint64_t value, uint64_t *old);

/**
 * cpuslab_add() - add to a 64-bit word of this CPU's copy.
 * @handle: of an object; the null handle is an error.
 * @offset: bytes, of the word within the object; a multiple of 8.
 * @value:  added modulo 2^64.
 *
 *	section {
 *		cpu = this CPU
 *		if cpu >= handle.limit or not live[cpu]: slow path
 *		commit: word += value
 *	}
 *
 * Context, Order: see above.
 * Return:  CPUSLAB_OK, or -CPUSLAB_EINVAL for the null handle.
 */
CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_add(CPUSLAB_IN const struct cpuslab_percpu *handle, size_t offset,
	    uint64_t value)
{
	cpuslab__assert_own(handle);
	if (cpuslab_likely(!cpuslab_port_add(handle, offset, value)))
		return CPUSLAB_OK;
	return cpuslab__slow_add(handle, offset, value);
}

/**
 * cpuslab_add_if() - add to a value if its gate has the expected value.
 * @handle: of an object; the null handle is an error.
 * @offset: bytes, of a struct cpuslab_gated within the object; the type's align
 *          must place it at a multiple of 16.
 * @gate:   what the gate must be.
 * @value:  added modulo 2^64.
 *
 *	section {
 *		cpu = this CPU
 *		if cpu >= handle.limit or not live[cpu]: slow path
 *		if gated.gate != gate: return CPUSLAB_DIFFERS
 *		commit: gated.value += value
 *	}
 *
 * The test and the add are one section: once cpuslab__gate_fence() has
 * returned, no add that saw the old gate can still be in progress.
 *
 * Context, Order: see above.
 * Return:  CPUSLAB_OK; CPUSLAB_DIFFERS with nothing changed; -CPUSLAB_EINVAL
 *          for the null handle.
 */
CPUSLAB_NODISCARD CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_add_if(CPUSLAB_IN const struct cpuslab_percpu *handle, size_t offset,
	       uint64_t gate, uint64_t value)
{
	int result;

	cpuslab__assert_own(handle);
	result = cpuslab_port_add_if(handle, offset, gate, value);
	cpuslab_assert(!((handle->offset + offset) % 16));
	if (cpuslab_unlikely(result == CPUSLAB_MISS))
		return cpuslab__slow_add_if(handle, offset, gate, value);
	return result;
}

/**
 * cpuslab_add_below() - add to a word that is below a bound.
 * @handle: of an object; the null handle is an error.
 * @offset: bytes, of the word within the object; a multiple of 8.
 * @bound:  of the word before the add.
 * @value:  added modulo 2^64; 1 keeps the word at or below @bound.
 *
 *	section {
 *		cpu = this CPU
 *		if cpu >= handle.limit or not live[cpu]: slow path
 *		if word >= bound: return CPUSLAB_FULL
 *		commit: word += value
 *	}
 *
 * On the shared block a compare-and-swap, repeated while others change the
 * word.
 *
 * Context, Order: see above.
 * Return:  CPUSLAB_OK; CPUSLAB_FULL with nothing changed; -CPUSLAB_EINVAL for
 *          the null handle.
 */
CPUSLAB_NODISCARD CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_add_below(CPUSLAB_IN const struct cpuslab_percpu *handle, size_t offset,
		  uint64_t bound, uint64_t value)
{
	int result;

	cpuslab__assert_own(handle);
	result = cpuslab_port_add_below(handle, offset, bound, value);
	if (cpuslab_unlikely(result == CPUSLAB_MISS))
		return cpuslab__slow_add_below(handle, offset, bound, value);
	return result;
}

/**
 * cpuslab_cmpstore() - store to a word of this CPU's copy if it has the
 * expected value.
 * @handle: of an object; the null handle is an error.
 * @offset: bytes, of the word within the object; a multiple of 8.
 * @expect: what the word must be.
 * @value:  stored.
 *
 *	section {
 *		cpu = this CPU
 *		if cpu >= handle.limit or not live[cpu]: slow path
 *		if word != expect: return CPUSLAB_DIFFERS
 *		commit: word = value
 *	}
 *
 * Context, Order: see above.
 * Return:  CPUSLAB_OK; CPUSLAB_DIFFERS with nothing changed; -CPUSLAB_EINVAL
 *          for the null handle.
 */
CPUSLAB_NODISCARD CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_cmpstore(CPUSLAB_IN const struct cpuslab_percpu *handle, size_t offset,
		 uint64_t expect, uint64_t value)
{
	int result;

	cpuslab__assert_own(handle);
	result = cpuslab_port_cmpstore(handle, offset, expect, value);
	if (cpuslab_unlikely(result == CPUSLAB_MISS))
		return cpuslab__slow_cmpstore(handle, offset, expect, value);
	return result;
}

/* Sets @old to what the word was, on CPUSLAB_OK only. */
CPUSLAB_INLINE int cpuslab__update(const struct cpuslab_percpu *handle,
				   size_t offset, enum cpuslab__word_op op,
				   uint64_t value, uint64_t *old)
{
	cpuslab__assert_own(handle);
	if (cpuslab_likely(
		    !cpuslab_port_update(handle, offset, op, value, old)))
		return CPUSLAB_OK;
	return cpuslab__slow_update(handle, offset, op, value, old);
}

/**
 * cpuslab_load() - load a word of this CPU's copy.
 * @handle: of an object; the null handle is an error.
 * @offset: bytes, of the word within the object; a multiple of 8.
 * @word:   set to it, on CPUSLAB_OK only.
 *
 *	section {
 *		cpu = this CPU
 *		if cpu >= handle.limit or not live[cpu]: slow path
 *		load word
 *	}
 *
 * On return the word may have changed, or the caller run on another CPU. So
 * what depends on it ends with a compare-and-store:
 *
 *	do
 *		result = cpuslab_load(&handle, offset, &word);
 *	while (!result &&
 *	       (result = cpuslab_cmpstore(&handle, offset, word,
 *					  next(word))) == CPUSLAB_DIFFERS);
 *
 * Context: see above.
 * Order:   acquire; sees what was written before the word was stored.
 * Return:  CPUSLAB_OK, or -CPUSLAB_EINVAL for the null handle.
 */
CPUSLAB_NODISCARD CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_load(CPUSLAB_IN const struct cpuslab_percpu *handle, size_t offset,
	     CPUSLAB_OUT uint64_t *word)
{
	return cpuslab__update(handle, offset, CPUSLAB__WORD_LOAD, 0, word);
}

CPUSLAB_END

/*
 * Synchronization: operations run concurrently with each other, with sums and
 * with changes of the CPU set. The caller keeps the object from being freed.
 */

#endif /* CPUSLAB_OPS_H */
