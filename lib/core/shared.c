/* SPDX-License-Identifier: MIT */
#include "shared.h"

#include <cpuslab/log.h>

#include "../base/cas16.h"

void cpuslab__shared_add(uint64_t *word, uint64_t value)
{
	cpuslab_port_preempt_point();
	cpuslab_fetch_add_u64(word, value);
	cpuslab_port_preempt_point();
}

int cpuslab__shared_add_if(struct cpuslab_gated *gated, uint64_t gate,
			   uint64_t value)
{
	struct cpuslab_pair *pair = (struct cpuslab_pair *)gated;
	struct cpuslab_pair was, now;

	do {
		cpuslab_port_preempt_point();
		was.first = cpuslab_load_acquire_u64(&pair->first);
		if (was.first != gate)
			return CPUSLAB_DIFFERS;
		was.second = cpuslab_load_relaxed_u64(&pair->second);
		now.first = gate;
		now.second = was.second + value;
		cpuslab_port_preempt_point();
	} while (!cpuslab__cas16(pair, was, now));
	return CPUSLAB_OK;
}

int cpuslab__shared_cmpstore(uint64_t *word, uint64_t expect, uint64_t value)
{
	cpuslab_port_preempt_point();
	return cpuslab_cas_u64(word, &expect, value) ? CPUSLAB_OK :
						       CPUSLAB_DIFFERS;
}

void cpuslab__shared_push(struct cpuslab_pair *top, struct cpuslab_node *first,
			  struct cpuslab_node *last)
{
	struct cpuslab_pair was, now;

	do {
		cpuslab_port_preempt_point();
		was.second = cpuslab_load_relaxed_u64(&top->second);
		was.first = cpuslab_load_relaxed_u64(&top->first);
		cpuslab_store_relaxed_ptr(
			&last->next,
			(struct cpuslab_node *)(uintptr_t)was.first);
		now.first = (uint64_t)(uintptr_t)first;
		now.second = was.second;
		cpuslab_port_preempt_point();
	} while (!cpuslab__cas16(top, was, now));
}

/*
 * [stack.tag] The tag counts pops. While it does not change, the node that was
 * on top stays in the stack and keeps its link (Treiber's stack with the
 * counter of IBM's System/370 Principles of Operation, appendix A).
 */
int cpuslab__shared_pop(struct cpuslab_pair *top, struct cpuslab_node **node)
{
	struct cpuslab_node *first, *next;
	struct cpuslab_pair was, now;

	do {
		cpuslab_port_preempt_point();
		/*
		 * [stack.tag] Tag before top before link; pairs with the
		 * compare-and-swap. In another order a link that was read
		 * before the node was popped and pushed again could be taken
		 * for the current one, and a node be handed out twice.
		 */
		was.second = cpuslab_load_acquire_u64(&top->second);
		cpuslab_port_preempt_point();
		was.first = cpuslab_load_acquire_u64(&top->first);
		first = (struct cpuslab_node *)(uintptr_t)was.first;
		if (!first)
			return CPUSLAB_EMPTY;
		cpuslab_port_preempt_point();
		next = cpuslab_load_relaxed_ptr(&first->next);
		now.first = (uint64_t)(uintptr_t)next;
		now.second = was.second + 1;
		cpuslab_port_preempt_point();
	} while (!cpuslab__cas16(top, was, now));
	*node = first;
	return CPUSLAB_OK;
}

int cpuslab__shared_append(uint64_t *log, const void *data, uint32_t bytes,
			   uint32_t capacity)
{
	uint64_t step = cpuslab__log_step(bytes);
	uint64_t tail = cpuslab_load_relaxed_u64(log);
	uint64_t *record;

	do {
		cpuslab_port_preempt_point();
		if (tail + step > capacity)
			return CPUSLAB_FULL;
	} while (!cpuslab_cas_u64(log, &tail, tail + step));
	/* [log.tail] A reader that sees it stops at the uncommitted head. */
	record = (uint64_t *)((char *)log + CPUSLAB_LOG_HEADER + tail);
	cpuslab_port_preempt_point();
	if (bytes)
		memcpy(record + 1, data, bytes);
	cpuslab_port_preempt_point();
	/*
	 * [log.commit] Pairs with the acquire load in cpuslab_log_read(),
	 * which without it could return a record before its payload.
	 */
	cpuslab_store_release_u64(record, (uint64_t)bytes << 1 | 1);
	return CPUSLAB_OK;
}
