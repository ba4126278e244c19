/* SPDX-License-Identifier: MIT */
/*
 * retry.c - the operations out of line, in a region or through a directory: the
 * same sections, which find the block by
 *
 *	directory[cpu] + offset		if live[cpu]
 */
#include "private.h"

#if CPUSLAB__HAVE_RSEQ

#undef CPUSLAB__RSEQ_NAME
#undef CPUSLAB__RSEQ_FIND
#undef CPUSLAB__RSEQ_INPUTS
#define CPUSLAB__RSEQ_NAME(name) retry_directory_##name
#define CPUSLAB__RSEQ_FIND CPUSLAB__RSEQ_FIND_DIRECTORY
#define CPUSLAB__RSEQ_INPUTS(handle_, offset_)                                 \
	CPUSLAB__RSEQ_THREAD,                                                  \
		[live] "r"((handle_)->live - CPUSLAB__LIVE_BYTES),             \
		[object] "r"((handle_)->object - CPUSLAB__HANDLE_DIRECTORY),   \
		[offset] "r"((handle_)->offset + (offset_))
#include <cpuslab/rseq_ops.h>

static bool retry_by_directory(const struct cpuslab_percpu *handle)
{
	return handle->object & CPUSLAB__HANDLE_DIRECTORY;
}

int cpuslab__retry_add(const struct cpuslab_percpu *handle, size_t offset,
		       uint64_t value)
{
	return retry_by_directory(handle) ?
		       retry_directory_add(handle, offset, value) :
		       cpuslab_port_add(handle, offset, value);
}

int cpuslab__retry_add_if(const struct cpuslab_percpu *handle, size_t offset,
			  uint64_t gate, uint64_t value)
{
	return retry_by_directory(handle) ?
		       retry_directory_add_if(handle, offset, gate, value) :
		       cpuslab_port_add_if(handle, offset, gate, value);
}

int cpuslab__retry_add_below(const struct cpuslab_percpu *handle, size_t offset,
			     uint64_t bound, uint64_t value)
{
	return retry_by_directory(handle) ?
		       retry_directory_add_below(handle, offset, bound, value) :
		       cpuslab_port_add_below(handle, offset, bound, value);
}

int cpuslab__retry_cmpstore(const struct cpuslab_percpu *handle, size_t offset,
			    uint64_t expect, uint64_t value)
{
	return retry_by_directory(handle) ?
		       retry_directory_cmpstore(handle, offset, expect, value) :
		       cpuslab_port_cmpstore(handle, offset, expect, value);
}

int cpuslab__retry_push(const struct cpuslab_percpu *handle, size_t offset,
			void *node)
{
	return retry_by_directory(handle) ?
		       retry_directory_push(handle, offset, node) :
		       cpuslab_port_push(handle, offset, node);
}

int cpuslab__retry_pop(const struct cpuslab_percpu *handle, size_t offset,
		       void **node)
{
	return retry_by_directory(handle) ?
		       retry_directory_pop(handle, offset, node) :
		       cpuslab_port_pop(handle, offset, node);
}

int cpuslab__retry_append(const struct cpuslab_percpu *handle, size_t offset,
			  const void *data, uint32_t bytes, uint32_t capacity)
{
	return retry_by_directory(handle) ?
		       retry_directory_append(handle, offset, data, bytes,
					      capacity) :
		       cpuslab_port_append(handle, offset, data, bytes,
					   capacity);
}

#endif
