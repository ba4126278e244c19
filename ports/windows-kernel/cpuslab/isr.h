/* SPDX-License-Identifier: MIT */
/*
 * isr.h - words that an interrupt service routine shares with the rest of its
 * driver, on each processor's own copy.
 *
 * The usual operations raise to DISPATCH_LEVEL, which an ISR must not do, and
 * use plain stores, which an ISR may interrupt. These use interlocked
 * instructions and run at any level. Each word must be changed by these
 * functions only, or by the usual ones only.
 *
 * Stacks and logs have no such form: let the ISR count, or queue a DPC.
 *
 * Context: any IRQL; below DISPATCH_LEVEL they raise to it temporarily. No
 *          lock, no wait.
 */
#ifndef CPUSLAB_ISR_H
#define CPUSLAB_ISR_H

#include <cpuslab/ops.h>
#include <cpuslab/slab.h>

CPUSLAB_BEGIN

CPUSLAB_INLINE CPUSLAB__NT_SECTION_ENTER void *
cpuslab__isr_enter(const struct cpuslab_percpu *handle, size_t offset,
		   struct cpuslab_port_section *section)
{
	section->before = cpuslab__nt_irql();
	return cpuslab__own_enter(handle, offset, section);
}

/*
 * Without a block of this processor's own: the copy in the shared block, which
 * is always changed by interlocked instructions. The slow path of the usual
 * operations may find an own block after all and use a plain store there.
 */
CPUSLAB_INLINE uint64_t *
cpuslab__isr_shared(const struct cpuslab_percpu *handle, size_t offset)
{
	const void *object = cpuslab_remote(handle, CPUSLAB_SHARED);

	if (!object)
		return NULL;
	return (uint64_t *)((uintptr_t)object + offset);
}

/**
 * cpuslab_isr_add() - as cpuslab_add(), for a word that an ISR shares.
 * @handle: of an object; the null handle is an error.
 * @offset: bytes, of the word within the object.
 * @value:  added modulo 2^64.
 *
 * Return: CPUSLAB_OK, or -CPUSLAB_EINVAL for the null handle.
 */
CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_isr_add(CPUSLAB_IN const struct cpuslab_percpu *handle, size_t offset,
		uint64_t value)
{
	struct cpuslab_port_section section;
	uint64_t *word =
		(uint64_t *)cpuslab__isr_enter(handle, offset, &section);

	if (cpuslab_likely(word)) {
		cpuslab_fetch_add_u64(word, value);
		cpuslab_port_section_exit(&section);
		return CPUSLAB_OK;
	}
	word = cpuslab__isr_shared(handle, offset);
	if (!word)
		return -CPUSLAB_EINVAL;
	cpuslab_fetch_add_u64(word, value);
	return CPUSLAB_OK;
}

/**
 * cpuslab_isr_cmpstore() - as cpuslab_cmpstore(), for a word that an ISR
 * shares.
 * @handle: of an object; the null handle is an error.
 * @offset: bytes, of the word within the object.
 * @expect: what the word must be.
 * @value:  stored.
 *
 * Return: CPUSLAB_OK; CPUSLAB_DIFFERS with nothing changed; -CPUSLAB_EINVAL for
 *         the null handle.
 */
CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_isr_cmpstore(CPUSLAB_IN const struct cpuslab_percpu *handle,
		     size_t offset, uint64_t expect, uint64_t value)
{
	struct cpuslab_port_section section;
	uint64_t *word =
		(uint64_t *)cpuslab__isr_enter(handle, offset, &section);
	bool same;

	if (cpuslab_likely(word)) {
		same = cpuslab_cas_u64(word, &expect, value);
		cpuslab_port_section_exit(&section);
		return same ? CPUSLAB_OK : CPUSLAB_DIFFERS;
	}
	word = cpuslab__isr_shared(handle, offset);
	if (!word)
		return -CPUSLAB_EINVAL;
	same = cpuslab_cas_u64(word, &expect, value);
	return same ? CPUSLAB_OK : CPUSLAB_DIFFERS;
}

CPUSLAB_END

#endif /* CPUSLAB_ISR_H */
