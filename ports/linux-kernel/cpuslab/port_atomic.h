/* SPDX-License-Identifier: MIT */
/*
 * port_atomic.h - <cpuslab/atomic.h> in terms of the kernel's memory model, so
 * that KCSAN sees every access and knows which ones race on purpose.
 */
#ifndef CPUSLAB_PORT_ATOMIC_H
#define CPUSLAB_PORT_ATOMIC_H

#include <linux/atomic.h>
#include <linux/compiler.h>

#include <asm/barrier.h>

/* cpuslab__cas16() is in cas16.c. */
#define CPUSLAB_PORT_CAS16 1

#define CPUSLAB__ATOMIC_TYPE(suffix, type)                                     \
	CPUSLAB_INLINE type cpuslab_load_relaxed_##suffix(const type *p)       \
	{                                                                      \
		return READ_ONCE(*p);                                          \
	}                                                                      \
	CPUSLAB_INLINE type cpuslab_load_acquire_##suffix(const type *p)       \
	{                                                                      \
		return smp_load_acquire(p);                                    \
	}                                                                      \
	CPUSLAB_INLINE void cpuslab_store_relaxed_##suffix(type *p, type v)    \
	{                                                                      \
		WRITE_ONCE(*p, v);                                             \
	}                                                                      \
	CPUSLAB_INLINE void cpuslab_store_release_##suffix(type *p, type v)    \
	{                                                                      \
		smp_store_release(p, v);                                       \
	}

#define CPUSLAB__ATOMIC_NUMBER(suffix, type, prefix)                           \
	CPUSLAB__ATOMIC_TYPE(suffix, type)                                     \
	CPUSLAB_INLINE type cpuslab_exchange_##suffix(type *p, type v)         \
	{                                                                      \
		return xchg(p, v);                                             \
	}                                                                      \
	CPUSLAB_INLINE bool cpuslab_cas_##suffix(type *p, type *expect,        \
						 type v)                       \
	{                                                                      \
		type was = cmpxchg(p, *expect, v);                             \
		bool done = was == *expect;                                    \
		*expect = was;                                                 \
		if (!done) /* then the kernel's orders nothing */              \
			smp_acquire__after_ctrl_dep();                         \
		return done;                                                   \
	}                                                                      \
	CPUSLAB_INLINE type cpuslab_fetch_add_##suffix(type *p, type v)        \
	{                                                                      \
		return (type)prefix##_fetch_add(v, (prefix##_t *)p);           \
	}

CPUSLAB__ATOMIC_TYPE(u8, uint8_t)
CPUSLAB__ATOMIC_NUMBER(u32, uint32_t, atomic)
CPUSLAB__ATOMIC_NUMBER(u64, uint64_t, atomic64)

#define cpuslab_load_relaxed_ptr(p) READ_ONCE(*(p))
#define cpuslab_load_acquire_ptr(p) smp_load_acquire(p)
#define cpuslab_store_relaxed_ptr(p, v) WRITE_ONCE(*(p), (v))
#define cpuslab_store_release_ptr(p, v) smp_store_release((p), (v))

CPUSLAB_INLINE void cpuslab_fence(void)
{
	smp_mb();
}

#endif /* CPUSLAB_PORT_ATOMIC_H */
