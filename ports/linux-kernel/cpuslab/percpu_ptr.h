/* SPDX-License-Identifier: MIT */
/*
 * percpu_ptr.h - how a CPU finds its own block: one pointer for each CPU and
 * extent, in the kernel's per-CPU memory.
 *
 *	handle.object ---> [cpu 0: block] [cpu 1: NULL] ... [cpu 5: block]
 *
 * handle.object is relative to cpuslab__own_none, which is NULL on every CPU,
 * so the null handle, whose object is 0, needs no test of its own.
 */
#ifndef CPUSLAB_PERCPU_PTR_H
#define CPUSLAB_PERCPU_PTR_H

#include <cpuslab/percpu.h>

#include <linux/kconfig.h>
#include <linux/lockdep.h>
#include <linux/percpu.h>

#define CPUSLAB__OWN_NEGATIVE                                                  \
	(((IS_ENABLED(CONFIG_X86_64) && !IS_ENABLED(CONFIG_UML)) ||            \
	  IS_ENABLED(CONFIG_ARM64)) &&                                         \
	 !IS_ENABLED(CONFIG_KASAN_SW_TAGS))

DECLARE_PER_CPU(void *, cpuslab__own_none);

typedef void *__percpu *cpuslab__own;

CPUSLAB_INLINE cpuslab__own cpuslab__own_of(uintptr_t object)
{
	return (cpuslab__own)((__force uintptr_t)&cpuslab__own_none + object);
}

/*
 * Byte @offset of this CPU's copy, or NULL if it has none.
 *
 * Context: preemption off.
 * Order:   [live] pairs with cpuslab_port_block_set_live(): accesses through
 *          the pointer depend on its load, which orders them.
 */
CPUSLAB_INLINE void *cpuslab__own_at(const struct cpuslab_percpu *handle,
				     size_t offset)
{
	cpuslab__own own = cpuslab__own_of(handle->object);
	uintptr_t block;

	lockdep_assert_preemption_disabled();
	if (IS_ENABLED(CONFIG_X86_64))
		block = (uintptr_t)this_cpu_read(*own); /* one instruction */
	else
		block = (uintptr_t)READ_ONCE(*raw_cpu_ptr(own));
	/*
	 * Where every kernel address has its highest bit set, the sign of the
	 * sum tells whether there is a block, which saves an instruction.
	 */
	if (CPUSLAB__OWN_NEGATIVE) {
		block += handle->offset + offset;
		return cpuslab_likely((long)block < 0) ? (void *)block : NULL;
	}
	return cpuslab_likely(block) ?
		       (void *)(block + handle->offset + offset) :
		       NULL;
}

#endif /* CPUSLAB_PERCPU_PTR_H */
