/* SPDX-License-Identifier: MIT */
/*
 * port_inline.h - Windows kernel: the sections of section_ops.h, at
 * DISPATCH_LEVEL.
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
#include <cpuslab/port/directory.h>

#define CPUSLAB_PORT_HAS_CREATE 1

CPUSLAB_BEGIN

CPUSLAB_INLINE void cpuslab_port_preempt_point(void)
{
}

/*
 * Memory that can be paged out may happen to be resident. Driver Verifier's
 * IRQL checking makes it absent whenever a driver raises the IRQL.
 */
#define CPUSLAB_PORT_ASSERT_RESIDENT(memory)                                   \
	cpuslab_assert(cpuslab__nt_irql() > DISPATCH_LEVEL ||                  \
		       MmIsAddressValid((PVOID)(uintptr_t)(memory)))

struct cpuslab_port_section {
	KIRQL before;
};

CPUSLAB_INLINE CPUSLAB__NT_SECTION_EXIT void
cpuslab_port_section_exit(struct cpuslab_port_section *section)
{
	if (section->before < DISPATCH_LEVEL)
		cpuslab__nt_lower(section->before);
}

/*
 * Byte @offset of this processor's copy, or NULL if it has none.
 *
 * Context: DISPATCH_LEVEL or above.
 */
CPUSLAB_INLINE void *cpuslab__own_at(const struct cpuslab_percpu *handle,
				     size_t offset)
{
	uint32_t cpu = cpuslab__nt_cpu();

	CPUSLAB_PORT_ASSERT_RESIDENT(handle);
	CPUSLAB_PORT_ASSERT_RESIDENT((const char *)(handle + 1) - 1);
	/*
	 * [named.publish] The limit, which is stored last, is loaded first.
	 * [live] pairs with cpuslab__set_live().
	 */
	if (cpuslab_likely(cpu < cpuslab_load_acquire_u32(&handle->limit) &&
			   cpuslab_load_acquire_u8(&handle->live[cpu])))
		return (char *)((void **)handle->object)[cpu] + handle->offset +
		       offset;
	return NULL;
}

/* Begin a section at DISPATCH_LEVEL, or above it if the caller is there. */
CPUSLAB_INLINE CPUSLAB__NT_ENTER void *
cpuslab__own_enter(const struct cpuslab_percpu *handle, size_t offset,
		   struct cpuslab_port_section *section)
{
	void *copy;

	if (section->before < DISPATCH_LEVEL)
		cpuslab__nt_raise(DISPATCH_LEVEL);
	copy = cpuslab__own_at(handle, offset);
	if (cpuslab_likely(copy))
		return copy;
	cpuslab_port_section_exit(section);
	return NULL;
}

CPUSLAB_INLINE CPUSLAB__NT_SECTION_ENTER void *
cpuslab_port_section_enter(const struct cpuslab_percpu *handle, size_t offset,
			   struct cpuslab_port_section *section)
{
	section->before = cpuslab__nt_irql();
	if (cpuslab_unlikely(section->before > DISPATCH_LEVEL))
		return NULL;
	return cpuslab__own_enter(handle, offset, section);
}

#define CPUSLAB_PORT_PINNED 1

CPUSLAB_INLINE void cpuslab_port_assert_pinned(void)
{
	cpuslab_assert(cpuslab__nt_irql() >= DISPATCH_LEVEL);
}

CPUSLAB_INLINE void *cpuslab_port_pinned_at(const struct cpuslab_percpu *handle,
					    size_t offset)
{
	return cpuslab__own_at(handle, offset);
}

CPUSLAB_END

#include <cpuslab/port/section_ops.h>

#endif /* CPUSLAB_PORT_INLINE_H */
