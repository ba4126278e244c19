/* SPDX-License-Identifier: MIT */
/*
 * atomic.h - loads, stores and read-modify-writes with their order in the
 * name.
 *
 * Compiler builtins, so that ThreadSanitizer sees every access. Without a
 * suffix a read-modify-write is sequentially consistent: they are all off the
 * fast path, where a weaker one would save nothing that can be measured.
 */
#ifndef CPUSLAB_ATOMIC_H
#define CPUSLAB_ATOMIC_H

#include <cpuslab/base.h>

#define CPUSLAB__ATOMIC_TYPE(suffix, type)                                     \
	CPUSLAB_INLINE type cpuslab_load_relaxed_##suffix(const type *p)       \
	{                                                                      \
		return __atomic_load_n(p, __ATOMIC_RELAXED);                   \
	}                                                                      \
	CPUSLAB_INLINE type cpuslab_load_acquire_##suffix(const type *p)       \
	{                                                                      \
		return __atomic_load_n(p, __ATOMIC_ACQUIRE);                   \
	}                                                                      \
	CPUSLAB_INLINE void cpuslab_store_relaxed_##suffix(type *p, type v)    \
	{                                                                      \
		__atomic_store_n(p, v, __ATOMIC_RELAXED);                      \
	}                                                                      \
	CPUSLAB_INLINE void cpuslab_store_release_##suffix(type *p, type v)    \
	{                                                                      \
		__atomic_store_n(p, v, __ATOMIC_RELEASE);                      \
	}                                                                      \
	CPUSLAB_INLINE type cpuslab_exchange_##suffix(type *p, type v)         \
	{                                                                      \
		return __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST);            \
	}                                                                      \
	CPUSLAB_INLINE bool cpuslab_cas_##suffix(type *p, type *expect,        \
						 type v)                       \
	{                                                                      \
		return __atomic_compare_exchange_n(p, expect, v, false,        \
						   __ATOMIC_SEQ_CST,           \
						   __ATOMIC_SEQ_CST);          \
	}

#define CPUSLAB__ATOMIC_NUMBER(suffix, type)                                   \
	CPUSLAB__ATOMIC_TYPE(suffix, type)                                     \
	CPUSLAB_INLINE type cpuslab_fetch_add_##suffix(type *p, type v)        \
	{                                                                      \
		return __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST);             \
	}                                                                      \
	CPUSLAB_INLINE type cpuslab_fetch_or_##suffix(type *p, type v)         \
	{                                                                      \
		return __atomic_fetch_or(p, v, __ATOMIC_SEQ_CST);              \
	}

CPUSLAB__ATOMIC_NUMBER(u8, uint8_t)
CPUSLAB__ATOMIC_NUMBER(u32, uint32_t)
CPUSLAB__ATOMIC_NUMBER(u64, uint64_t)

/* Pointers: the macros keep the type of *p. */
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

/*
 * Two words that change together: {pointer, tag}, {gate, value}. The owner of
 * a block in rseq mode uses plain stores to one of them instead; a block has
 * one kind of writer for its whole life.
 */
struct cpuslab_pair {
	uint64_t first;
	uint64_t second;
} CPUSLAB_ALIGNED(16);

#endif /* CPUSLAB_ATOMIC_H */
