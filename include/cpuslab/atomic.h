/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_ATOMIC_H
#define CPUSLAB_ATOMIC_H
/*
 * atomic.h - atomic loads, stores and read-modify-writes, with the memory order
 * in the name. The port's <cpuslab/port_atomic.h>, found by include path,
 * implements them with compiler builtins or with the system's own primitives:
 *
 *	T cpuslab_load_relaxed_S(const T *p)
 *	T cpuslab_load_acquire_S(const T *p)
 *	void cpuslab_store_relaxed_S(T *p, T v)
 *	void cpuslab_store_release_S(T *p, T v)
 *	T cpuslab_exchange_S(T *p, T v)
 *	bool cpuslab_cas_S(T *p, T *expect, T v)
 *	T cpuslab_fetch_add_S(T *p, T v)
 *	void cpuslab_fence(void)
 *
 * T is uint8_t (S is u8; loads and stores only), uint32_t (u32), uint64_t (u64)
 * or any pointer type (ptr; macros; loads and stores only). Read-modify-writes
 * and the fence are sequentially consistent: none is on the fast path, where a
 * weaker order could save measurable time. A cas that fails is an acquire only,
 * and stores the value that it found to *expect. Debug builds test that *p is
 * aligned to its size.
 */

#include <cpuslab/base.h>
#include <cpuslab/port_atomic.h>

/*
 * Two words that change together: {pointer, tag} or {gate, value}. Either
 * every writer uses a 16-byte compare-and-swap, or, in a CPU's own block, only
 * sections of that CPU write, with plain stores to one of the words. A block
 * has one kind of writer for its whole life.
 */
struct CPUSLAB_ALIGNED(16) cpuslab_pair {
	cpuslab_word first;
	cpuslab_word second;
};

#endif /* CPUSLAB_ATOMIC_H */
