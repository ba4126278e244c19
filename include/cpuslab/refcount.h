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
 *	       switch_to_atomic()		   kill()
 *	alive  ----------------->  alive, exact  ---------->  dying, exact
 *	       <-----------------		 <----------
 *	       switch_to_percpu()		   resurrect()
 *
 * kill() is allowed in both states that are alive, and resurrect() returns to
 * the one that the last switch asked for.
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

enum {                                /* values of the gate */
	CPUSLAB__REFCOUNT_OPEN = 1,   /* gets and puts count on CPUs */
	CPUSLAB__REFCOUNT_CLOSED = 2, /* in the global count */
};

/* In the global count: no kill has begun. */
#define CPUSLAB__REFCOUNT_LIVE ((uint64_t)1 << 63)
/* In the global count, its other bits: any reference. */
#define CPUSLAB__REFCOUNT_ANY (CPUSLAB__REFCOUNT_LIVE - 1)

struct cpuslab_refcount {
	struct cpuslab_percpu handle; /* W init, fini; R any */
	struct cpuslab_slab *slab;    /* W init; R kill, fini */
	void (*released)(struct cpuslab_refcount *refcount)
		CPUSLAB_NOEXCEPT; /* W init; R put */
	struct cpuslab_type type; /* W init; R slab; arg is this refcount */
	char pad_before[CPUSLAB_CACHE_LINE];
	/* The flag above and a count; W, R any. See refcount.c. */
	cpuslab_word global;
	/* W, R with the slab's mutex, from here on. */
	uint64_t gate;   /* of every copy */
	uint64_t summed; /* the sum of values that the global count has */
	bool atomic;     /* cpuslab_refcount_switch_to_atomic() was last */
	bool first;      /* the first reference is held */
	char pad_after[CPUSLAB_CACHE_LINE];
};

/* Get @count references if the global count has a bit of @mask. */
CPUSLAB_API bool cpuslab__refcount_slow_get(struct cpuslab_refcount *refcount,
					    uint64_t count, uint64_t mask,
					    int result);
CPUSLAB_API bool cpuslab__refcount_slow_put(struct cpuslab_refcount *refcount,
					    uint64_t count, int result);

/**
 * cpuslab_refcount_init() - set up a count of one reference, the caller's.
 * @refcount: resident memory of the caller.
 * @slab:     where its copies are allocated; outlives it.
 * @released: called once for each kill, by the put of the last reference after
 *            it, or by the kill if that was the last; not if a resurrect comes
 *            before. NULL: no call. It runs in the context of that put or kill,
 *            may use operations and wake threads, but must not call
 *            cpuslab_refcount_fini().
 *
 * Context: may sleep, allocates.
 * Return:  as cpuslab_alloc().
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_APC int
cpuslab_refcount_init(CPUSLAB_OUT struct cpuslab_refcount *refcount,
		      CPUSLAB_INOUT struct cpuslab_slab *slab,
		      void (*released)(struct cpuslab_refcount *refcount)
			      CPUSLAB_NOEXCEPT);

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
CPUSLAB_API CPUSLAB_APC void
cpuslab_refcount_fini(CPUSLAB_INOUT struct cpuslab_refcount *refcount);

/**
 * cpuslab_refcount_kill() - make gets fail, and put the first reference.
 * @refcount: set up by cpuslab_refcount_init().
 *
 * A get that races with the kill may succeed or fail; once the kill has
 * returned, every try_get fails, and the count is exact.
 *
 * Context: may sleep; takes the slab's mutex and fences all CPUs (in kernels,
 *          waits for a grace period), unless the count is exact already.
 * Order:   every get that succeeded is counted; a get that fails sees what the
 *          caller did before the kill.
 * Return:  CPUSLAB_OK (@released has been called if it was the last reference);
 *          CPUSLAB_DIFFERS if the count has been killed;
 *          -CPUSLAB_EAGAIN if the gates are closed but the fence failed: gets
 *          fail, puts are counted, @released is not called until a further call
 *          succeeds; -CPUSLAB_EBUSY in a constructor; -CPUSLAB_EINVAL if it was
 *          not initialised.
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_APC int
cpuslab_refcount_kill(CPUSLAB_INOUT struct cpuslab_refcount *refcount);

/**
 * cpuslab_refcount_resurrect() - undo a kill: get a first reference, and let
 * gets succeed.
 * @refcount: set up by cpuslab_refcount_init().
 *
 * The references that are left stay valid. If none is left, @released has been
 * called, or is being called by the last put, and the count begins again. To
 * know which, the caller holds a reference, or finds by
 * cpuslab_refcount_is_zero() that there is none. If @released frees the count,
 * the caller must hold one.
 *
 * Context: may sleep; takes the slab's mutex. No fence, no grace period.
 * Order:   a get that succeeds afterwards sees what the caller did before.
 * Return:  CPUSLAB_OK; CPUSLAB_DIFFERS if it is not dying; -CPUSLAB_EBUSY in a
 *          constructor; -CPUSLAB_EINVAL if it was not initialised.
 */
CPUSLAB_API CPUSLAB_APC int
cpuslab_refcount_resurrect(CPUSLAB_INOUT struct cpuslab_refcount *refcount);

/**
 * cpuslab_refcount_switch_to_atomic() - count in one word that all CPUs share.
 * @refcount: set up by cpuslab_refcount_init().
 *
 * From then on the count is exact, alive or dying, and cpuslab_refcount_count()
 * returns it. Gets and puts go on as before, at the cost of an atomic
 * instruction on the shared word.
 *
 * Context: may sleep; takes the slab's mutex and fences all CPUs (in kernels,
 *          waits for a grace period), unless the count is exact already.
 * Order:   the caller sees what was done under references that had been put.
 * Return:  CPUSLAB_OK, also if it is atomic already; -CPUSLAB_EAGAIN if the
 *          gates are closed but the fence failed: gets and puts use the shared
 *          word, and a further call makes the count exact; -CPUSLAB_EBUSY in a
 *          constructor; -CPUSLAB_EINVAL if it was not initialised.
 */
CPUSLAB_API CPUSLAB_APC int cpuslab_refcount_switch_to_atomic(
	CPUSLAB_INOUT struct cpuslab_refcount *refcount);

/**
 * cpuslab_refcount_switch_to_percpu() - count on each CPU again.
 * @refcount: set up by cpuslab_refcount_init().
 *
 * A count that is dying stays exact, and counts on each CPU once it is
 * resurrected.
 *
 * Context: may sleep; takes the slab's mutex. No fence, no grace period.
 * Return:  CPUSLAB_OK, also if it counts on each CPU already; -CPUSLAB_EBUSY in
 *          a constructor; -CPUSLAB_EINVAL if it was not initialised.
 */
CPUSLAB_API CPUSLAB_APC int cpuslab_refcount_switch_to_percpu(
	CPUSLAB_INOUT struct cpuslab_refcount *refcount);

/**
 * cpuslab_refcount_is_dying() - has a kill begun?
 * @refcount: set up by cpuslab_refcount_init().
 *
 * Context: any.
 * Order:   acquire.
 * Return:  true from the beginning of a kill until a resurrect.
 */
CPUSLAB_API CPUSLAB_HIGH bool
cpuslab_refcount_is_dying(CPUSLAB_IN const struct cpuslab_refcount *refcount);

/**
 * cpuslab_refcount_is_zero() - has the count been killed and reached zero?
 * @refcount: set up by cpuslab_refcount_init().
 *
 * Context: any.
 * Order:   acquire; sees what was done under all references.
 * Return:  true from the last put on, until a resurrect.
 */
CPUSLAB_API CPUSLAB_HIGH bool
cpuslab_refcount_is_zero(CPUSLAB_IN const struct cpuslab_refcount *refcount);

/**
 * cpuslab_refcount_count() - read the number of references, if it is exact.
 * @refcount: set up by cpuslab_refcount_init().
 *
 * Context: any. One load.
 * Order:   acquire; sees what was done under references that were put.
 * Return:  how many there are, the first included, in atomic mode and after a
 *          kill; UINT64_MAX while each CPU counts.
 */
CPUSLAB_API CPUSLAB_HIGH uint64_t
cpuslab_refcount_count(CPUSLAB_IN const struct cpuslab_refcount *refcount);

/**
 * cpuslab_refcount_try_get_many() - get references, unless the count is dying.
 * @refcount: set up by cpuslab_refcount_init().
 * @count:    how many, below 2^32.
 *
 *	section {
 *		cpu = this CPU
 *		if cpu >= handle.limit or not live[cpu]: slow path
 *		if gate is closed: compare-and-swap of the global count
 *		commit: value += count
 *	}
 *
 * Context: any, signal handlers included. No lock, no waiting.
 * Order:   acquire and release. [refcount.kill] Either the kill finds this get
 *          in the sum, or the get finds the gate closed.
 *          [refcount.open] A get that finds an open gate is counted there while
 *          the global count has its bias.
 * Return:  true; false with nothing counted once a kill has begun, and for the
 *          null handle.
 */
CPUSLAB_NODISCARD CPUSLAB_INLINE CPUSLAB_HIGH bool
cpuslab_refcount_try_get_many(CPUSLAB_INOUT struct cpuslab_refcount *refcount,
			      uint64_t count)
{
	int result = cpuslab_add_if(&refcount->handle, 0,
				    CPUSLAB__REFCOUNT_OPEN, count);

	if (cpuslab_likely(!result))
		return true;
	return cpuslab__refcount_slow_get(refcount, count,
					  CPUSLAB__REFCOUNT_LIVE, result);
}

/**
 * cpuslab_refcount_try_get() - get a reference, unless the count is dying.
 * @refcount: set up by cpuslab_refcount_init().
 *
 * Context, Order, Return: as cpuslab_refcount_try_get_many().
 */
CPUSLAB_NODISCARD CPUSLAB_INLINE CPUSLAB_HIGH bool
cpuslab_refcount_try_get(CPUSLAB_INOUT struct cpuslab_refcount *refcount)
{
	return cpuslab_refcount_try_get_many(refcount, 1);
}

/**
 * cpuslab_refcount_try_get_dying() - get a reference, unless none is left.
 * @refcount: set up by cpuslab_refcount_init().
 *
 * As try_get, but of a dying count as well until it has reached zero.
 *
 * Context, Order: as cpuslab_refcount_try_get_many().
 * Return:  true; false with nothing counted after the last put, and for the
 *          null handle.
 */
CPUSLAB_NODISCARD CPUSLAB_INLINE CPUSLAB_HIGH bool
cpuslab_refcount_try_get_dying(CPUSLAB_INOUT struct cpuslab_refcount *refcount)
{
	int result =
		cpuslab_add_if(&refcount->handle, 0, CPUSLAB__REFCOUNT_OPEN, 1);

	if (cpuslab_likely(!result))
		return true;
	return cpuslab__refcount_slow_get(refcount, 1, CPUSLAB__REFCOUNT_ANY,
					  result);
}

/**
 * cpuslab_refcount_get_many() - get more references.
 * @refcount: set up by cpuslab_refcount_init(); the caller holds a reference.
 * @count:    how many, below 2^32.
 *
 * It succeeds also while the count is dying. One that has reached zero fails an
 * assertion.
 *
 * Context, Order: as cpuslab_refcount_try_get_many().
 */
CPUSLAB_INLINE CPUSLAB_HIGH void
cpuslab_refcount_get_many(CPUSLAB_INOUT struct cpuslab_refcount *refcount,
			  uint64_t count)
{
	int result = cpuslab_add_if(&refcount->handle, 0,
				    CPUSLAB__REFCOUNT_OPEN, count);
	bool got = cpuslab_likely(!result) ||
		   cpuslab__refcount_slow_get(refcount, count,
					      CPUSLAB__REFCOUNT_ANY, result);

	cpuslab_assert(got);
	(void)got;
}

/**
 * cpuslab_refcount_put_many() - put references, on any CPU.
 * @refcount: set up by cpuslab_refcount_init().
 * @count:    how many, below 2^32.
 *
 * As get with -@count; once the gate is closed, one atomic instruction on the
 * global count. The first reference is put by the kill only.
 *
 * Context: any, signal handlers included, as far as @released allows. No lock,
 *          no waiting.
 * Order:   what was done under the references happens before @released.
 * Return:  true if these were the last references: @released has been called. A
 *          put without a get fails an assertion once it can be detected, when
 *          the count has reached zero.
 */
CPUSLAB_INLINE CPUSLAB_HIGH bool
cpuslab_refcount_put_many(CPUSLAB_INOUT struct cpuslab_refcount *refcount,
			  uint64_t count)
{
	int result = cpuslab_add_if(&refcount->handle, 0,
				    CPUSLAB__REFCOUNT_OPEN,
				    (uint64_t)0 - count);

	if (cpuslab_likely(!result))
		return false;
	return cpuslab__refcount_slow_put(refcount, count, result);
}

/**
 * cpuslab_refcount_put() - put a reference, on any CPU.
 * @refcount: set up by cpuslab_refcount_init().
 *
 * Context, Order, Return: as cpuslab_refcount_put_many().
 */
CPUSLAB_INLINE CPUSLAB_HIGH bool
cpuslab_refcount_put(CPUSLAB_INOUT struct cpuslab_refcount *refcount)
{
	return cpuslab_refcount_put_many(refcount, 1);
}

CPUSLAB_END

/*
 * Synchronization:
 *   try_get*, get*, put*, is_*, count
 *                         any context, concurrently with everything
 *   kill, resurrect, switch_to_*
 *                         any number of threads, one at a time: they serialise
 *                         on the slab's mutex
 *   init, fini            the caller excludes every other call
 *
 * The struct must not be copied or moved after init. In debug builds its memory
 * must stay until the slab is destroyed if fini might be called twice.
 */

#endif /* CPUSLAB_REFCOUNT_H */
