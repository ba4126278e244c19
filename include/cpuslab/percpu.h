/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_PERCPU_H
#define CPUSLAB_PERCPU_H
/*
 * percpu.h - the handle of an object of which every CPU has a copy.
 *
 * A handle is opaque, and not a pointer to any copy. It may be copied freely,
 * for operations to resident memory, and holds what an operation needs to find
 * the copy of the CPU that it runs on. An all-zero handle is the null handle:
 * every operation on it returns -CPUSLAB_EINVAL. A handle belongs to the copy
 * of the library that allocated it; passed to code that has embedded another
 * copy it corrupts memory, which debug builds assert.
 *
 * How an operation finds the copy is the port's business:
 *
 *	userspace	object + (cpu << S)		if live[cpu]
 *	kernels		block of this CPU + offset	if this CPU has a block
 *
 * In a slab with CPUSLAB_SLAB_PERCID the copies belong to concurrency ids
 * (percid.h). Their handle is of another type, so that an operation on the
 * wrong one does not compile.
 */

#include <cpuslab/base.h>

struct cpuslab_extent;

/* Opaque to users. W cpuslab_alloc(); R any. */
struct cpuslab_percpu {
	uintptr_t object;    /* of the port: where the copies are */
	const uint8_t *live; /* by CPU number: may sections use its block? */
	uintptr_t offset;    /* of the object in every block, in bytes */
	struct cpuslab_extent *extent;
	uint32_t limit;  /* CPUs [0, limit) can have a block */
	uint32_t slot;   /* index of the slab's record of the object */
	uint32_t tag;    /* how often that record had been reused */
	uint16_t by_cid; /* copies are concurrency ids', not CPUs'; 0 or 1 */
	uint16_t word;   /* within the object, of byte 0 of the handle */
};

/* Opaque likewise. W cpuslab_percid_alloc(); R any. */
struct cpuslab_percid {
	/* Plain operations on it miss; the slow path finds the copy. */
	struct cpuslab_percpu copies;
	/* By concurrency id, for inline operations; NULL: out of line. */
	const uint8_t *live;
};

/* A part of names that inline code refers to; see port.h. */
#define CPUSLAB__HANDLE_ABI 3
CPUSLAB_STATIC_ASSERT(sizeof(struct cpuslab_percpu) ==
			      (sizeof(void *) == 8 ? 48 : 32),
		      "a handle of another layout needs another number");

/**
 * cpuslab_percpu_is_null() - is this the null handle?
 * @handle: of an object, or zeros.
 *
 * Context: any.
 * Return:  true for the null handle.
 */
CPUSLAB_INLINE CPUSLAB_HIGH bool
cpuslab_percpu_is_null(CPUSLAB_IN const struct cpuslab_percpu *handle)
{
	return !handle->extent;
}

CPUSLAB_BEGIN

/* An address that no other copy of the library in this address space has. */
CPUSLAB_API const void *cpuslab__copy(void);

CPUSLAB_END

/*
 * In debug builds: was it allocated by this copy of the library? Another one,
 * embedded in another module or plugin, takes its fields for something else.
 */
CPUSLAB_INLINE void cpuslab__assert_own(const struct cpuslab_percpu *handle)
{
	(void)handle;
	/* The first field of an extent of any copy. */
	cpuslab_assert(cpuslab_percpu_is_null(handle) ||
		       *(const void *const *)handle->extent == cpuslab__copy());
}

#endif /* CPUSLAB_PERCPU_H */
