/* SPDX-License-Identifier: MIT */
/*
 * ref.h - the handle of an object that every processor has one of.
 *
 * A ref is opaque: never a pointer to anybody's data. Copy it freely; keep it
 * where the threads that use it can read it. It holds what an operation needs
 * to find the object on the processor on which it runs:
 *
 *	address = object + (cpu << live[cpu])	if cpu < limit and live[cpu]
 *
 * so that two small loads decide everything. An all-zero ref
 * is the null ref: every operation on it returns -CPUSLAB_EINVAL.
 *
 *	extent:  | header, live bytes | overflow | cpu 0 | cpu 1 | ... | limit-1 |
 *	               ^ live[cpu]                  ^ object             stride = 1 << shift
 */
#ifndef CPUSLAB_REF_H
#define CPUSLAB_REF_H

#include <cpuslab/base.h>

struct cpuslab_ref {
	uintptr_t object;    /* where the object of processor 0 would be */
	const uint8_t *live; /* one byte for each processor: 0, or the shift */
	uint32_t limit;      /* processors [0, limit) have a place */
	uint32_t shift;      /* log2 of the distance between two blocks */
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
