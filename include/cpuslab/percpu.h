/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_PERCPU_H
#define CPUSLAB_PERCPU_H
/*
 * percpu.h - the handle of an object of which every CPU has a copy.
 *
 * A handle is opaque, and not a pointer to any copy. It may be copied freely
 * (if operations use the copy, to resident memory), and holds what an operation
 * needs to find the copy of the CPU that it runs on. An all-zero handle is the
 * null handle: every operation on it returns -CPUSLAB_EINVAL. A handle belongs
 * to the copy of the library that allocated it; passed to code that has
 * embedded another copy of the library it corrupts memory, which debug builds
 * detect. The handle of a named object (default.h) must not be copied: the
 * object is found by its address.
 *
 * The port determines how an operation finds the copy:
 *
 *	userspace	object + (cpu << S)		if live[cpu]
 *	kernels		block of this CPU + offset	if this CPU has a block
 *
 * In a slab with CPUSLAB_SLAB_PERCID the copies belong to concurrency ids
 * (percid.h). Their handle is of another type, so that an operation on the
 * wrong one does not compile.
 */

#include <cpuslab/atomic.h>

struct cpuslab_extent;

enum { /* whose copies a handle finds */
	CPUSLAB__OF_CPUS,
	CPUSLAB__OF_CIDS, /* concurrency ids' */
	/* CPUs', of a named object (default.h), which has a handle first */
	CPUSLAB__OF_NAMED_COUNTER,
	CPUSLAB__OF_NAMED_GAUGE,
};

/*
 * Opaque to users. W cpuslab_alloc(); R any. [named.publish] That of a named
 * object is filled in while it is in use, in the order of lib/core/named.c.
 */
struct cpuslab_percpu {
	const uint8_t *live; /* by CPU number: may sections use its block? */
	uintptr_t object;    /* of the port: where the copies are */
	uintptr_t offset;    /* of the object in every block, in bytes */
	struct cpuslab_extent *extent;
	uint32_t limit; /* CPUs [0, limit) can have a block */
	uint32_t slot;  /* index of the slab's record of the object */
	uint32_t tag;   /* how often that record had been reused */
	uint8_t kind;   /* CPUSLAB__OF_*; of a named object W its initialiser */
	uint8_t pause;  /* of a named object: adds until the next try; W, R
			   uses */
	uint16_t word;  /* within the object, of byte 0 of the handle */
};

/* Opaque likewise. W cpuslab_percid_alloc(); R any. */
struct cpuslab_percid {
	/* Plain operations on it miss; the slow path finds the copy. */
	struct cpuslab_percpu copies;
	/* By concurrency id, for inline operations; NULL: out of line. */
	const uint8_t *live;
};

/* A part of names that inline code refers to; see port.h. */
#define CPUSLAB__HANDLE_ABI 4
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

/* Are the copies concurrency ids', not CPUs'? */
CPUSLAB_INLINE bool cpuslab__by_cid(const struct cpuslab_percpu *handle)
{
	return handle->kind == CPUSLAB__OF_CIDS;
}

/*
 * The extent of a handle that may just be filled in; NULL: not yet, or null.
 *
 * [named.publish] Acquire; pairs with named_publish(). What is not for inline
 * operations has been stored before.
 */
CPUSLAB_INLINE struct cpuslab_extent *
cpuslab__percpu_extent(const struct cpuslab_percpu *handle)
{
	return (struct cpuslab_extent *)cpuslab_load_acquire_ptr(
		&handle->extent);
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
	cpuslab_assert(!cpuslab__percpu_extent(handle) ||
		       *(const void *const *)cpuslab__percpu_extent(handle) ==
			       cpuslab__copy());
}

#endif /* CPUSLAB_PERCPU_H */
