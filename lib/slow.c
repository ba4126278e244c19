/* SPDX-License-Identifier: MIT */
/*
 * slow.c - operations that found no block of their own: admit the processor
 * and try again, or work on the overflow. Where blocks are written by atomics,
 * every operation comes here.
 */
#include "slow.h"

#include "shared.h"
#include "slab.h"

#define SLOW_TRIES 4 /* a thread may move to yet another processor */

/*
 * A null ref, or an offset that no such thing can have. Whatever comes, the
 * operation that missed leaves nothing behind.
 */
static bool slow_refuses(const struct cpuslab_ref *ref, size_t offset,
			 size_t align)
{
	cpuslab_port_leave();
	return cpuslab_ref_is_null(ref) || (ref->offset + offset) % align;
}

/* Let the processor in on which the caller runs. Is another try worth it? */
static bool slow_admit(const struct cpuslab_ref *ref)
{
	uint32_t cpu = cpuslab_port_cpu();

	return cpu < ref->limit &&
	       cpuslab__admit_on_demand(cpuslab__extent_of(ref)->slab, cpu);
}

void *cpuslab__overflow(const struct cpuslab_ref *ref, size_t offset)
{
	return cpuslab__ref_at(ref, CPUSLAB_OVERFLOW, offset);
}

static void *slow_use_overflow(const struct cpuslab_ref *ref, size_t offset)
{
	cpuslab_fetch_add_u64(&cpuslab__extent_of(ref)->slab->overflow, 1);
	return cpuslab__overflow(ref, offset);
}

/* What atomics work on: the processor's own block if there is one. */
static void *slow_target(const struct cpuslab_ref *ref, size_t offset)
{
	uint32_t cpu;

	if (!cpuslab_port_atomic())
		return slow_use_overflow(ref, offset);
	cpu = cpuslab_port_cpu();
	cpuslab_port_point();
	/*
	 * [live] pairs with cpuslab__publish(). Tested again after an
	 * admission, which may have been another processor's.
	 */
	if (cpuslab_likely(cpu < ref->limit) &&
	    (cpuslab_likely(cpuslab_load_acquire_u8(&ref->live[cpu])) ||
	     (slow_admit(ref) && cpuslab_load_acquire_u8(&ref->live[cpu]))))
		return cpuslab__ref_at(ref, cpu, offset);
	return slow_use_overflow(ref, offset);
}

/*
 * A port operation until it hits; CPUSLAB_MISS if the processor cannot be
 * let in. Leaves with nothing of it in the thread.
 */
#define SLOW_RETRY(result, ref, operation)                                     \
	do {                                                                   \
		int tries_ = SLOW_TRIES;                                       \
                                                                               \
		(result) = CPUSLAB_MISS;                                       \
		if (cpuslab_port_atomic())                                     \
			break;                                                 \
		while ((result) == CPUSLAB_MISS && tries_-- &&                 \
		       slow_admit(ref))                                        \
			(result) = (operation);                                \
		cpuslab_port_leave();                                          \
	} while (0)

int cpuslab__slow_add(const struct cpuslab_ref *ref, size_t offset,
		      uint64_t value)
{
	int result;

	if (slow_refuses(ref, offset, sizeof(uint64_t)))
		return -CPUSLAB_EINVAL;
	SLOW_RETRY(result, ref, cpuslab_port_add(ref, offset, value));
	if (result != CPUSLAB_MISS)
		return result;
	cpuslab__shared_add(slow_target(ref, offset), value);
	return CPUSLAB_OK;
}

int cpuslab__slow_add_if(const struct cpuslab_ref *ref, size_t offset,
			 uint64_t gate, uint64_t value)
{
	int result;

	if (slow_refuses(ref, offset, sizeof(struct cpuslab_pair)))
		return -CPUSLAB_EINVAL;
	SLOW_RETRY(result, ref, cpuslab_port_add_if(ref, offset, gate, value));
	if (result != CPUSLAB_MISS)
		return result;
	return cpuslab__shared_add_if(slow_target(ref, offset), gate, value);
}

int cpuslab__slow_cmpstore(const struct cpuslab_ref *ref, size_t offset,
			   uint64_t expect, uint64_t value)
{
	int result;

	if (slow_refuses(ref, offset, sizeof(uint64_t)))
		return -CPUSLAB_EINVAL;
	SLOW_RETRY(result, ref,
		   cpuslab_port_cmpstore(ref, offset, expect, value));
	if (result != CPUSLAB_MISS)
		return result;
	return cpuslab__shared_cmpstore(slow_target(ref, offset), expect,
					value);
}

int cpuslab__slow_push(const struct cpuslab_ref *ref, size_t offset,
		       struct cpuslab_node *node)
{
	int result;

	if (slow_refuses(ref, offset, sizeof(struct cpuslab_pair)) || !node)
		return -CPUSLAB_EINVAL;
	SLOW_RETRY(result, ref, cpuslab_port_push(ref, offset, node));
	if (result != CPUSLAB_MISS)
		return result;
	cpuslab__shared_push(slow_target(ref, offset), node, node);
	return CPUSLAB_OK;
}

int cpuslab__overflow_pop(const struct cpuslab_ref *ref, size_t offset,
			  struct cpuslab_node **node)
{
	return cpuslab__shared_pop(cpuslab__overflow(ref, offset), node);
}

struct cpuslab_node *cpuslab__slow_pop(const struct cpuslab_ref *ref,
				       size_t offset, int result)
{
	struct cpuslab_node *node = NULL;
	void *found = NULL;

	if (slow_refuses(ref, offset, sizeof(struct cpuslab_pair)))
		return NULL;
	if (result == CPUSLAB_MISS)
		SLOW_RETRY(result, ref, cpuslab_port_pop(ref, offset, &found));
	if (result == CPUSLAB_OK)
		return found;
	if (result == CPUSLAB_MISS)
		result = cpuslab__shared_pop(slow_target(ref, offset), &node);
	if (result == CPUSLAB_EMPTY)
		result = cpuslab__overflow_pop(ref, offset, &node);
	return result == CPUSLAB_OK ? node : NULL;
}

int cpuslab__slow_append(const struct cpuslab_ref *ref, size_t offset,
			 const void *data, uint32_t bytes, uint32_t capacity)
{
	int result;

	if (slow_refuses(ref, offset, sizeof(uint64_t)) ||
	    bytes > CPUSLAB_LOG_MAX_RECORD)
		return -CPUSLAB_EINVAL;
	SLOW_RETRY(result, ref,
		   cpuslab_port_append(ref, offset, data, bytes, capacity));
	if (result != CPUSLAB_MISS)
		return result;
	return cpuslab__shared_append(slow_target(ref, offset), data, bytes,
				      capacity);
}
