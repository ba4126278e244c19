/* SPDX-License-Identifier: MIT */
/*
 * ref.h - the handle of an object that every processor has one of.
 *
 * A ref is opaque: never a pointer to anybody's data. Copy it freely; keep it
 * where the threads that use it can read it. It holds what an operation needs
 * to find the object on the processor on which it runs.
 *
 * Where address space can be reserved, two small loads decide everything:
 *
 *	address = object + (cpu << live[cpu])	if cpu < limit and live[cpu]
 *
 *	extent:  | header, live bytes | overflow | cpu 0 | cpu 1 | ... | limit-1 |
 *	               ^ live[cpu]                  ^ object             stride
 *
 * Where it cannot, object is the port's way to the caller's own block:
 *
 *	address = own block + offset		if there is an own block
 *
 * An all-zero ref is the null ref: every operation on it returns
 * -CPUSLAB_EINVAL.
 */
#ifndef CPUSLAB_REF_H
#define CPUSLAB_REF_H

#include <cpuslab/base.h>

struct cpuslab_ref {
	uintptr_t object;    /* where operations begin to look */
	const uint8_t *live; /* one byte for each processor: 0, or the shift */
	uintptr_t offset;    /* of the object within every block */
	uint32_t limit;      /* processors [0, limit) have a place */
	uint32_t slot;       /* which record of the slab */
	uint32_t tag;        /* which life of that record */
};

/**
 * cpuslab_ref_is_null() - has this ref never been set?
 * Context: any.
 */
CPUSLAB_INLINE bool cpuslab_ref_is_null(const struct cpuslab_ref *ref)
{
	return !ref->live;
}

#endif /* CPUSLAB_REF_H */
