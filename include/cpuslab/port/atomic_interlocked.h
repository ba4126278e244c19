/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_ATOMIC_INTERLOCKED_H
#define CPUSLAB_ATOMIC_INTERLOCKED_H
/*
 * atomic_interlocked.h - <cpuslab/atomic.h> by Interlocked intrinsics, for
 * compilers without gcc's builtins; x86-64 only. Included by a port's
 * port_atomic.h.
 *
 * On x86-64 every load is an acquire and every store a release; only the
 * compiler must be kept from moving accesses across them.
 */

#if !defined(_M_X64) || defined(_M_ARM64EC)
#error "loads are acquires and stores are releases on x86-64 only"
#endif

#include <intrin.h>

#include <cpuslab/base.h>

#define CPUSLAB__ATOMIC_TYPE(suffix, type)                                     \
	CPUSLAB_INLINE type cpuslab_load_relaxed_##suffix(const type *p)       \
	{                                                                      \
		return *(const volatile type *)p;                              \
	}                                                                      \
	CPUSLAB_INLINE type cpuslab_load_acquire_##suffix(const type *p)       \
	{                                                                      \
		type v = *(const volatile type *)p;                            \
                                                                               \
		_ReadWriteBarrier();                                           \
		return v;                                                      \
	}                                                                      \
	CPUSLAB_INLINE void cpuslab_store_relaxed_##suffix(type *p, type v)    \
	{                                                                      \
		*(volatile type *)p = v;                                       \
	}                                                                      \
	CPUSLAB_INLINE void cpuslab_store_release_##suffix(type *p, type v)    \
	{                                                                      \
		_ReadWriteBarrier();                                           \
		*(volatile type *)p = v;                                       \
	}

#define CPUSLAB__ATOMIC_NUMBER(suffix, type, word, interlocked)                \
	CPUSLAB__ATOMIC_TYPE(suffix, type)                                     \
	CPUSLAB_INLINE type cpuslab_exchange_##suffix(type *p, type v)         \
	{                                                                      \
		return (type)_InterlockedExchange##interlocked(                \
			(volatile word *)p, (word)v);                          \
	}                                                                      \
	CPUSLAB_INLINE bool cpuslab_cas_##suffix(type *p, type *expect,        \
						 type v)                       \
	{                                                                      \
		type found = (type)_InterlockedCompareExchange##interlocked(   \
			(volatile word *)p, (word)v, (word)*expect);           \
		bool done = found == *expect;                                  \
                                                                               \
		*expect = found;                                               \
		return done;                                                   \
	}                                                                      \
	CPUSLAB_INLINE type cpuslab_fetch_add_##suffix(type *p, type v)        \
	{                                                                      \
		return (type)_InterlockedExchangeAdd##interlocked(             \
			(volatile word *)p, (word)v);                          \
	}

CPUSLAB__ATOMIC_TYPE(u8, uint8_t)
CPUSLAB__ATOMIC_NUMBER(u32, uint32_t, long, )
CPUSLAB__ATOMIC_NUMBER(u64, uint64_t, __int64, 64)

CPUSLAB_INLINE void *cpuslab__load_ptr(const void *p)
{
	void *v = *(void *const volatile *)p;

	_ReadWriteBarrier();
	return v;
}

CPUSLAB_INLINE void cpuslab__store_ptr(void *p, const void *v)
{
	_ReadWriteBarrier();
	*(const void *volatile *)p = v;
}

#define cpuslab_load_relaxed_ptr(p) cpuslab__load_ptr(p)
#define cpuslab_load_acquire_ptr(p) cpuslab__load_ptr(p)
#define cpuslab_store_relaxed_ptr(p, v) cpuslab__store_ptr((p), (v))
#define cpuslab_store_release_ptr(p, v) cpuslab__store_ptr((p), (v))

CPUSLAB_INLINE void cpuslab_fence(void)
{
	volatile long word = 0;

	/* A locked instruction is a full fence. */
	_InterlockedOr(&word, 0);
}

#endif /* CPUSLAB_ATOMIC_INTERLOCKED_H */
