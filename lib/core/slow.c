/* SPDX-License-Identifier: MIT */
/*
 * slow.c - the slow path of operations that found no block of their own: admit
 * the CPU and retry, or work on the shared block. In atomic mode every
 * operation takes it.
 */
#include "slow.h"

#include "shared.h"
#include "slab_internal.h"

#define SLOW_TRIES 4 /* the thread may migrate after each admission */

/*
 * Is the handle null or the offset misaligned? Also clears what the operation
 * that missed has left in the thread.
 */
static bool slow_refuses(const struct cpuslab_percpu *handle, size_t offset,
			 size_t align)
{
	cpuslab_port_rseq_clear();
	return cpuslab_percpu_is_null(handle) ||
	       (handle->offset + offset) % align;
}

/* Admit the CPU that the caller runs on. Is a retry worthwhile? */
static bool slow_admit(const struct cpuslab_percpu *handle)
{
	uint32_t cpu = cpuslab_port_cpu();

	return cpu < handle->limit &&
	       cpuslab__admit_on_demand(cpuslab__extent_of(handle)->slab, cpu);
}

void *cpuslab__shared_block(const struct cpuslab_percpu *handle, size_t offset)
{
	return cpuslab__percpu_at(handle, CPUSLAB_SHARED, offset);
}

static void *slow_use_shared(const struct cpuslab_percpu *handle, size_t offset)
{
	cpuslab_fetch_add_u64(&cpuslab__extent_of(handle)->slab->shared_ops, 1);
	return cpuslab__shared_block(handle, offset);
}

/* What atomics update: the CPU's block if possible, else the shared block. */
static void *slow_target(const struct cpuslab_percpu *handle, size_t offset)
{
	uint32_t cpu;

	if (!cpuslab_port_uses_atomics())
		return slow_use_shared(handle, offset);
	cpu = cpuslab_port_cpu();
	cpuslab_port_preempt_point();
	/*
	 * [live] Pairs with cpuslab__block_set_live(). Tested again after an
	 * admission, which may have been that of another CPU.
	 */
	if (cpuslab_likely(cpu < handle->limit) &&
	    (cpuslab_likely(cpuslab_load_acquire_u8(&handle->live[cpu])) ||
	     (slow_admit(handle) &&
	      cpuslab_load_acquire_u8(&handle->live[cpu]))))
		return cpuslab__percpu_at(handle, cpu, offset);
	return slow_use_shared(handle, offset);
}

/*
 * Retry a port operation until it finds a block; CPUSLAB_MISS if the CPU cannot
 * be admitted. Clears what it has left in the thread.
 */
#define SLOW_RETRY(result, handle, operation)                                  \
	do {                                                                   \
		int tries_ = SLOW_TRIES;                                       \
                                                                               \
		(result) = CPUSLAB_MISS;                                       \
		if (cpuslab_port_uses_atomics())                               \
			break;                                                 \
		while ((result) == CPUSLAB_MISS && tries_-- &&                 \
		       slow_admit(handle))                                     \
			(result) = (operation);                                \
		cpuslab_port_rseq_clear();                                     \
	} while (0)

int cpuslab__slow_add(const struct cpuslab_percpu *handle, size_t offset,
		      uint64_t value)
{
	int result;

	if (slow_refuses(handle, offset, sizeof(uint64_t)))
		return -CPUSLAB_EINVAL;
	SLOW_RETRY(result, handle, cpuslab_port_add(handle, offset, value));
	if (result != CPUSLAB_MISS)
		return result;
	cpuslab__shared_add(slow_target(handle, offset), value);
	return CPUSLAB_OK;
}

int cpuslab__slow_add_if(const struct cpuslab_percpu *handle, size_t offset,
			 uint64_t gate, uint64_t value)
{
	int result;

	if (slow_refuses(handle, offset, sizeof(struct cpuslab_pair)))
		return -CPUSLAB_EINVAL;
	SLOW_RETRY(result, handle,
		   cpuslab_port_add_if(handle, offset, gate, value));
	if (result != CPUSLAB_MISS)
		return result;
	return cpuslab__shared_add_if(slow_target(handle, offset), gate, value);
}

int cpuslab__slow_cmpstore(const struct cpuslab_percpu *handle, size_t offset,
			   uint64_t expect, uint64_t value)
{
	int result;

	if (slow_refuses(handle, offset, sizeof(uint64_t)))
		return -CPUSLAB_EINVAL;
	SLOW_RETRY(result, handle,
		   cpuslab_port_cmpstore(handle, offset, expect, value));
	if (result != CPUSLAB_MISS)
		return result;
	return cpuslab__shared_cmpstore(slow_target(handle, offset), expect,
					value);
}

int cpuslab__slow_push(const struct cpuslab_percpu *handle, size_t offset,
		       struct cpuslab_node *node)
{
	int result;

	if (slow_refuses(handle, offset, sizeof(struct cpuslab_pair)) || !node)
		return -CPUSLAB_EINVAL;
	SLOW_RETRY(result, handle, cpuslab_port_push(handle, offset, node));
	if (result != CPUSLAB_MISS)
		return result;
	cpuslab__shared_push(slow_target(handle, offset), node, node);
	return CPUSLAB_OK;
}

struct cpuslab_node *cpuslab__slow_pop(const struct cpuslab_percpu *handle,
				       size_t offset, int result)
{
	struct cpuslab_node *node = NULL;
	void *found = NULL;

	if (slow_refuses(handle, offset, sizeof(struct cpuslab_pair)))
		return NULL;
	if (result == CPUSLAB_MISS)
		SLOW_RETRY(result, handle,
			   cpuslab_port_pop(handle, offset, &found));
	if (result == CPUSLAB_OK)
		return found;
	if (result == CPUSLAB_MISS)
		result =
			cpuslab__shared_pop(slow_target(handle, offset), &node);
	if (result == CPUSLAB_EMPTY)
		result = cpuslab__shared_pop(
			cpuslab__shared_block(handle, offset), &node);
	return result == CPUSLAB_OK ? node : NULL;
}

int cpuslab__slow_append(const struct cpuslab_percpu *handle, size_t offset,
			 const void *data, uint32_t bytes, uint32_t capacity)
{
	int result;

	if (slow_refuses(handle, offset, sizeof(uint64_t)) ||
	    bytes > CPUSLAB_LOG_MAX_RECORD)
		return -CPUSLAB_EINVAL;
	SLOW_RETRY(result, handle,
		   cpuslab_port_append(handle, offset, data, bytes, capacity));
	if (result != CPUSLAB_MISS)
		return result;
	return cpuslab__shared_append(slow_target(handle, offset), data, bytes,
				      capacity);
}
