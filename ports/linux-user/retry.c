/* SPDX-License-Identifier: MIT */
/*
 * retry.c - the operations out of line, in each way to find a block: by CPU
 * number or concurrency id; in a region, or through a directory:
 *
 *	directory[index] + offset	if live[index]
 */
#include "private.h"

#if CPUSLAB__HAVE_RSEQ

/* Such a handle has the table of zeros, which follows. */
#define RETRY_LIVE(live_) [live] "r"((live_)-CPUSLAB__LIVE_BYTES)

#undef CPUSLAB__RSEQ_INDEX
#undef CPUSLAB__RSEQ_NAME
#undef CPUSLAB__RSEQ_HANDLE
#undef CPUSLAB__RSEQ_LIVE
#undef CPUSLAB__RSEQ_INPUTS
#define CPUSLAB__RSEQ_INDEX CPUSLAB__RSEQ_INDEX_CID
#define CPUSLAB__RSEQ_NAME(name) retry_cid_##name
#define CPUSLAB__RSEQ_HANDLE struct cpuslab_percpu
/* [named.publish] As in port_inline.h. */
#define CPUSLAB__RSEQ_LIVE(handle_) cpuslab_load_acquire_ptr(&(handle_)->live)
#define CPUSLAB__RSEQ_INPUTS(handle_, live_, offset_)                          \
	CPUSLAB__RSEQ_THREAD,                                                  \
		RETRY_LIVE(live_), [object] "r"((handle_)->object + (offset_))
#include <cpuslab/rseq_ops.h>

#undef CPUSLAB__RSEQ_NAME
#undef CPUSLAB__RSEQ_FIND
#undef CPUSLAB__RSEQ_INPUTS
#define CPUSLAB__RSEQ_NAME(name) retry_cid_directory_##name
#define CPUSLAB__RSEQ_FIND CPUSLAB__RSEQ_FIND_DIRECTORY
#define CPUSLAB__RSEQ_INPUTS(handle_, live_, offset_)                          \
	CPUSLAB__RSEQ_THREAD, RETRY_LIVE(live_),                               \
		[object] "r"((handle_)->object - CPUSLAB__HANDLE_DIRECTORY),   \
		[offset] "r"((handle_)->offset + (offset_))
#include <cpuslab/rseq_ops.h>

#undef CPUSLAB__RSEQ_INDEX
#undef CPUSLAB__RSEQ_NAME
#define CPUSLAB__RSEQ_INDEX CPUSLAB__RSEQ_INDEX_CPU
#define CPUSLAB__RSEQ_NAME(name) retry_directory_##name
#include <cpuslab/rseq_ops.h>

/* Before a named object's is stored, every operation misses. */
static bool retry_by_directory(const struct cpuslab_percpu *handle)
{
	return cpuslab_load_relaxed_ptr(&handle->object) &
	       CPUSLAB__HANDLE_DIRECTORY;
}

#define RETRY(name, handle, ...)                                               \
	(!retry_by_directory(handle) ?                                         \
		 cpuslab__by_cid(handle) ?                                     \
		 retry_cid_##name(handle, __VA_ARGS__) :                       \
		 cpuslab_port_##name(handle, __VA_ARGS__) :                    \
	 cpuslab__by_cid(handle) ?                                             \
		 retry_cid_directory_##name(handle, __VA_ARGS__) :             \
		 retry_directory_##name(handle, __VA_ARGS__))

int cpuslab__retry_add(const struct cpuslab_percpu *handle, size_t offset,
		       uint64_t value)
{
	return RETRY(add, handle, offset, value);
}

int cpuslab__retry_add_if(const struct cpuslab_percpu *handle, size_t offset,
			  uint64_t gate, uint64_t value)
{
	return RETRY(add_if, handle, offset, gate, value);
}

int cpuslab__retry_add_below(const struct cpuslab_percpu *handle, size_t offset,
			     uint64_t bound, uint64_t value)
{
	return RETRY(add_below, handle, offset, bound, value);
}

int cpuslab__retry_cmpstore(const struct cpuslab_percpu *handle, size_t offset,
			    uint64_t expect, uint64_t value)
{
	return RETRY(cmpstore, handle, offset, expect, value);
}

int cpuslab__retry_update(const struct cpuslab_percpu *handle, size_t offset,
			  enum cpuslab__word_op op, uint64_t value,
			  uint64_t *old)
{
	return RETRY(update, handle, offset, op, value, old);
}

int cpuslab__retry_commit(const struct cpuslab_percpu *handle, size_t offset,
			  const struct cpuslab__commit *commit)
{
	return RETRY(commit, handle, offset, commit);
}

int cpuslab__retry_push(const struct cpuslab_percpu *handle, size_t offset,
			void *node)
{
	return RETRY(push, handle, offset, node);
}

int cpuslab__retry_pop(const struct cpuslab_percpu *handle, size_t offset,
		       void **node)
{
	return RETRY(pop, handle, offset, node);
}

int cpuslab__retry_append(const struct cpuslab_percpu *handle, size_t offset,
			  const void *data, uint32_t bytes, uint32_t capacity)
{
	return RETRY(append, handle, offset, data, bytes, capacity);
}

int cpuslab__retry_ring_append(const struct cpuslab_percpu *handle,
			       size_t offset,
			       const struct cpuslab__ring_shape *shape,
			       const void *data, uint32_t bytes)
{
	return RETRY(ring_append, handle, offset, shape, data, bytes);
}

#endif
