/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_RING_H
#define CPUSLAB_RING_H
/*
 * ring.h - a ring of records of any size on each CPU, for one consumer.
 *
 *	cpu 0    consumed --> | rec | rec | rec | <-- tail      append
 *	cpu 5    consumed --> <-- tail
 *	shared   what was appended where a CPU had no ring
 *
 * A ring is either lossless: when it is full, an append fails and is counted.
 * Or it overwrites its oldest records, so that it always has the newest.
 *
 * Append is safe in every context. In kernels an append in an NMI, above
 * DISPATCH_LEVEL, or in a handler that has interrupted another append goes to
 * the shared ring. In each ring the records of one context are in its order.
 *
 * Where several threads write to one copy (the shared ring, atomic mode),
 * records become visible at moments at which no append to it is in progress. A
 * thread that is preempted while it copies a record delays those of the others.
 * An append that never ends (its thread is killed, leaves a signal handler by
 * siglongjmp(), or is not in the child of a fork) blocks that copy: when it is
 * full, records are lost, and counted, whatever is consumed.
 *
 * A CPU that goes offline keeps its ring, even one that overwrites old records,
 * until a trim after all its records were consumed. A CPU that comes online has
 * a ring before its first append. A ring is memory of its CPU. In userspace an
 * append to a ring of more than 1 MiB is out of line. Give rings a slab of
 * their own.
 *
 * Not for records that must be in order across CPUs: put a time stamp in each.
 */

#include <cpuslab/port.h>
#include <cpuslab/ring_view.h>
#include <cpuslab/slab.h>

CPUSLAB_BEGIN

#define CPUSLAB_RING_MAX_RECORD 4096u /* bytes of payload */

enum { /* flags of a ring */
	/* Overwrite the oldest records instead of refusing new ones. */
	CPUSLAB_RING_OVERWRITE = 1u << 0,
};

struct cpuslab_ring {
	struct cpuslab_percpu handle; /* W init, fini; R any */
	struct cpuslab_slab *slab;    /* W init; R fini */
	struct cpuslab__ring_shape shape;
	uint32_t tail;       /* bytes from the beginning of a copy */
	uint32_t max_record; /* bytes of payload */
};

CPUSLAB_API int cpuslab__slow_ring_append(const struct cpuslab_ring *ring,
					  const void *data, uint32_t bytes,
					  int result);

/**
 * cpuslab_ring_init() - set up an empty ring on every CPU.
 * @ring:  memory of the caller.
 * @slab:  where its copies are allocated; outlives it.
 * @bytes: of memory on each CPU, a power of two, from 4 pages to 256 MiB. Two
 *         pages are the ring's own, the rest is for records. A record takes its
 *         payload, rounded up to 8 bytes, plus 8; its payload has at most
 *         CPUSLAB_RING_MAX_RECORD bytes, and at most an eighth of @bytes minus
 *         16.
 * @flags: CPUSLAB_RING_*.
 *
 * Context: may sleep, allocates.
 * Return:  as cpuslab_alloc(); -CPUSLAB_EINVAL for a size that is out of range
 *          or not a power of two, and for unknown flags.
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_APC int
cpuslab_ring_init(CPUSLAB_OUT struct cpuslab_ring *ring,
		  CPUSLAB_INOUT struct cpuslab_slab *slab, uint64_t bytes,
		  uint32_t flags);

/**
 * cpuslab_ring_fini() - free a ring that is no longer used.
 * @ring: set up by cpuslab_ring_init().
 *
 * Context: may sleep.
 */
CPUSLAB_API CPUSLAB_APC void
cpuslab_ring_fini(CPUSLAB_INOUT struct cpuslab_ring *ring);

/**
 * cpuslab_ring_lost() - how many records found no room, on all CPUs.
 * @ring: set up by cpuslab_ring_init().
 *
 * Context: any. Wait-free; O(CPUs in use).
 * Return:  as cpuslab_sum().
 */
CPUSLAB_INLINE CPUSLAB_DISPATCH uint64_t
cpuslab_ring_lost(CPUSLAB_IN const struct cpuslab_ring *ring)
{
	return cpuslab_sum(&ring->handle, 0);
}

/**
 * cpuslab_ring_view_init() - look at the ring of one CPU.
 * @view: set on CPUSLAB_OK; see ring_view.h.
 * @ring: set up by cpuslab_ring_init().
 * @cpu:  a CPU number, from cpuslab_remote_next(), or CPUSLAB_SHARED.
 *
 * Context: inside a read section; the view is valid until its end.
 * Return:  CPUSLAB_OK; -CPUSLAB_ENOENT if @cpu has no block now.
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_DISPATCH int
cpuslab_ring_view_init(CPUSLAB_OUT struct cpuslab_ring_view *view,
		       CPUSLAB_IN const struct cpuslab_ring *ring,
		       uint32_t cpu);

/**
 * cpuslab_ring_append() - append a record to this CPU's ring.
 * @ring:  set up by cpuslab_ring_init().
 * @data:  copied; may be NULL if @bytes is 0.
 * @bytes: of payload.
 *
 *	section {
 *		cpu = this CPU
 *		if cpu >= handle.limit or not live[cpu]: slow path
 *		begin = tail, or the next part if the record would reach its end
 *		end = begin + 8 + bytes, rounded up
 *		if end - consumed > the ring: slow path, which counts it
 *		copy head and payload to where begin is
 *		commit: tail = end
 *	}
 *	where several threads may write: reserve space by a compare-and-swap of
 *	`reserved`, copy, add what was reserved to `committed`; the thread that
 *	finds the two equal publishes the tail
 *
 * Context: any. Never waits; allocates only to admit the CPU.
 * Order:   release; the consumer of the record sees what was written before.
 * Return:  CPUSLAB_OK; CPUSLAB_FULL, and the record is counted as lost;
 *          -CPUSLAB_EINVAL for the null handle or a record that is too large.
 */
CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_ring_append(CPUSLAB_IN const struct cpuslab_ring *ring,
		    CPUSLAB_IN_OPT const void *data, uint32_t bytes)
{
	int result = -CPUSLAB_EINVAL;

	cpuslab__assert_own(&ring->handle);
	if (cpuslab_likely(bytes <= ring->max_record))
		result = cpuslab_port_ring_append(&ring->handle, ring->tail,
						  &ring->shape, data, bytes);
	if (cpuslab_unlikely(result))
		result = cpuslab__slow_ring_append(ring, data, bytes, result);
	return result;
}

CPUSLAB_END

/*
 * Synchronization:
 *   append, lost  any context, concurrently with everything
 *   view_init     in a read section, concurrently with everything
 *   init, fini    the caller excludes every other call
 */

#endif /* CPUSLAB_RING_H */
