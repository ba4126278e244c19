/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_ATOMIC_INTERLOCKED_H
#define CPUSLAB_ATOMIC_INTERLOCKED_H
/*
 * atomic_interlocked.h - <cpuslab/atomic.h> by the intrinsics of Microsoft's
 * compiler, for x86-64 and ARM64. Included by a port's port_atomic.h.
 *
 * On x86-64 every load is an acquire and every store a release; only the
 * compiler must be kept from moving accesses across them. ARM64 has loads and
 * stores with these orders. On both a volatile access is one instruction, and
 * on ARM64 it is ordered only with the option /volatile:ms.
 */

#include <intrin.h>

#include <cpuslab/base.h>

#if defined(_M_ARM64)

#define CPUSLAB__LOAD_ACQUIRE(bits, p)                                         \
	__ldar##bits((unsigned __int##bits volatile *)(uintptr_t)(p))
#define CPUSLAB__STORE_RELEASE(bits, p, v)                                     \
	__stlr##bits((unsigned __int##bits volatile *)(p), (v))
#define CPUSLAB__FENCE() __dmb(_ARM64_BARRIER_ISH)

#elif defined(_M_X64) && !defined(_M_ARM64EC)

#define CPUSLAB__ORDERED(bits)                                                 \
	CPUSLAB_INLINE unsigned __int##bits cpuslab__load_acquire##bits(       \
		const volatile unsigned __int##bits *p)                        \
	{                                                                      \
		unsigned __int##bits v = *p;                                   \
                                                                               \
		_ReadWriteBarrier();                                           \
		return v;                                                      \
	}                                                                      \
	CPUSLAB_INLINE void cpuslab__store_release##bits(                      \
		volatile unsigned __int##bits *p, unsigned __int##bits v)      \
	{                                                                      \
		_ReadWriteBarrier();                                           \
		*p = v;                                                        \
	}

CPUSLAB__ORDERED(8)
CPUSLAB__ORDERED(32)
CPUSLAB__ORDERED(64)

#define CPUSLAB__LOAD_ACQUIRE(bits, p)                                         \
	cpuslab__load_acquire##bits((const volatile unsigned __int##bits *)(p))
#define CPUSLAB__STORE_RELEASE(bits, p, v)                                     \
	cpuslab__store_release##bits((volatile unsigned __int##bits *)(p), (v))

CPUSLAB_INLINE void cpuslab__fence_locked(void)
{
	volatile long word = 0;

	/* A locked instruction is a full fence. */
	_InterlockedOr(&word, 0);
}

#define CPUSLAB__FENCE() cpuslab__fence_locked()

#else
#error "for x86-64 and ARM64 only"
#endif

#define CPUSLAB__ATOMIC_TYPE(suffix, type, bits)                               \
	CPUSLAB_INLINE type cpuslab_load_relaxed_##suffix(const type *p)       \
	{                                                                      \
		return *(const volatile type *)p;                              \
	}                                                                      \
	CPUSLAB_INLINE type cpuslab_load_acquire_##suffix(const type *p)       \
	{                                                                      \
		return CPUSLAB__LOAD_ACQUIRE(bits, p);                         \
	}                                                                      \
	CPUSLAB_INLINE void cpuslab_store_relaxed_##suffix(type *p, type v)    \
	{                                                                      \
		*(volatile type *)p = v;                                       \
	}                                                                      \
	CPUSLAB_INLINE void cpuslab_store_release_##suffix(type *p, type v)    \
	{                                                                      \
		CPUSLAB__STORE_RELEASE(bits, p, v);                            \
	}

#define CPUSLAB__ATOMIC_NUMBER(suffix, type, bits, word, interlocked)          \
	CPUSLAB__ATOMIC_TYPE(suffix, type, bits)                               \
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

CPUSLAB__ATOMIC_TYPE(u8, uint8_t, 8)
CPUSLAB__ATOMIC_NUMBER(u32, uint32_t, 32, long, )
CPUSLAB__ATOMIC_NUMBER(u64, uint64_t, 64, __int64, 64)

CPUSLAB_INLINE void *cpuslab__load_ptr(const void *p)
{
	return *(void *const volatile *)p;
}

CPUSLAB_INLINE void *cpuslab__load_acquire_ptr(const void *p)
{
	return (void *)(uintptr_t)CPUSLAB__LOAD_ACQUIRE(64, p);
}

CPUSLAB_INLINE void cpuslab__store_ptr(void *p, const void *v)
{
	*(const void *volatile *)p = v;
}

CPUSLAB_INLINE void cpuslab__store_release_ptr(void *p, const void *v)
{
	CPUSLAB__STORE_RELEASE(64, p, (uintptr_t)v);
}

#define cpuslab_load_relaxed_ptr(p) cpuslab__load_ptr(p)
#define cpuslab_load_acquire_ptr(p) cpuslab__load_acquire_ptr(p)
#define cpuslab_store_relaxed_ptr(p, v) cpuslab__store_ptr((p), (v))
#define cpuslab_store_release_ptr(p, v) cpuslab__store_release_ptr((p), (v))

CPUSLAB_INLINE void cpuslab_fence(void)
{
	CPUSLAB__FENCE();
}

#endif /* CPUSLAB_ATOMIC_INTERLOCKED_H */
