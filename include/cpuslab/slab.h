/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_SLAB_H
#define CPUSLAB_SLAB_H
/*
 * slab.h - an allocator of per-CPU objects: every CPU in use has its own copy
 * of every object.
 *
 * A slab has memory for the CPUs in use only. A CPU that appears is admitted:
 * its blocks are allocated, every live object in them is constructed, and only
 * then do operations use them. An operation that finds no block works on the
 * shared block; that happens where memory was refused, while a CPU is released,
 * and in a thread whose CPU number is not below the limit.
 *
 *	extent 0   shared block | block of cpu 0 | of cpu 5 | ...  4 KiB each
 *	extent 1   shared block | block of cpu 0 | of cpu 5 | ...  4 KiB each
 *	extent 2   shared block | block of cpu 0 | of cpu 5 | ...  8 KiB each
 *	...        as large as all before it; no object ever moves
 *
 * Not for data that one thread owns (use thread-local storage), nor for a few
 * words that are rarely touched (use one atomic).
 */

#include <cpuslab/domain.h>
#include <cpuslab/percpu.h>

CPUSLAB_BEGIN

enum { /* flags of a slab */
	/* Keep the blocks of removed CPUs until a trim. */
	CPUSLAB_SLAB_RETAIN = 1u << 0,
	/* Where the system has them, concurrency ids have blocks: percid.h. */
	CPUSLAB_SLAB_PERCID = 1u << 1,
	/*
	 * Charge all blocks, also later ones, to the memory cgroup of the
	 * creator: in the Linux kernel, see its README. Elsewhere ignored.
	 */
	CPUSLAB_SLAB_ACCOUNT = 1u << 2,
};

enum { /* flags of a type */
	/* ctor and dtor may run in a signal handler, and so in an operation. */
	CPUSLAB_TYPE_SIGNAL_SAFE = 1u << 0,
	/* A release may drop what lies behind the counters. */
	CPUSLAB_TYPE_DISCARD = 1u << 1,
};

struct cpuslab_slab;

struct cpuslab_slab_config {
	size_t size;        /* of this struct; see sized.h */
	const char *name;   /* for messages and statistics; NULL: "slab" */
	size_t block_bytes; /* of a block in the first extent: a power of two
				   from one page to 1 GiB; 0: one page */
	uint32_t flags;     /* CPUSLAB_SLAB_* */
};

/**
 * struct cpuslab_type - what an object consists of; usually static const.
 * @name:     for messages.
 * @size:     bytes, > 0.
 * @align:    bytes, a power of two up to one page; 0: 8.
 * @image:    @size bytes, or NULL for zeros.
 * @arg:      passed to the callbacks.
 * @ctor:     completes the copy of a CPU, or of CPUSLAB_SHARED. Returns 0, or
 *            an error, which makes the allocation or admission fail.
 * @dtor:     undoes @ctor.
 * @drain:    moves the contents of a copy, which no operation can reach any
 *            more, to the shared one, which others may be using (atomics only).
 *            Returns 0, or an error to retry later. The CPU may return, and use
 *            its copy again. What it starts with then is as at first or, in a
 *            type with @ctor, what @drain has left.
 * @counters: leading 64-bit words that are only added to.
 * @flags:    CPUSLAB_TYPE_*.
 * @head:     leading bytes that are as they started while nothing is in the
 *            object, a multiple of 8; 0: all of it.
 *
 * It must outlive its objects; in debug builds it must outlive the slab, so
 * that a double free can be reported by name.
 *
 * A copy starts as @image, or as zeros; then @ctor is called. This happens for
 * the shared block's copy and, whenever a CPU gets its block, for that CPU's.
 *
 * Before the block of an absent CPU is freed, the first @counters words of the
 * copy are added to the slab's residual, which sums include, and @drain moves
 * the rest. An object with neither @drain nor CPUSLAB_TYPE_DISCARD whose other
 * contents differ from what it started with prevents the release: the block is
 * retained, and the statistic deferred_by names the type. To know what a
 * constructor made, such an object takes twice its size. Both cost time and
 * memory for a large object; with @head only that many bytes count.
 *
 * Callbacks run with the slab's mutex held: in the caller of alloc, free or a
 * domain call; in the thread that runs RCU callbacks, on a small stack (use
 * less than 64 KiB, in kernels 1 KiB); if they and those of all other live
 * objects are signal-safe, @ctor and @dtor also in an operation. They may use
 * operations, sums, snapshots and the slab's statistics. The other calls of the
 * same slab, and all of its domain, return -CPUSLAB_EBUSY; destroying the slab
 * or the domain fails an assertion, and release builds do nothing. Calls of
 * another slab are not allowed in kernels, where the mutexes of all slabs are
 * one lock class; elsewhere the callbacks of two slabs must not call each
 * other's. What waits for a grace period, such as destroying another slab or a
 * steering table, deadlocks. Callbacks return: see CPUSLAB_NOEXCEPT in base.h.
 */
struct cpuslab_type {
	const char *name;
	size_t size;
	size_t align;
	const void *image;
	void *arg;
	int (*ctor)(void *object, uint32_t cpu, void *arg) CPUSLAB_NOEXCEPT;
	void (*dtor)(void *object, uint32_t cpu, void *arg) CPUSLAB_NOEXCEPT;
	int (*drain)(void *object, void *shared, uint32_t cpu,
		     void *arg) CPUSLAB_NOEXCEPT;
	uint32_t counters;
	uint32_t flags;
	uint32_t head;
};

/**
 * cpuslab_slab_create() - create an empty slab, a client of @domain.
 * @slab:   set to NULL on a failure.
 * @domain: whose CPUs the slab follows; outlives it.
 * @config: NULL for the defaults.
 *
 * Context: may sleep, allocates. A few microseconds at the largest limit.
 * Return:  CPUSLAB_OK; -CPUSLAB_ENOMEM; -CPUSLAB_EINVAL for unknown flags, a
 *          size that sized.h refuses, or a block size that is out of range or
 *          not a power of two; -CPUSLAB_EBUSY in a callback of @domain;
 *          -CPUSLAB_ESHUTDOWN after cpuslab_domain_close(). With a @domain,
 *          errors are logged.
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_PASSIVE int
cpuslab_slab_create(CPUSLAB_OUTPTR struct cpuslab_slab **slab,
		    CPUSLAB_INOUT struct cpuslab_domain *domain,
		    CPUSLAB_IN_OPT const struct cpuslab_slab_config *config);

/**
 * cpuslab_slab_destroy() - destroy a slab and the objects that were not freed.
 * @slab: NULL is allowed. Every object that is still live is logged by name.
 *
 * If the system lets no grace period end, that is logged and nothing is freed;
 * it may be tried again.
 *
 * Context: may sleep; waits for a grace period, and may run callbacks that
 *          other slabs and domains have queued. Not in a read section, not in
 *          a callback.
 */
CPUSLAB_API CPUSLAB_PASSIVE void
cpuslab_slab_destroy(CPUSLAB_INOUT_OPT struct cpuslab_slab *slab);

/**
 * cpuslab_slab_domain() - the domain whose CPUs a slab follows.
 * @slab: from cpuslab_slab_create().
 *
 * Context: any.
 * Return:  as given to cpuslab_slab_create().
 */
CPUSLAB_API CPUSLAB_HIGH struct cpuslab_domain *
cpuslab_slab_domain(CPUSLAB_IN const struct cpuslab_slab *slab);

/**
 * cpuslab_alloc() - allocate one object of @type on every CPU in use.
 * @slab:   from cpuslab_slab_create().
 * @type:   see struct cpuslab_type.
 * @handle: set; the null handle if it fails.
 *
 * Context: may sleep, allocates. Cost grows with the number of CPUs in use, not
 *          with the limit. Operations and readers never wait for it.
 * Return:  CPUSLAB_OK; -CPUSLAB_ENOMEM; -CPUSLAB_EINVAL for an invalid type (no
 *          name; size 0 or above 512 MiB; alignment not a power of two or above
 *          the maximum; counters that exceed the size or do not start as zero);
 *          -CPUSLAB_EBUSY in a callback of the slab; the constructor's error.
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_APC int
cpuslab_alloc(CPUSLAB_INOUT struct cpuslab_slab *slab,
	      CPUSLAB_IN const struct cpuslab_type *type,
	      CPUSLAB_OUT struct cpuslab_percpu *handle);

/**
 * cpuslab_try_alloc() - allocate an object without waiting.
 * @slab:   from cpuslab_slab_create().
 * @type:   with @ctor and @dtor only if it has CPUSLAB_TYPE_SIGNAL_SAFE. @ctor
 *          must not do what the caller must not do.
 * @handle: set; the null handle if it fails.
 *
 * The object is allocated in blocks that the slab has already. If there is no
 * room, the slab grows when the next grace period has ended, and a later call
 * succeeds. Freeing an object leaves its room, so a program makes room in
 * advance by allocating objects and freeing them.
 *
 * Context: as cpuslab_alloc(), but never sleeps, allocates no memory, and waits
 *          for no lock of the slab; so in the Linux kernel also with spinlocks
 *          held and interrupts off, but not in an interrupt.
 * Return:  as cpuslab_alloc(); -CPUSLAB_EAGAIN if another thread has the slab
 *          locked; -CPUSLAB_ENOMEM if there is no room now, which is not
 *          logged; -CPUSLAB_EINVAL also for a type whose @ctor or @dtor is not
 *          signal-safe.
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_APC int
cpuslab_try_alloc(CPUSLAB_INOUT struct cpuslab_slab *slab,
		  CPUSLAB_IN const struct cpuslab_type *type,
		  CPUSLAB_OUT struct cpuslab_percpu *handle);

/**
 * cpuslab_alloc_sized() - allocate an object of @size bytes.
 * @slab:   from cpuslab_slab_create().
 * @type:   its image, constructor and destructor are for the first bytes, as
 *          many as the type's own size.
 * @size:   bytes, instead of the type's.
 * @handle: set; the null handle if it fails.
 *
 * Context: as cpuslab_alloc().
 * Return:  as cpuslab_alloc(); -CPUSLAB_EINVAL also for a type that has one of
 *          these if @size is less than the type's.
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_APC int
cpuslab_alloc_sized(CPUSLAB_INOUT struct cpuslab_slab *slab,
		    CPUSLAB_IN const struct cpuslab_type *type, size_t size,
		    CPUSLAB_OUT struct cpuslab_percpu *handle);

/**
 * cpuslab_free() - free an object on every CPU.
 * @slab:   from cpuslab_slab_create().
 * @handle: no longer used by any thread.
 *
 * Context: may sleep.
 * Return:  CPUSLAB_OK; -CPUSLAB_ESTALE if the object has already been freed;
 *          -CPUSLAB_EINVAL for the null handle or a handle of another slab;
 *          -CPUSLAB_EBUSY in a callback of the slab. The first two errors are
 *          logged, except for the null handle.
 */
CPUSLAB_API CPUSLAB_APC int
cpuslab_free(CPUSLAB_INOUT struct cpuslab_slab *slab,
	     CPUSLAB_IN const struct cpuslab_percpu *handle);

/**
 * cpuslab_free_rcu() - free an object after a grace period.
 * @slab:   from cpuslab_slab_create().
 * @handle: no longer reachable. A thread that found it inside a read section
 *          may use it until that section ends.
 *
 * Destructors run in the thread that runs RCU callbacks.
 *
 * Context: may sleep, but never waits for a grace period. Allowed inside a read
 *          section in userspace, not in kernels.
 * Return:  as cpuslab_free().
 */
CPUSLAB_API CPUSLAB_APC int
cpuslab_free_rcu(CPUSLAB_INOUT struct cpuslab_slab *slab,
		 CPUSLAB_IN const struct cpuslab_percpu *handle);

/**
 * cpuslab_free_many() - free several objects on every CPU.
 * @slab:    from cpuslab_slab_create().
 * @handles: [@count] no longer used by any thread.
 * @count:   how many.
 *
 * As cpuslab_free() for each of them, with one lock of the slab.
 *
 * Context: may sleep.
 * Return:  CPUSLAB_OK; the first error of cpuslab_free(), after which the
 *          others have been freed all the same; -CPUSLAB_EBUSY in a callback of
 *          the slab, with nothing freed.
 */
CPUSLAB_API CPUSLAB_APC int
cpuslab_free_many(CPUSLAB_INOUT struct cpuslab_slab *slab,
		  CPUSLAB_ARRAY const struct cpuslab_percpu *handles,
		  uint32_t count);

/**
 * cpuslab_free_rcu_many() - free several objects after one grace period.
 * @slab:    from cpuslab_slab_create().
 * @handles: [@count] no longer reachable; see cpuslab_free_rcu().
 * @count:   how many.
 *
 * Context: as cpuslab_free_rcu().
 * Return:  as cpuslab_free_many().
 */
CPUSLAB_API CPUSLAB_APC int
cpuslab_free_rcu_many(CPUSLAB_INOUT struct cpuslab_slab *slab,
		      CPUSLAB_ARRAY const struct cpuslab_percpu *handles,
		      uint32_t count);

/**
 * cpuslab_sum() - add up a counter over all CPUs, past and present, and the
 * shared block.
 * @handle: of an object; the null handle has the sum 0.
 * @offset: bytes, of one of the type's counters within the object.
 *
 * If nothing negative is ever added, the result lies between the counter's
 * values at the beginning and at the end of the call, and a later sum is never
 * smaller. While no add is in progress the result is exact.
 *
 * Context: any. Wait-free; O(CPUs in use).
 * Order:   acquire; sees what was written before the adds that it counts.
 * Return:  the sum, modulo 2^64; 0 for the null handle.
 */
CPUSLAB_API CPUSLAB_DISPATCH uint64_t
cpuslab_sum(CPUSLAB_IN const struct cpuslab_percpu *handle, size_t offset);

/**
 * cpuslab_sum_many() - add up several counters of an object in one pass.
 * @handle: of an object; for the null handle every sum is 0.
 * @offset: bytes, of the first of them within the object.
 * @count:  adjacent counters.
 * @sums:   [@count] in resident memory, set to the sums.
 *
 * As cpuslab_sum() for each of them, but the CPUs are walked once. Each sum
 * lies between its counter's values at the beginning and at the end of the
 * call; together they need not be of one moment.
 *
 * Context: any. Wait-free; O(CPUs in use x @count). In kernels one read section
 *          with all of it; in a Linux process asynchronous signals are blocked
 *          meanwhile.
 * Order:   as cpuslab_sum().
 */
CPUSLAB_API CPUSLAB_DISPATCH void
cpuslab_sum_many(CPUSLAB_IN const struct cpuslab_percpu *handle, size_t offset,
		 uint32_t count, CPUSLAB_ARRAY uint64_t *sums);

/**
 * cpuslab_sum_interval() - what was added to a counter since the last call.
 * @handle: of an object; for the null handle 0.
 * @offset: bytes, of one of the type's counters within the object.
 * @last:   the sum at the last call; set to that of this call. 0 before the
 *          first call, for all that was ever added.
 *
 * Nothing is reset, so each reader with a @last of its own misses nothing.
 * Where several threads share one @last, each add is in the result of exactly
 * one of them: a call that finds that another one has changed @last meanwhile
 * sums again. If nothing negative is ever added, no result is negative.
 *
 * Context: any. Lock-free; O(CPUs in use) for each try.
 * Order:   as cpuslab_sum().
 * Return:  the difference of the two sums, modulo 2^64.
 */
CPUSLAB_API CPUSLAB_DISPATCH uint64_t
cpuslab_sum_interval(CPUSLAB_IN const struct cpuslab_percpu *handle,
		     size_t offset, CPUSLAB_INOUT cpuslab_word *last);

/**
 * cpuslab_remote() - find the copy of any CPU, for reading.
 * @handle: of an object.
 * @cpu:    a CPU number, or CPUSLAB_SHARED.
 *
 * Read it with atomic loads; its CPU may be writing to it. Never write to it.
 *
 * Context: inside a read section; the result is valid until its end.
 * Return:  the copy, or NULL if @cpu has no block now.
 */
CPUSLAB_API CPUSLAB_DISPATCH const void *
cpuslab_remote(CPUSLAB_IN const struct cpuslab_percpu *handle, uint32_t cpu);

/**
 * cpuslab_remote_next() - find the first CPU >= @cpu that has a copy.
 * @handle: of an object.
 * @cpu:    where to begin.
 *
 * cpuslab_remote() may still return NULL for it, if it is released in between.
 *
 * Context: inside a read section.
 * Return:  a CPU number, or CPUSLAB_NO_CPU.
 */
CPUSLAB_API CPUSLAB_DISPATCH uint32_t cpuslab_remote_next(
	CPUSLAB_IN const struct cpuslab_percpu *handle, uint32_t cpu);

/* The copy after @cpu's, whose CPU it sets: the shared one is the last. */
CPUSLAB_INLINE CPUSLAB_DISPATCH const void *
cpuslab__copy_next(CPUSLAB_IN const struct cpuslab_percpu *handle,
		   CPUSLAB_INOUT uint32_t *cpu)
{
	const void *copy = NULL;

	while (!copy && *cpu != CPUSLAB_SHARED) {
		*cpu = cpuslab_remote_next(
			handle, *cpu == CPUSLAB_NO_CPU ? 0 : *cpu + 1);
		if (*cpu == CPUSLAB_NO_CPU)
			*cpu = CPUSLAB_SHARED;
		copy = cpuslab_remote(handle, *cpu);
	}
	return copy;
}

#ifdef __cplusplus
#define CPUSLAB__AS(variable, pointer) static_cast<decltype(variable)>(pointer)
#else
#define CPUSLAB__AS(variable, pointer) (pointer)
#endif

/**
 * cpuslab_for_each_copy() - walk all copies of an object: of each CPU that has
 * one, then the shared one.
 * @handle: of an object; by concurrency id: the address of its member copies.
 * @cpu:    a uint32_t variable, set to the CPU or to CPUSLAB_SHARED.
 * @copy:   a variable, set to the copy: a pointer to const.
 *
 *	cpuslab_read_enter();
 *	cpuslab_for_each_copy(&handle, cpu, copy)
 *		most = max(most, cpuslab_load_acquire_u64(&copy->most));
 *	cpuslab_read_exit();
 *
 * The counters of released CPUs are in none of them, see cpuslab_sum(). What a
 * release moves to the shared copy during the walk may be found twice, but is
 * not missed. May be left by break.
 *
 * Context: inside a read section. O(CPUs in use).
 */
#define cpuslab_for_each_copy(handle, cpu, copy)                               \
	for ((cpu) = CPUSLAB_NO_CPU;                                           \
	     ((copy) = CPUSLAB__AS(                                            \
		      copy, cpuslab__copy_next((handle), &(cpu)))) != NULL;)

/**
 * cpuslab_slab_trim() - release the blocks of absent CPUs in one slab.
 * @slab:  from cpuslab_slab_create().
 * @flags: as cpuslab_domain_trim(); the promise is about this slab only.
 *
 * Context: may sleep; waits for no grace period, so memory is freed later.
 * Return:  CPUSLAB_OK; CPUSLAB_RETAINED if a block could not be released;
 *          -CPUSLAB_ENOMEM; -CPUSLAB_EINVAL for unknown flags; -CPUSLAB_EBUSY
 *          in a callback of the slab.
 */
CPUSLAB_API CPUSLAB_APC int
cpuslab_slab_trim(CPUSLAB_INOUT struct cpuslab_slab *slab, uint32_t flags);

/**
 * cpuslab_slab_check() - test the slab's invariants.
 * @slab: from cpuslab_slab_create().
 *
 * Context: may sleep.
 * Return:  CPUSLAB_OK; -CPUSLAB_EINVAL after a line in the log; -CPUSLAB_EBUSY
 *          in a callback of the slab.
 */
CPUSLAB_API CPUSLAB_APC int
cpuslab_slab_check(CPUSLAB_INOUT struct cpuslab_slab *slab);

CPUSLAB_END

/*
 * Synchronization:
 *   operations, sums, remote      any context, concurrently with everything
 *                                 but the object's free and the slab's destroy
 *   alloc, free, free_rcu, trim   any thread; serialise on the slab's mutex,
 *                                 which try_alloc only tries
 *   free                          the caller excludes every use of the handle
 *   destroy                       the caller excludes every use of the slab
 *   signal handlers               operations, sums, snapshots, read sections
 */

#endif /* CPUSLAB_SLAB_H */
