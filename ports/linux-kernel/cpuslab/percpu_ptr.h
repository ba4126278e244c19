/* SPDX-License-Identifier: MIT */
/*
 * percpu_ptr.h - how a CPU finds its own block: one pointer for each CPU and
 * extent, in the kernel's per-CPU memory.
 *
 *	handle.object ---> [cpu 0: block] [cpu 1: none] ... [cpu 5: block]
 *
 * "None" is CPUSLAB__OWN_NONE. handle.object is relative to cpuslab__own_none,
 * which is that on every CPU, so the null handle, whose object is 0, needs no
 * test of its own.
 */
#ifndef CPUSLAB_PERCPU_PTR_H
#define CPUSLAB_PERCPU_PTR_H

#include <cpuslab/percpu.h>

#include <linux/atomic.h>
#include <linux/kconfig.h>
#include <linux/lockdep.h>
#include <linux/percpu.h>

#if IS_ENABLED(CONFIG_X86_64) && !IS_ENABLED(CONFIG_UML)
/*
 * Not canonical, with four or five levels of page tables and with tagged
 * addresses, also when an offset within a block is added. So an access faults,
 * and an exception table entry is the whole test for a block.
 */
#define CPUSLAB__OWN_NONE (1ul << 56)
#define CPUSLAB__OWN_FAULTS 1
#include <asm/asm.h>
#else
#define CPUSLAB__OWN_NONE 0ul
#define CPUSLAB__OWN_FAULTS 0
#endif

/* Has every kernel address its highest bit set? */
#define CPUSLAB__OWN_NEGATIVE                                                  \
	(CPUSLAB__OWN_FAULTS ||                                                \
	 (IS_ENABLED(CONFIG_ARM64) && !IS_ENABLED(CONFIG_KASAN_SW_TAGS)))

DECLARE_PER_CPU(uintptr_t, cpuslab__own_none);

typedef uintptr_t __percpu *cpuslab__own;

CPUSLAB_INLINE cpuslab__own cpuslab__own_of(uintptr_t object)
{
	return (cpuslab__own)((__force uintptr_t)&cpuslab__own_none + object);
}

/*
 * [named.publish] Acquire, before the offset is used; pairs with
 * named_publish(), which stores the object after it.
 */
CPUSLAB_INLINE cpuslab__own
cpuslab__own_get(const struct cpuslab_percpu *handle)
{
	return cpuslab__own_of(cpuslab_load_acquire_ptr(&handle->object));
}

/*
 * The address of this CPU's block, or CPUSLAB__OWN_NONE.
 *
 * Context: preemption off.
 * Order:   [live] pairs with cpuslab_port_block_set_live(): accesses through
 *          the address depend on its load, which orders them.
 */
CPUSLAB_INLINE uintptr_t cpuslab__own_block(cpuslab__own own)
{
	lockdep_assert_preemption_disabled();
	if (IS_ENABLED(CONFIG_X86_64))
		return this_cpu_read(*own); /* one instruction */
	return READ_ONCE(*raw_cpu_ptr(own));
}

/* @offset bytes into @block; NULL if there is none. */
CPUSLAB_INLINE void *cpuslab__own_word(uintptr_t block, uintptr_t offset)
{
	/* The sign of the sum tells, which saves an instruction. */
	if (CPUSLAB__OWN_NEGATIVE) {
		block += offset;
		return cpuslab_likely((long)block < 0) ? (void *)block : NULL;
	}
	return cpuslab_likely(block != CPUSLAB__OWN_NONE) ?
		       (void *)(block + offset) :
		       NULL;
}

/* Byte @offset of this CPU's copy, or NULL if it has none. */
CPUSLAB_INLINE void *cpuslab__own_at(const struct cpuslab_percpu *handle,
				     size_t offset)
{
	return cpuslab__own_word(cpuslab__own_block(cpuslab__own_get(handle)),
				 handle->offset + offset);
}

/*
 * Add to the word @offset bytes into @block. CPUSLAB_MISS: there is none.
 *
 * Order: release.
 */
CPUSLAB_INLINE int cpuslab__own_add(uintptr_t block, uintptr_t offset,
				    uint64_t value)
{
#if CPUSLAB__OWN_FAULTS
	/* clang-format off */
	asm goto("1:\taddq %1, %0\n\t" _ASM_EXTABLE(1b, %l[none])
		 :
		 : "m"(*(uint64_t *)(block + offset)), "er"(value)
		 : "memory", "cc"
		 : none);
	/* clang-format on */
	return CPUSLAB_OK;
none:
	return CPUSLAB_MISS;
#else
	atomic64_t *word = (atomic64_t *)cpuslab__own_word(block, offset);

	if (cpuslab_unlikely(!word))
		return CPUSLAB_MISS;
	/* Cheaper than a fence before an add that is not ordered. */
	(void)atomic64_fetch_add_release((s64)value, word);
	return CPUSLAB_OK;
#endif
}

/*
 * Store to such a word if it has the expected value.
 *
 * Order: release.
 */
CPUSLAB_INLINE int cpuslab__own_cmpstore(uintptr_t block, uintptr_t offset,
					 uint64_t expect, uint64_t value)
{
	uint64_t *word = (uint64_t *)cpuslab__own_word(block, offset);
	uint64_t was;

	if (cpuslab_unlikely(!word))
		return CPUSLAB_MISS;
	/* On x86 without a lock prefix, where every store is a release. */
	was = IS_ENABLED(CONFIG_X86) ? cmpxchg64_local(word, expect, value) :
				       cmpxchg_release(word, expect, value);
	return was == expect ? CPUSLAB_OK : CPUSLAB_DIFFERS;
}

#endif /* CPUSLAB_PERCPU_PTR_H */
