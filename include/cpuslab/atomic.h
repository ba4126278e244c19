/* SPDX-License-Identifier: MIT */
/*
 * atomic.h - loads, stores and read-modify-writes with their order in the
 * name. The port's <cpuslab/port_atomic.h>, chosen by include path, has them:
 * the compiler's builtins, or what the system prescribes.
 *
 *	T cpuslab_load_relaxed_S(const T *p)	T cpuslab_load_acquire_S(const T *p)
 *	void cpuslab_store_relaxed_S(T *p, T v)	void cpuslab_store_release_S(T *p, T v)
 *	T cpuslab_exchange_S(T *p, T v)		bool cpuslab_cas_S(T *p, T *expect, T v)
 *	T cpuslab_fetch_add_S(T *p, T v)	void cpuslab_fence(void)
 *
 * for T and S: uint8_t u8 (loads and stores only), uint32_t u32, uint64_t u64;
 * and for a pointer of any type, as macros, loads and stores with S ptr. Without
 * a suffix a read-modify-write is sequentially consistent: they are all off the
 * fast path, where a weaker one would save nothing that can be measured. A
 * failed compare-and-swap stores what it found to *expect.
 */
#ifndef CPUSLAB_ATOMIC_H
#define CPUSLAB_ATOMIC_H

#include <cpuslab/base.h>
#include <cpuslab/port_atomic.h>

/*
 * Two words that change together: {pointer, tag}, {gate, value}. The owner of
 * a block in rseq mode uses plain stores to one of them instead; a block has
 * one kind of writer for its whole life.
 */
struct CPUSLAB_ALIGNED(16) cpuslab_pair {
	uint64_t first;
	uint64_t second;
};

#endif /* CPUSLAB_ATOMIC_H */
