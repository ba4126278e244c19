/* SPDX-License-Identifier: MIT */
/*
 * refcount.h - a reference count whose get and put touch this CPU only,
 * until it is killed; from then on it is exact, and its end is noticed once.
 *
 *	alive	CPU  0      3      7      shared
 *		gate       open   open   open   open
 *		value      +4     -3     +1     0        (mod 2^64)
 *
 *	kill	gates shut; nobody who saw one open is under way; the sum of
 *		all values goes to the centre, which counts from then on:
 *
 *	dying	centre     2  ->  1  ->  0: released, once
 *
 * As the Linux kernel's percpu_ref, but for one thing: gate and count change in
 * one section (cpuslab_add_if()), so that a kill need not wait for a grace
 * period where the system can fence a CPU.
 *
 * Whoever initialises it has the first reference; cpuslab_refcount_kill() puts
 * that one. Not for counts that often reach zero by themselves: nobody notices
 * before the kill (use one atomic word).
 *
 * A count is a gauge of who is inside, too: try_get() to enter, put() to leave,
 * kill() to close, and @released (or is_zero()) says when the last has left.
 *
 * Synchronization:
 *   try_get, put, is_*   any context, any time, against anything
 *   kill                 may sleep; any number at once, one of them kills
 *   init, fini           the caller: nobody uses it (before, any more). Those
 *                        who found it in a read section may still be in a
 *                        try_get() that fails: let them leave theirs first
 *
 * The struct must not be copied or moved, and in debug builds it stays until
 * the slab goes if it could be taken down twice by mistake.
 */
#ifndef CPUSLAB_REFCOUNT_H
#define CPUSLAB_REFCOUNT_H

#include <cpuslab/ops.h>
#include <cpuslab/slab.h>

CPUSLAB_BEGIN

enum {
	/* Values of the gate. */
	CPUSLAB__REFCOUNT_ALIVE = 1,
	CPUSLAB__REFCOUNT_DYING = 2,
};

struct cpuslab_refcount {
	struct cpuslab_percpu handle; /* W init, fini; R any */
	struct cpuslab_slab *slab;
	void (*released)(struct cpuslab_refcount *refcount); /* W init */
	struct cpuslab_type type; /* W init; arg: the refcount itself */
	/* INV: at least 2^62 while alive and until a kill has summed up. */
	CPUSLAB_ALIGNED(CPUSLAB_CACHE_LINE)
	uint64_t centre; /* W any */
	uint64_t state;  /* W kill; R constructors, any */
};

CPUSLAB_API bool cpuslab__refcount_slow_put(struct cpuslab_refcount *refcount,
					    int result);

/**
 * cpuslab_refcount_init() - a count of one reference, the caller's.
 * @released: called once, by whoever puts the last reference after the kill,
 *            in the context of that put (or of the kill); or NULL. It may use
 *            operations and wake somebody, but not call cpuslab_refcount_fini().
 *
 * Context: may sleep, allocates.
 * Return:  as cpuslab_alloc().
 */
CPUSLAB_API int
cpuslab_refcount_init(struct cpuslab_refcount *refcount,
		      struct cpuslab_slab *slab,
		      void (*released)(struct cpuslab_refcount *refcount));
/* Nobody uses it any more; references that are left are forgotten. */
CPUSLAB_API void cpuslab_refcount_fini(struct cpuslab_refcount *refcount);

/**
 * cpuslab_refcount_try_get() - one more reference, unless it is being killed.
 *
 *	section {
 *		cpu = this CPU
 *		if cpu >= handle.limit or not live[cpu]: leave, admit or use the shared block
 *		if gate is not ALIVE: return false
 *		commit: value += 1
 *	}
 *
 * Context: any, signal handlers included. No lock, no wait.
 * Order:   release; [refcount.kill] whoever kills finds it in the sum, or it
 *          finds the gate shut.
 * Return:  true; false once a kill has begun, and for the null handle: then
 *          nothing was counted.
 */
CPUSLAB_INLINE bool
cpuslab_refcount_try_get(const struct cpuslab_refcount *refcount)
{
	return !cpuslab_add_if(&refcount->handle, 0, CPUSLAB__REFCOUNT_ALIVE,
			       1);
}

/**
 * cpuslab_refcount_put() - give a reference back, on whatever CPU.
 *
 * As try_get with -1; behind a shut gate one atomic instruction on the centre.
 *
 * Context: any, signal handlers included, as far as @released allows. No lock,
 *          no wait.
 * Order:   what was done under the reference happens before @released.
 * Return:  true if this was the last one: @released has been called. A put
 *          without a get is an assertion as soon as it can be noticed: once
 *          nobody is left.
 */
CPUSLAB_INLINE bool cpuslab_refcount_put(struct cpuslab_refcount *refcount)
{
	int result = cpuslab_add_if(&refcount->handle, 0,
				    CPUSLAB__REFCOUNT_ALIVE, (uint64_t)-1);

	if (cpuslab_likely(!result))
		return false;
	return cpuslab__refcount_slow_put(refcount, result);
}

/**
 * cpuslab_refcount_kill() - no more gets; put the first reference.
 *
 * From the call on gets fail, at the latest when it has returned; the count is
 * exact from then on.
 *
 * Context: may sleep; takes the slab's mutex, fences (in kernels: waits for a
 *          grace period).
 * Order:   whoever got a reference before is counted; whoever gets none after
 *          sees what the caller did before the kill.
 * Return:  CPUSLAB_OK (perhaps it was the last: @released has been called);
 *          CPUSLAB_DIFFERS if it was killed before, or is being killed;
 *          -CPUSLAB_EAGAIN if the gates are shut, but the system cannot show
 *          in bounded time that nobody is under way: gets fail, puts are
 *          counted, nothing is released: call again; -CPUSLAB_EBUSY from inside
 *          a constructor; -CPUSLAB_EINVAL if it was never initialised.
 */
CPUSLAB_API int cpuslab_refcount_kill(struct cpuslab_refcount *refcount);

/**
 * cpuslab_refcount_is_dying() - has a kill begun?
 * Context: any.
 */
CPUSLAB_API bool
cpuslab_refcount_is_dying(const struct cpuslab_refcount *refcount);

/**
 * cpuslab_refcount_is_zero() - was it killed, and is nobody left?
 * Context: any.
 * Order:   acquire; sees what was done under all references.
 */
CPUSLAB_API bool
cpuslab_refcount_is_zero(const struct cpuslab_refcount *refcount);

CPUSLAB_END

#endif /* CPUSLAB_REFCOUNT_H */
