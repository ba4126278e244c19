/* SPDX-License-Identifier: MIT */
/*
 * weak.h - relaxed read-modify-writes, which tests/mutants/weaken.py puts in
 * the place of those of cpuslab/atomic.h. Included before all else.
 */
#ifndef TESTS_MEMORY_MODEL_WEAK_H
#define TESTS_MEMORY_MODEL_WEAK_H

#include <cpuslab/atomic.h>

#define weak_exchange(p, v) __atomic_exchange_n((p), (v), __ATOMIC_RELAXED)
#define weak_cas(p, expect, v)                                                 \
	__atomic_compare_exchange_n((p), (expect), (v), false,                 \
				    __ATOMIC_RELAXED, __ATOMIC_RELAXED)
#define weak_fetch_add(p, v) __atomic_fetch_add((p), (v), __ATOMIC_RELAXED)

#define weak_exchange_u32 weak_exchange
#define weak_exchange_u64 weak_exchange
#define weak_cas_u32 weak_cas
#define weak_cas_u64 weak_cas
#define weak_fetch_add_u32 weak_fetch_add
#define weak_fetch_add_u64 weak_fetch_add

bool weak_cas16(struct cpuslab_pair *pair, struct cpuslab_pair expect,
		struct cpuslab_pair desired);

#endif /* TESTS_MEMORY_MODEL_WEAK_H */
