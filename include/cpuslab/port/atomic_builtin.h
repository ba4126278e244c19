/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_ATOMIC_BUILTIN_H
#define CPUSLAB_ATOMIC_BUILTIN_H
/*
 * atomic_builtin.h - <cpuslab/atomic.h> by the builtins of gcc and clang, which
 * ThreadSanitizer understands. Included by a port's port_atomic.h.
 */

#include <cpuslab/base.h>

/*
 * A library with locks would do the work, which no signal handler may enter.
 * 32-bit ARM has the instructions from ARMv7 on, x86 from i586 on.
 */
#if !defined(__GCC_HAVE_SYNC_COMPARE_AND_SWAP_8)
#error "compile for a machine with atomic instructions on 64 bits"
#endif

/*
 * Other machines have no instruction for two words. (That of POWER8 is not used
 * because it never succeeds in QEMU 7.2.) There the port has this.
 */
#if !defined(__x86_64__) && !defined(__aarch64__) && !defined(_M_ARM64) &&     \
	!defined(__s390x__)
#define CPUSLAB_PORT_CAS16 1
#endif

/* An access that is not aligned is not atomic on every machine. */
#define CPUSLAB__ATOMIC_AT(p)                                                  \
	(cpuslab_assert(!((uintptr_t)(p) % sizeof(*(p)))), (p))

#define CPUSLAB__ATOMIC_TYPE(suffix, type)                                     \
	CPUSLAB_INLINE type cpuslab_load_relaxed_##suffix(const type *p)       \
	{                                                                      \
		return __atomic_load_n(CPUSLAB__ATOMIC_AT(p),                  \
				       __ATOMIC_RELAXED);                      \
	}                                                                      \
	CPUSLAB_INLINE type cpuslab_load_acquire_##suffix(const type *p)       \
	{                                                                      \
		return __atomic_load_n(CPUSLAB__ATOMIC_AT(p),                  \
				       __ATOMIC_ACQUIRE);                      \
	}                                                                      \
	CPUSLAB_INLINE void cpuslab_store_relaxed_##suffix(type *p, type v)    \
	{                                                                      \
		__atomic_store_n(CPUSLAB__ATOMIC_AT(p), v, __ATOMIC_RELAXED);  \
	}                                                                      \
	CPUSLAB_INLINE void cpuslab_store_release_##suffix(type *p, type v)    \
	{                                                                      \
		__atomic_store_n(CPUSLAB__ATOMIC_AT(p), v, __ATOMIC_RELEASE);  \
	}

/* @plain: the same where it need not be aligned. */
#define CPUSLAB__ATOMIC_NUMBER(suffix, type, plain)                            \
	CPUSLAB__ATOMIC_TYPE(suffix, type)                                     \
	CPUSLAB_INLINE type cpuslab_exchange_##suffix(type *p, type v)         \
	{                                                                      \
		return __atomic_exchange_n(CPUSLAB__ATOMIC_AT(p), v,           \
					   __ATOMIC_SEQ_CST);                  \
	}                                                                      \
	CPUSLAB_INLINE bool cpuslab_cas_##suffix(type *p, plain *expect,       \
						 type v)                       \
	{                                                                      \
		return __atomic_compare_exchange_n(CPUSLAB__ATOMIC_AT(p),      \
						   expect, v, false,           \
						   __ATOMIC_SEQ_CST,           \
						   __ATOMIC_ACQUIRE);          \
	}                                                                      \
	CPUSLAB_INLINE type cpuslab_fetch_add_##suffix(type *p, type v)        \
	{                                                                      \
		return __atomic_fetch_add(CPUSLAB__ATOMIC_AT(p), v,            \
					  __ATOMIC_SEQ_CST);                   \
	}

CPUSLAB__ATOMIC_TYPE(u8, uint8_t)
CPUSLAB__ATOMIC_NUMBER(u32, uint32_t, uint32_t)
CPUSLAB__ATOMIC_NUMBER(u64, cpuslab_word, uint64_t)

/* Macros, so that the result has the type of *p. */
#define cpuslab_load_relaxed_ptr(p) __atomic_load_n((p), __ATOMIC_RELAXED)
#define cpuslab_load_acquire_ptr(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define cpuslab_store_relaxed_ptr(p, v)                                        \
	__atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define cpuslab_store_release_ptr(p, v)                                        \
	__atomic_store_n((p), (v), __ATOMIC_RELEASE)

CPUSLAB_INLINE void cpuslab_fence(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

#endif /* CPUSLAB_ATOMIC_BUILTIN_H */
