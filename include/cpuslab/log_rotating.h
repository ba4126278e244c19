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
 * there. It reads each record once, and frees that log. Blocks of absent CPUs
 * that the log has kept can then be released.
 *
 * Memory: each CPU's block has room for two logs from the first rotation on,
 * since the slab keeps the room of the freed one for the next rotation. The
 * slab rounds the size of a copy, CPUSLAB_LOG_HEADER + capacity, up to a power
 * of two, so make it one, or a little less.
 *
 * (Two logs that are emptied in turn would save the allocation, but to empty
 * one, appends have to be excluded, and so a read section is needed all the
 * same.)
 *
 * An append costs what cpuslab_log_append() does, one load, and a read section:
 * in the Linux kernel nothing, in a Linux process some nanoseconds. A signal
 * handler must not leave it by siglongjmp(): no rotation would end any more.
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

struct cpuslab_log_rotating_config {
	size_t size;       /* of this struct; see sized.h */
	uint32_t capacity; /* of each CPU's log, see cpuslab_log_init() */
};

struct cpuslab_log_rotating {
	struct cpuslab_log logs[2]; /* one is in use; the one before, or none */
	uint32_t now;      /* in use; W rotate; R any, in a read section */
	uint32_t busy;     /* a rotation is in progress; W, R rotate */
	uint32_t quiet;    /* no append is in the log before; W, R rotate */
	uint32_t cpu;      /* reads that log next; W, R rotate */
	uint64_t cursor;   /* in that CPU's log; W, R rotate */
	uint64_t spare[2]; /* for later versions */
};

/**
 * cpuslab_log_rotating_init() - set up an empty log.
 * @rotating: resident memory of the caller.
 * @slab:     where its copies are allocated; outlives it. Use a slab that has
 *            nothing but logs: see log.h.
 * @config:   copied.
 *
 * Context: may sleep, allocates.
 * Return:  as cpuslab_log_init(); -CPUSLAB_EINVAL without @config.
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_APC int cpuslab_log_rotating_init(
	CPUSLAB_OUT struct cpuslab_log_rotating *rotating,
	CPUSLAB_INOUT struct cpuslab_slab *slab,
	CPUSLAB_IN const struct cpuslab_log_rotating_config *config);

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
 * @each:     called for each record, in the caller's thread; may sleep, and
 *            append. Those of one CPU come in the order of appending; those of
 *            the shared block have cpu CPUSLAB_SHARED. @data is valid during
 *            the call. With the result 0 the record has been read; any other
 *            ends the rotation.
 * @arg:      passed to it.
 *
 * A record whose append has returned CPUSLAB_OK before this call is read by
 * this rotation, one that is appended meanwhile by this or the next one. Each
 * record is read once.
 *
 * A rotation that ends early leaves the record that @each has refused, and all
 * that it has not read, to the next one, which begins with them.
 *
 * It waits for read sections, not for the callbacks of other objects: the
 * caller may hold a lock that a destructor takes.
 *
 * Context: may sleep, allocates; not in a read section.
 * Order:   acquire; @each sees what was written before the append.
 * Return:  CPUSLAB_OK; what @each returned if that was not 0; -CPUSLAB_EINVAL
 *          for a log that was not set up; -CPUSLAB_EBUSY while a rotation is in
 *          progress, also in @each, and in a child that another thread forked
 *          meanwhile; -CPUSLAB_ENOMEM: nothing was read but what the last
 *          rotation has left; CPUSLAB_PARTIAL where the system lets no grace
 *          period end: what was not read is left to the next call.
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_APC int cpuslab_log_rotating_rotate(
	CPUSLAB_INOUT struct cpuslab_log_rotating *rotating,
	int (*each)(void *arg, uint32_t cpu, const void *data, uint32_t bytes)
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

	cpuslab__read_enter();
	/* [log.now] Pairs with cpuslab_log_rotating_rotate(). */
	now = cpuslab_load_acquire_u32(&rotating->now);
	result = cpuslab_log_append(&rotating->logs[now], data, bytes);
	cpuslab__read_exit();
	return result;
}

CPUSLAB_END

/*
 * Synchronization:
 *   append        any context, concurrently with everything
 *   rotate        any thread; while one rotates, others get -CPUSLAB_EBUSY
 *   init, fini    the caller excludes every other call
 */

#endif /* CPUSLAB_LOG_ROTATING_H */
