/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_REFCOUNT_H
#define CPUSLAB_REFCOUNT_H
/*
 * refcount.h - a reference count: get and put touch only this CPU's copy of it
 * until it is killed. From then on it is exact, and reaches zero once.
 *
 *	alive	CPU  0      3      7      shared
 *		gate       open   open   open   open
 *		value      +4     -3     +1     0        (mod 2^64)
 *
 *	kill	close the gates; wait until no operation that saw an open gate
 *		is in progress; add the sum of all values to the global count
 *
 *	dying	global     2  ->  1  ->  0: released, once
 *
 * This is like the Linux kernel's percpu_ref, except that gate and value are
 * one section (cpuslab_add_if()), so a kill need not wait for a grace period
 * where the system can fence CPUs.
 *
 * The caller of init holds the first reference, which kill puts. A count can
 * also track the threads inside something: try_get() to enter, put() to leave,
 * kill() to close; @released or is_zero() tells when the last one has left.
 *
 * Not for a count that often reaches zero by itself, since nothing notices that
 * before the kill (use one atomic word).
 */

#include <cpuslab/ops.h>
#include <cpuslab/slab.h>

CPUSLAB_BEGIN

enum {                               /* values of the gate */
	CPUSLAB__REFCOUNT_ALIVE = 1, /* open */
	CPUSLAB__REFCOUNT_DYING = 2, /* closed */
};

struct cpuslab_refcount {
	struct cpuslab_percpu handle; /* W init, fini; R any */
	struct cpuslab_slab *slab;    /* W init; R kill, fini */
	void (*released)(struct cpuslab_refcount *refcount)
		CPUSLAB_NOEXCEPT; /* W init; R put */
	struct cpuslab_type type; /* W init; R slab; arg is this refcount */
	char pad_before[CPUSLAB_CACHE_LINE];
	/* W kill, put after it; R any. INV: >= 2^62 until kill adds the sum. */
	cpuslab_word global;
	uint64_t state; /* W kill; R any, constructors */
	char pad_after[CPUSLAB_CACHE_LINE];
};

CPUSLAB_API bool cpuslab__refcount_slow_put(struct cpuslab_refcount *refcount,
					    int result);

/**
 * cpuslab_refcount_init() - set up a count of one reference, the caller's.
 * @refcount: memory of the caller.
 * @slab:     where its copies are allocated; outlives it.
 * @released: called once, by the put of the last reference after a kill, or by
 *            the kill if that was the last; NULL: no call. It runs in the
 *            context of that put or kill, may use operations and wake threads,
 *            but must not call cpuslab_refcount_fini().
 *
 * Context: may sleep, allocates.
 * Return:  as cpuslab_alloc().
 */
CPUSLAB_NODISCARD CPUSLAB_API int cpuslab_refcount_init(
	struct cpuslab_refcount *refcount, struct cpuslab_slab *slab,
	void (*released)(struct cpuslab_refcount *refcount) CPUSLAB_NOEXCEPT);

/**
 * cpuslab_refcount_fini() - free a count that is no longer used.
 * @refcount: set up by cpuslab_refcount_init().
 *
 * Remaining references are ignored. A thread that found the count inside a read
 * section may still be executing a failing try_get(): wait for a grace period
 * before fini.
 *
 * Context: may sleep.
 */
CPUSLAB_API void cpuslab_refcount_fini(struct cpuslab_refcount *refcount);

/**
 * cpuslab_refcount_kill() - make gets fail, and put the first reference.
 * @refcount: set up by cpuslab_refcount_init().
 *
 * A get that races with the kill may succeed or fail; once the kill has
 * returned, every get fails, and the count is exact.
 *
 * Context: may sleep; takes the slab's mutex, fences all CPUs (in kernels,
 *          waits for a grace period).
 * Order:   every get that succeeded is counted; a get that fails sees what the
 *          caller did before the kill.
 * Return:  CPUSLAB_OK (@released has been called if it was the last reference);
 *          CPUSLAB_DIFFERS if the count has been killed, or is being killed;
 *          -CPUSLAB_EAGAIN if the gates are closed but the fence failed: gets
 *          fail, puts are counted, @released is not called until a further call
 *          succeeds; -CPUSLAB_EBUSY in a constructor; -CPUSLAB_EINVAL if it was
 *          not initialised.
 */
CPUSLAB_API int cpuslab_refcount_kill(struct cpuslab_refcount *refcount);

/**
 * cpuslab_refcount_is_dying() - has a kill begun?
 * @refcount: set up by cpuslab_refcount_init().
 *
 * Context: any.
 * Order:   acquire.
 * Return:  true from the beginning of a kill.
 */
CPUSLAB_API bool
cpuslab_refcount_is_dying(const struct cpuslab_refcount *refcount);

/**
 * cpuslab_refcount_is_zero() - has the count been killed and reached zero?
 * @refcount: set up by cpuslab_refcount_init().
 *
 * Context: any.
 * Order:   acquire; sees what was done under all references.
 * Return:  true from the last put on.
 */
CPUSLAB_API bool
cpuslab_refcount_is_zero(const struct cpuslab_refcount *refcount);

/**
 * cpuslab_refcount_try_get() - get a reference, unless the count is dying.
 * @refcount: set up by cpuslab_refcount_init().
 *
 *	section {
 *		cpu = this CPU
 *		if cpu >= handle.limit or not live[cpu]: slow path
 *		if gate is not ALIVE: return false
 *		commit: value += 1
 *	}
 *
 * Context: any, signal handlers included. No lock, no waiting.
 * Order:   release. [refcount.kill] Either the kill finds this get in the sum,
 *          or the get finds the gate closed.
 * Return:  true; false with nothing counted once a kill has begun, and for the
 *          null handle.
 */
CPUSLAB_NODISCARD CPUSLAB_INLINE bool
cpuslab_refcount_try_get(const struct cpuslab_refcount *refcount)
{
	return !cpuslab_add_if(&refcount->handle, 0, CPUSLAB__REFCOUNT_ALIVE,
			       1);
}

/**
 * cpuslab_refcount_put() - put a reference, on any CPU.
 * @refcount: set up by cpuslab_refcount_init().
 *
 * As try_get with -1; once the gate is closed, one atomic instruction on the
 * global count.
 *
 * Context: any, signal handlers included, as far as @released allows. No lock,
 *          no waiting.
 * Order:   what was done under the reference happens before @released.
 * Return:  true if this was the last reference: @released has been called. A
 *          put without a get fails an assertion once it can be detected, when
 *          the count has reached zero.
 */
CPUSLAB_INLINE bool cpuslab_refcount_put(struct cpuslab_refcount *refcount)
{
	int result = cpuslab_add_if(&refcount->handle, 0,
				    CPUSLAB__REFCOUNT_ALIVE, (uint64_t)-1);

	if (cpuslab_likely(!result))
		return false;
	return cpuslab__refcount_slow_put(refcount, result);
}

CPUSLAB_END

/*
 * Synchronization:
 *   try_get, put, is_*    any context, concurrently with everything
 *   kill                  any number of threads; exactly one of them kills
 *   init, fini            the caller excludes every other call
 *
 * The struct must not be copied or moved after init. In debug builds its memory
 * must stay until the slab is destroyed if fini might be called twice.
 */

#endif /* CPUSLAB_REFCOUNT_H */
