/* SPDX-License-Identifier: MIT */
/*
 * slab.h - memory in which every CPU has its own copy of every object.
 *
 * A slab reserves address space for all CPUs that the system can have,
 * and commits memory for those in use. A CPU that appears is admitted:
 * its blocks are committed, every live object in them is initialised, and only
 * then is it let in. Whoever has no block (an unknown CPU, no memory, a
 * thread that the system gives no number) works on the shared block.
 *
 *	extent 0   | header | shared   | cpu 0 | cpu 1 | ... 	stride 64 KiB
 *	extent 1   | header | shared   | cpu 0 | cpu 1 | ...	stride 128 KiB
 *	...         growth adds extents; no object ever moves
 *
 * Not for data that one thread owns (use thread-local storage), nor for a
 * handful of rarely touched words (use one atomic).
 *
 * Synchronization:
 *   operations, sums, reads     any context, any time, against anything
 *   alloc, free, free_rcu       serialise on the slab's mutex
 *   free, destroy               the caller: nobody uses the handle (the slab) any
 *                               more, as with free()
 *   signal handlers             operations, sums, snapshots and read sections
 *                               only
 */
#ifndef CPUSLAB_SLAB_H
#define CPUSLAB_SLAB_H

#include <cpuslab/domain.h>
#include <cpuslab/percpu.h>

CPUSLAB_BEGIN

struct cpuslab_slab;

struct cpuslab_slab_config {
	const char *name; /* for reports; NULL: "slab" */
	size_t stride;    /* of the first extent, in bytes: a power of two
				   from one page to 1 GiB; 0: 64 KiB, or a page
				   where blocks are allocated whole */
	uint32_t flags;   /* CPUSLAB_SLAB_* */
};

enum {
	/* Keep the blocks of CPUs that went until a trim. */
	CPUSLAB_SLAB_RETAIN = 1u << 0,
};

/**
 * struct cpuslab_type - what an object is. Must outlive its objects (in debug
 * builds its slab, so that a second free can be named); usually static const.
 *
 * A fresh object is @image, or zeros; then @ctor is called. Each CPU's
 * copy and the shared block's get the same treatment, whenever they come to be.
 *
 * When an absent CPU's block is given back, what the copy holds moves
 * first: @counters words are added to the slab's residual, which sums include;
 * then @drain moves the rest. An object that has other contents and neither
 * @drain nor CPUSLAB_TYPE_DISCARD keeps the block from being given back.
 *
 * Context of the callbacks: with the slab's mutex held and, in userspace, all
 * signals blocked; in the caller of alloc, free or a domain call, in a worker
 * with a small stack (keep below 64 KiB; 1 KiB in kernels), or, for a
 * constructor that is signal-safe, in an operation. They may use operations,
 * sums and snapshots. alloc, free and trim of the same slab return
 * -CPUSLAB_EBUSY; those of another slab are not for kernels, where all slabs'
 * mutexes are one class; destroy of any slab or domain would wait for itself.
 */
struct cpuslab_type {
	const char *name;  /* for reports */
	size_t size;       /* bytes, > 0 */
	size_t align;      /* power of two up to the stride (a page where
				    blocks are allocated whole); 0: 8 */
	const void *image; /* size bytes, or NULL for zeros */
	void *arg;         /* given to the callbacks */
	/* @cpu is CPUSLAB_SHARED for the shared block's copy. 0, or an error. */
	int (*ctor)(void *object, uint32_t cpu, void *arg);
	void (*dtor)(void *object, uint32_t cpu, void *arg);
	/* Nobody works on @object; others do on @shared. 0, or: not now. */
	int (*drain)(void *object, void *shared, uint32_t cpu, void *arg);
	uint32_t counters; /* leading words that only ever grow */
	uint32_t flags;    /* CPUSLAB_TYPE_* */
};

enum {
	/* ctor may run in a signal handler, so on a CPU's first use. */
	CPUSLAB_TYPE_SIGNAL_SAFE = 1u << 0,
	/* What lies behind the counters may be lost with the CPU. */
	CPUSLAB_TYPE_DISCARD = 1u << 1,
};

/**
 * cpuslab_slab_create() - make an empty slab that follows @domain.
 * @config: NULL for the defaults.
 *
 * Context: may sleep, allocates. A few microseconds at the largest limit.
 * Return:  CPUSLAB_OK; -CPUSLAB_ENOMEM; -CPUSLAB_EINVAL for a stride that is
 *          no power of two, too small or too large, or unknown flags;
 *          -CPUSLAB_EBUSY from inside a callback of @domain;
 *          -CPUSLAB_ESHUTDOWN after cpuslab_domain_close(). An error is logged.
 */
CPUSLAB_API int cpuslab_slab_create(struct cpuslab_slab **slab,
				    struct cpuslab_domain *domain,
				    const struct cpuslab_slab_config *config);

/**
 * cpuslab_slab_destroy() - take a slab down.
 *
 * Objects that were not freed are reported by name in the log, destroyed, and
 * gone with the slab. NULL is allowed.
 *
 * Context: may sleep; waits for a grace period, and may run what other slabs
 *          and domains left for one; not in a read section, nor in a callback.
 */
CPUSLAB_API void cpuslab_slab_destroy(struct cpuslab_slab *slab);

/**
 * cpuslab_alloc() - give every CPU one object of @type.
 * @handle: written on CPUSLAB_OK only.
 *
 * Context: may sleep, allocates. Cost grows with the CPUs in use, not
 *          with the limit. Readers and operations never wait for it.
 * Return:  CPUSLAB_OK; -CPUSLAB_ENOMEM; -CPUSLAB_EINVAL for a type that can
 *          never be right (no name, size 0 or beyond 512 MiB, alignment no
 *          power of two or beyond the stride, counters that do not fit or that
 *          do not start as zero); what the constructor returned.
 */
CPUSLAB_API int cpuslab_alloc(struct cpuslab_slab *slab,
			      const struct cpuslab_type *type,
			      struct cpuslab_percpu *handle);

/**
 * cpuslab_alloc_sized() - the same, of @size bytes instead of the type's.
 *
 * For what is as long as its user wants. A type with an image or callbacks has
 * one size: -CPUSLAB_EINVAL for another.
 */
CPUSLAB_API int cpuslab_alloc_sized(struct cpuslab_slab *slab,
				    const struct cpuslab_type *type,
				    size_t size, struct cpuslab_percpu *handle);

/**
 * cpuslab_free() - take the object back from every CPU.
 * @handle: nobody uses it any more.
 *
 * Context: may sleep.
 * Return:  CPUSLAB_OK; -CPUSLAB_ESTALE if it was freed before (a line in the
 *          log names it); -CPUSLAB_EINVAL for the null handle or a handle of another
 *          slab.
 */
CPUSLAB_API int cpuslab_free(struct cpuslab_slab *slab,
			     const struct cpuslab_percpu *handle);

/**
 * cpuslab_free_rcu() - the same, once every read section that exists now has
 * ended. Those who took the handle inside a read section may use it until its end.
 * Destructors then run in whatever thread ends the grace period.
 *
 * Context: may sleep, so in kernels not inside a read section; in userspace
 *          there, too. Never waits for a grace period.
 * Return:  as cpuslab_free().
 */
CPUSLAB_API int cpuslab_free_rcu(struct cpuslab_slab *slab,
				 const struct cpuslab_percpu *handle);

/**
 * cpuslab_sum() - the sum of a counter word over all CPUs, present and
 * gone, and the shared block.
 * @offset: of the word within the object; one of the type's counters.
 *
 * With adds that are never negative the result lies between the value when the
 * sum began and the value when it ended, and a later sum is never smaller;
 * with no add under way it is exact.
 *
 * Context: any. Wait-free; O(CPUs in use).
 * Order:   acquire; sees what was written before the adds that it counts.
 */
CPUSLAB_API uint64_t cpuslab_sum(const struct cpuslab_percpu *handle,
				 size_t offset);

/**
 * cpuslab_remote() - the copy of @cpu, or of CPUSLAB_SHARED.
 *
 * For reading what an owner writes, with atomic loads. Never write to it.
 *
 * Context: inside a read section, and valid until its end.
 * Return:  NULL if @cpu has no block now.
 */
CPUSLAB_API const void *cpuslab_remote(const struct cpuslab_percpu *handle,
				       uint32_t cpu);

/**
 * cpuslab_remote_next() - the first CPU >= @cpu that cpuslab_remote() finds
 * now, or CPUSLAB_NO_CPU. It may have gone by the time of the peek.
 *
 * Context: inside a read section.
 */
CPUSLAB_API uint32_t cpuslab_remote_next(const struct cpuslab_percpu *handle,
					 uint32_t cpu);

/**
 * cpuslab_slab_trim() - as cpuslab_domain_trim(), for one slab.
 */
CPUSLAB_API int cpuslab_slab_trim(struct cpuslab_slab *slab, uint32_t flags);

/**
 * cpuslab_slab_check() - test the slab's invariants.
 * Context: may sleep.
 * Return:  CPUSLAB_OK, or -CPUSLAB_EINVAL after a line in the log.
 */
CPUSLAB_API int cpuslab_slab_check(struct cpuslab_slab *slab);

CPUSLAB_END

#endif /* CPUSLAB_SLAB_H */
