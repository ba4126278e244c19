/* SPDX-License-Identifier: MIT */
/*
 * percpu.h - the handle of an object that every CPU has one of.
 *
 * A handle is opaque: never a pointer to anybody's data. Copy it freely; keep it
 * where the threads that use it can read it. It holds what an operation needs
 * to find the object on the CPU on which it runs.
 *
 * Where address space can be reserved, two small loads decide everything:
 *
 *	address = object + (cpu << live[cpu])	if cpu < limit and live[cpu]
 *
 *	extent:  | header, live bytes | shared   | cpu 0 | cpu 1 | ... | limit-1 |
 *	               ^ live[cpu]                  ^ object             stride
 *
 * Where it cannot, object is the port's way to the caller's own block:
 *
 *	address = own block + offset		if there is an own block
 *
 * An all-zero handle is the null handle: every operation on it returns
 * -CPUSLAB_EINVAL.
 */
#ifndef CPUSLAB_PERCPU_H
#define CPUSLAB_PERCPU_H

#include <cpuslab/base.h>

struct cpuslab_percpu {
	uintptr_t object;    /* where operations begin to look */
	const uint8_t *live; /* one byte for each CPU: 0, or the shift */
	uintptr_t offset;    /* of the object within every block */
	uint32_t limit;      /* CPUs [0, limit) have a place */
	uint32_t slot;       /* which record of the slab */
	uint32_t tag;        /* which life of that record */
};

/**
 * cpuslab_percpu_is_null() - has this handle never been set?
 * Context: any.
 */
CPUSLAB_INLINE bool cpuslab_percpu_is_null(const struct cpuslab_percpu *handle)
{
	return !handle->live;
}

#endif /* CPUSLAB_PERCPU_H */
