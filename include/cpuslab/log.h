/* SPDX-License-Identifier: MIT */
/*
 * log.h - an append-only buffer of records for each CPU.
 *
 *	| tail | unused | head | payload, padded to 8 | head | payload | ...
 *	                  ^ bytes << 1 | committed
 *
 * A reader on any CPU sees whole records, in the order in which the
 * CPU took them, up to the first that is not committed: never half of
 * one, never a hole. A log keeps the blocks of CPUs that go, and so its
 * slab's memory, until it is freed: give logs a slab of their own. Where
 * several write (the shared block, atomic mode), a record that its writer never finished
 * (killed, or a handler that did not return) hides those behind it. A full log stays full until it is freed, so two of them,
 * swapped by pointer and freed with cpuslab_free_rcu(), make an endless one.
 */
#ifndef CPUSLAB_LOG_H
#define CPUSLAB_LOG_H

#include <cpuslab/port.h>
#include <cpuslab/slab.h>

CPUSLAB_BEGIN

#define CPUSLAB_LOG_MAX_RECORD 4096u /* bytes of payload */
#define CPUSLAB_LOG_HEADER 16u       /* bytes before the first record */

/* One CPU's copy. */
struct cpuslab_log_cpu {
	uint64_t tail; /* bytes of records; W owner; R any */
	uint64_t unused;
	uint64_t records[1]; /* capacity bytes in all */
};

/* The bytes that a record of @bytes of payload takes. */
CPUSLAB_INLINE uint64_t cpuslab__log_step(uint64_t bytes)
{
	return 8 + ((bytes + 7) & ~(uint64_t)7);
}

struct cpuslab_log {
	struct cpuslab_percpu handle; /* W init, fini; R any */
	struct cpuslab_slab *slab;
	uint32_t capacity; /* bytes for records, a multiple of 8 */
};

CPUSLAB_API int cpuslab__slow_append(const struct cpuslab_percpu *handle,
				     size_t offset, const void *data,
				     uint32_t bytes, uint32_t capacity);

/**
 * cpuslab_log_init() - an empty log on every CPU.
 * @capacity: bytes for records (each takes 8 more than its payload, rounded up
 *            to 8) on each CPU; rounded up to a multiple of 8.
 *
 * Context: may sleep, allocates.
 * Return:  as cpuslab_alloc(); -CPUSLAB_EINVAL for a capacity below 16 or
 *          above 256 MiB.
 */
CPUSLAB_API int cpuslab_log_init(struct cpuslab_log *log,
				 struct cpuslab_slab *slab, uint32_t capacity);
/* Nobody uses it any more. Context: may sleep. */
CPUSLAB_API void cpuslab_log_fini(struct cpuslab_log *log);

/**
 * cpuslab_log_append() - copy a record to the end of this CPU's log.
 * @data:  @bytes of payload, at most CPUSLAB_LOG_MAX_RECORD; may be empty.
 *
 *	section {
 *		cpu = this CPU
 *		if cpu >= handle.limit or not live[cpu]: leave, admit or use the shared block
 *		if tail + step > capacity: return CPUSLAB_FULL
 *		copy head, committed, and payload to records + tail
 *		commit: tail += step
 *	}
 *	where several may write: reserve by compare-and-swap of tail, copy, then
 *	set the committed flag of the record; readers stop at the first unset one
 *
 * Context: any; in kernels up to hard interrupts. Never waits, never allocates.
 * Order:   release; who reads the record sees what was written before.
 * Return:  CPUSLAB_OK; CPUSLAB_FULL; -CPUSLAB_EINVAL for the null handle or a
 *          record that is too large.
 */
CPUSLAB_INLINE int cpuslab_log_append(const struct cpuslab_log *log,
				      const void *data, uint32_t bytes)
{
	int result = CPUSLAB_MISS;

	if (cpuslab_likely(bytes <= CPUSLAB_LOG_MAX_RECORD))
		result = cpuslab_port_append(&log->handle, 0, data, bytes,
					     log->capacity);
	if (cpuslab_unlikely(result == CPUSLAB_MISS))
		return cpuslab__slow_append(&log->handle, 0, data, bytes,
					    log->capacity);
	return result;
}

/**
 * cpuslab_log_read() - the next record of one CPU's log.
 * @cpu:    whose; or CPUSLAB_SHARED.
 * @cursor: 0 at first; moved behind the record on CPUSLAB_OK.
 * @data:   the record's payload, in place; valid until the read section ends.
 *
 * Context: inside a read section; any thread.
 * Order:   acquire; see cpuslab_log_append().
 * Return:  CPUSLAB_OK; CPUSLAB_EMPTY if there is none yet; -CPUSLAB_ENOENT if
 *          @cpu has no block now.
 */
CPUSLAB_API int cpuslab_log_read(const struct cpuslab_log *log, uint32_t cpu,
				 uint64_t *cursor, const void **data,
				 uint32_t *bytes);

CPUSLAB_END

#endif /* CPUSLAB_LOG_H */
