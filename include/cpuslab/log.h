/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_LOG_H
#define CPUSLAB_LOG_H
/*
 * log.h - an append-only buffer of records on each CPU.
 *
 *	| tail | unused | head | payload, padded to 8 | head | payload | ...
 *	                  ^ bytes << 1 | committed
 *
 * A reader on any CPU sees whole records, in the order in which the CPU stored
 * them, up to the first one that is not committed.
 *
 * Where several threads write to one copy (the shared block, atomic mode), a
 * record that its writer never finishes (because it was killed, or a signal
 * handler interrupted it and does not return) hides all later ones of that
 * copy.
 *
 * A log keeps the blocks of absent CPUs that have put records into it until it
 * is freed, so give logs a slab of their own. A log cannot be emptied: for
 * continuous logging see log_rotating.h.
 *
 * Not for records that must be in order across CPUs: put a time stamp in each.
 */

#include <cpuslab/port.h>
#include <cpuslab/slab.h>

CPUSLAB_BEGIN

#define CPUSLAB_LOG_MAX_RECORD 4096u /* bytes of payload */
#define CPUSLAB_LOG_HEADER 16u       /* bytes before the first record */

/* One CPU's copy. */
struct cpuslab_log_cpu {
	cpuslab_word tail; /* bytes of records; W operations; R any */
	uint64_t unused;
	uint64_t records[1]; /* capacity bytes; W operations; R any */
};

struct cpuslab_log {
	struct cpuslab_percpu handle; /* W init, fini; R any */
	struct cpuslab_slab *slab;    /* W init; R fini */
	uint32_t capacity; /* bytes for records, a multiple of 8; W init */
};

CPUSLAB_API int cpuslab__slow_append(const struct cpuslab_percpu *handle,
				     size_t offset, const void *data,
				     uint32_t bytes, uint32_t capacity);

/**
 * cpuslab_log_init() - set up an empty log on every CPU.
 * @log:      resident memory of the caller.
 * @slab:     where its copies are allocated; outlives it.
 * @capacity: bytes for records on each CPU, rounded up to a multiple of 8. A
 *            record takes its payload, rounded up to 8 bytes, plus 8.
 *
 * Context: may sleep, allocates.
 * Return:  as cpuslab_alloc(); -CPUSLAB_EINVAL for a capacity below 16 bytes or
 *          above 256 MiB.
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_APC int
cpuslab_log_init(CPUSLAB_OUT struct cpuslab_log *log,
		 CPUSLAB_INOUT struct cpuslab_slab *slab, uint32_t capacity);

/**
 * cpuslab_log_fini() - free a log that is no longer used.
 * @log: set up by cpuslab_log_init().
 *
 * Context: may sleep.
 */
CPUSLAB_API CPUSLAB_APC void
cpuslab_log_fini(CPUSLAB_INOUT struct cpuslab_log *log);

/**
 * cpuslab_log_read() - read the next record of one CPU's log.
 * @log:    set up by cpuslab_log_init().
 * @cpu:    a CPU number, or CPUSLAB_SHARED.
 * @cursor: 0 at first; advanced past the record on CPUSLAB_OK.
 * @data:   the payload in place; valid until the read section ends.
 * @bytes:  of payload.
 *
 * Context: inside a read section; any thread.
 * Order:   acquire; sees what was written before the append.
 * Return:  CPUSLAB_OK; CPUSLAB_EMPTY if there is no further record yet;
 *          -CPUSLAB_ENOENT if @cpu has no block now.
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_DISPATCH int
cpuslab_log_read(CPUSLAB_IN const struct cpuslab_log *log, uint32_t cpu,
		 CPUSLAB_INOUT uint64_t *cursor,
		 CPUSLAB_OUTPTR const void **data, CPUSLAB_OUT uint32_t *bytes);

/* The bytes that a record with @bytes of payload takes. */
CPUSLAB_INLINE uint64_t cpuslab__log_step(uint64_t bytes)
{
	return 8 + ((bytes + 7) & ~(uint64_t)7);
}

/**
 * cpuslab_log_append() - append a record to this CPU's log.
 * @log:   set up by cpuslab_log_init().
 * @data:  in resident memory, copied; may be NULL if @bytes is 0.
 * @bytes: of payload, at most CPUSLAB_LOG_MAX_RECORD.
 *
 *	section {
 *		cpu = this CPU
 *		if cpu >= handle.limit or not live[cpu]: slow path
 *		if tail + step > capacity: return CPUSLAB_FULL
 *		copy head, committed, and payload to records + tail
 *		commit: tail += step
 *	}
 *	where several threads may write: reserve space by a compare-and-swap of
 *	tail, copy the payload, then store the head with the committed flag
 *
 * Context: any; in kernels up to hard interrupts. Never waits; allocates only
 *          to admit the CPU.
 * Order:   release; a reader of the record sees what was written before.
 * Return:  CPUSLAB_OK; CPUSLAB_FULL; -CPUSLAB_EINVAL for the null handle or a
 *          record that is too large.
 */
CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_log_append(CPUSLAB_IN const struct cpuslab_log *log,
		   CPUSLAB_IN_OPT const void *data, uint32_t bytes)
{
	int result = CPUSLAB_MISS;

	cpuslab__assert_own(&log->handle);
	if (cpuslab_likely(bytes <= CPUSLAB_LOG_MAX_RECORD))
		result = cpuslab_port_append(&log->handle, 0, data, bytes,
					     log->capacity);
	if (cpuslab_unlikely(result == CPUSLAB_MISS))
		return cpuslab__slow_append(&log->handle, 0, data, bytes,
					    log->capacity);
	return result;
}

CPUSLAB_END

/*
 * Synchronization:
 *   append        any context, concurrently with everything
 *   read          in a read section, concurrently with everything; each reader
 *                 has a cursor of its own
 *   init, fini    the caller excludes every other call
 */

#endif /* CPUSLAB_LOG_H */
