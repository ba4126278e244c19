/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_PERCPU_H
#define CPUSLAB_PERCPU_H
/*
 * percpu.h - the handle of an object of which every CPU has a copy.
 *
 * A handle is opaque, and not a pointer to any copy. It may be copied freely
 * and holds what an operation needs to find the copy of the CPU that it runs
 * on. An all-zero handle is the null handle: every operation on it returns
 * -CPUSLAB_EINVAL.
 *
 * Where the port can reserve address space, two small loads find the copy:
 *
 *	address = object + (cpu << live[cpu])	if cpu < limit and live[cpu]
 *
 *	extent:  | header, live bytes | shared  | cpu 0 | cpu 1 | ...
 *	                 ^ live[cpu]               ^ object
 *
 * Where it cannot, object is the port's per-CPU pointer to the CPU's block:
 *
 *	address = block of this CPU + offset	if this CPU has a block
 */

#include <cpuslab/base.h>

/* Opaque to users. W cpuslab_alloc(); R any. */
struct cpuslab_percpu {
	uintptr_t object;    /* CPU 0's copy, or the port's per-CPU pointer */
	const uint8_t *live; /* by CPU number: 0, or log2 of the stride */
	uintptr_t offset;    /* of the object in every block, in bytes */
	uint32_t limit;      /* CPUs [0, limit) can have a block */
	uint32_t slot;       /* index of the slab's record of the object */
	uint32_t tag;        /* how often that record had been reused */
};

/**
 * cpuslab_percpu_is_null() - is this the null handle?
 * Context: any.
 * Return:  true for the null handle.
 */
CPUSLAB_INLINE bool cpuslab_percpu_is_null(const struct cpuslab_percpu *handle)
{
	return !handle->live;
}

#endif /* CPUSLAB_PERCPU_H */
