/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_LOG_ROTATING_H
#define CPUSLAB_LOG_ROTATING_H
/*
 * log_rotating.h - a log for continuous use: a reader takes all records away
 * while appends go on.
 *
 *	now ----> log in use     <- appends
 *	          log before it  <- the reader, during a rotation only
 *
 * A rotation publishes an empty log, waits for a grace period, and then has the
 * log before it for itself: an append is a read section, so none is in progress
 * there. It reads each record once, and frees that log, so memory is that of
 * two logs during a rotation and of one otherwise. Blocks of absent CPUs that
 * the log has kept can then be released.
 *
 * (Two logs that are emptied in turn would save the allocation, but to empty
 * one, appends have to be excluded, and so a read section is needed all the
 * same.)
 *
 * An append costs what cpuslab_log_append() does, one load, and a read section:
 * in the Linux kernel nothing, in a Linux process some nanoseconds.
 *
 * A log that is full refuses records until it is rotated: rotate by time, or
 * when an append returns CPUSLAB_FULL; or use ring.h, whose consumer makes room
 * record by record.
 *
 * The struct must not be copied or moved.
 */

#include <cpuslab/log.h>
#include <cpuslab/read.h>

CPUSLAB_BEGIN

struct cpuslab_log_rotating {
	struct cpuslab_log logs[2]; /* one is in use; the one before, or none */
	struct cpuslab_rcu rcu;     /* W rotate */
	uint32_t now;   /* in use; W rotate; R any, in a read section */
	uint32_t waits; /* 1 until the grace period ends; W rotate, callback */
};

/**
 * cpuslab_log_rotating_init() - set up an empty log.
 * @rotating: resident memory of the caller.
 * @slab:     where its copies are allocated; outlives it. Give it one of its
 *            own, as for every log.
 * @capacity: as of cpuslab_log_init().
 *
 * Context: may sleep, allocates.
 * Return:  as cpuslab_log_init().
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_APC int
cpuslab_log_rotating_init(CPUSLAB_OUT struct cpuslab_log_rotating *rotating,
			  CPUSLAB_INOUT struct cpuslab_slab *slab,
			  uint32_t capacity);

/**
 * cpuslab_log_rotating_fini() - free a log that is no longer used.
 * @rotating: set up by cpuslab_log_rotating_init().
 *
 * Records that no rotation has read are lost.
 *
 * Context: may sleep; not in a read section.
 */
CPUSLAB_API CPUSLAB_APC void
cpuslab_log_rotating_fini(CPUSLAB_INOUT struct cpuslab_log_rotating *rotating);

/**
 * cpuslab_log_rotating_rotate() - take all records away.
 * @rotating: set up by cpuslab_log_rotating_init().
 * @each:     called for each record, in the caller's thread; may sleep. Those
 *            of one CPU come in the order of appending; those of the shared
 *            block have cpu CPUSLAB_SHARED. @data is valid until it returns.
 * @arg:      passed to it.
 *
 * A record whose append has returned CPUSLAB_OK before this call is read by
 * this rotation, one that is appended meanwhile by this or the next one, and
 * each by one only.
 *
 * Context: may sleep, allocates; not in a read section.
 * Order:   acquire; @each sees what was written before the append.
 * Return:  CPUSLAB_OK; -CPUSLAB_EINVAL for a log that was not set up;
 *          -CPUSLAB_ENOMEM with nothing changed; CPUSLAB_PARTIAL
 *          where the system lets no grace period end: nothing was read, the
 *          next call reads it.
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_APC int cpuslab_log_rotating_rotate(
	CPUSLAB_INOUT struct cpuslab_log_rotating *rotating,
	void (*each)(void *arg, uint32_t cpu, const void *data, uint32_t bytes)
		CPUSLAB_NOEXCEPT,
	CPUSLAB_INOUT_OPT void *arg);

/**
 * cpuslab_log_rotating_append() - append a record to this CPU's log.
 * @rotating: set up by cpuslab_log_rotating_init().
 * @data:     as of cpuslab_log_append().
 * @bytes:    as of cpuslab_log_append().
 *
 *	read section {
 *		cpuslab_log_append(now)
 *	}
 *
 * Context, Order, Return: as cpuslab_log_append().
 */
CPUSLAB_INLINE CPUSLAB_HIGH int cpuslab_log_rotating_append(
	CPUSLAB_IN const struct cpuslab_log_rotating *rotating,
	CPUSLAB_IN_OPT const void *data, uint32_t bytes)
{
	uint32_t now;
	int result;

	cpuslab_read_enter();
	/* [log.now] Pairs with cpuslab_log_rotating_rotate(). */
	now = cpuslab_load_acquire_u32(&rotating->now);
	result = cpuslab_log_append(&rotating->logs[now], data, bytes);
	cpuslab_read_exit();
	return result;
}

CPUSLAB_END

/*
 * Synchronization:
 *   append        any context, concurrently with everything
 *   rotate        one thread at a time
 *   init, fini    the caller excludes every other call
 */

#endif /* CPUSLAB_LOG_ROTATING_H */
