/* SPDX-License-Identifier: MIT */
/*
 * stack.c - a stack on each CPU, and draining the stacks of all CPUs.
 */
#include "stack_internal.h"

#include <cpuslab/percid.h>

#include "../core/slab_internal.h"
#include "../core/slow.h"

/* Move all nodes of a stack that no operation uses, in one piece. */
static void stack_move(struct cpuslab_pair *from, struct cpuslab_pair *to)
{
	struct cpuslab_node *first =
		(struct cpuslab_node *)(uintptr_t)cpuslab_load_acquire_u64(
			&from->first);
	struct cpuslab_node *last = first;

	if (!first)
		return;
	while (last->next)
		last = last->next;
	cpuslab_store_release_u64(&from->first, 0);
	cpuslab__shared_push(to, first, last);
}

static int stack_drain(void *object, void *shared, uint32_t cpu, void *arg)
{
	(void)cpu;
	(void)arg;
	stack_move(object, shared);
	return CPUSLAB_OK;
}

static const struct cpuslab_type stack_type = {
	.name = "cpuslab_stack",
	.size = sizeof(struct cpuslab_stack_cpu),
	.align = sizeof(struct cpuslab_pair),
	.drain = stack_drain,
};

int cpuslab_stack_init(struct cpuslab_stack *stack, struct cpuslab_slab *slab)
{
	memset(stack, 0, sizeof(*stack));
	stack->slab = slab;
	return cpuslab_alloc(slab, &stack_type, &stack->handle);
}

int cpuslab_percid_stack_init(struct cpuslab_percid_stack *stack,
			      struct cpuslab_slab *slab)
{
	memset(stack, 0, sizeof(*stack));
	stack->slab = slab;
	return cpuslab_percid_alloc(slab, &stack_type, &stack->handle);
}

void cpuslab_stack_fini(struct cpuslab_stack *stack)
{
	cpuslab_free(stack->slab, &stack->handle);
}

/* ---- popping all nodes --------------------------------------------------- */

/* @result and @first are those of the port's exchange. */
static int stack_pop_all(const struct cpuslab_percpu *handle, int result,
			 uint64_t first, struct cpuslab_node **chain)
{
	*chain = (struct cpuslab_node *)(uintptr_t)first;
	if (cpuslab_unlikely(!first))
		*chain = cpuslab__slow_pop_all(handle, 0, result);
	if (*chain)
		return CPUSLAB_OK;
	return cpuslab_percpu_is_null(handle) ? -CPUSLAB_EINVAL : CPUSLAB_EMPTY;
}

int cpuslab_stack_pop_all(const struct cpuslab_stack *stack,
			  struct cpuslab_node **chain)
{
	uint64_t first = 0;
	int result;

	cpuslab__assert_own(&stack->handle);
	result = cpuslab_port_update(&stack->handle, 0, CPUSLAB__WORD_EXCHANGE,
				     0, &first);
	return stack_pop_all(&stack->handle, result, first, chain);
}

int cpuslab_percid_stack_pop_all(const struct cpuslab_percid_stack *stack,
				 struct cpuslab_node **chain)
{
	const struct cpuslab_percpu *copies = &stack->handle.copies;
	uint64_t first = 0;
	int result;

	cpuslab__assert_own(copies);
	result = cpuslab_port_percid_update(&stack->handle, 0,
					    CPUSLAB__WORD_EXCHANGE, 0, &first);
	return stack_pop_all(copies, result, first, chain);
}

/*
 * ---- draining the stacks of CPUs that are in use ---------------------------
 *
 * It begins like a release: clear the live bytes and fence, so that no
 * operation uses the blocks. Then the live bytes are set again. Where blocks
 * are written by atomics any thread may pop, and no live byte changes.
 */

/* For a stack that no operation uses, or that all of them use by atomics. */
static void stack_drain_cpu(const struct cpuslab_stack *stack, uint32_t cpu)
{
	struct cpuslab_pair *from = cpuslab__percpu_at(&stack->handle, cpu, 0);
	struct cpuslab_pair *to =
		cpuslab__percpu_at(&stack->handle, CPUSLAB_SHARED, 0);
	struct cpuslab_node *node;

	if (!cpuslab_port_uses_atomics()) {
		stack_move(from, to);
		return;
	}
	while (!cpuslab__shared_pop(from, &node))
		cpuslab__shared_push(to, node, node);
}

/* From now on no operation begins on a CPU. How many are draining? */
static uint32_t stack_stop(struct cpuslab_slab *slab)
{
	uint32_t cpu, count = 0;

	cpuslab__cpubits_for_each(cpu, &slab->in_use) {
		if (cpuslab__state(slab, cpu) == SLAB_LIVE)
			cpuslab__set_live(slab, cpu, false);
		count += cpuslab__state(slab, cpu) == SLAB_DRAINING;
	}
	return count;
}

static int stack_drain_sections(struct cpuslab_slab *slab,
				const struct cpuslab_stack *stack)
{
	uint32_t cpu, stopped, left = 0;
	bool fenced;

	if (cpuslab__mutex_enter(&slab->mutex))
		return -CPUSLAB_EBUSY;
	stopped = stack_stop(slab);
	cpuslab__mutex_unlock(&slab->mutex);
	/*
	 * [release.fence] As in release_fence(): an operation that still saw a
	 * live byte set commits, or repeats and sees it clear. The mutex is
	 * not needed: a draining CPU that is added meanwhile becomes live, and
	 * keeps its nodes; no other thread clears its live byte again.
	 */
	fenced = !cpuslab__fence_states(slab, 1u << SLAB_DRAINING);
	if (cpuslab__mutex_enter(&slab->mutex))
		return -CPUSLAB_EBUSY;
	cpuslab__cpubits_for_each(cpu, &slab->in_use) {
		if (cpuslab__state(slab, cpu) != SLAB_DRAINING)
			continue;
		left++;
		if (fenced)
			stack_drain_cpu(stack, cpu);
		cpuslab__set_live(slab, cpu, true);
	}
	cpuslab__mutex_unlock(&slab->mutex);
	return fenced && left == stopped ? CPUSLAB_OK : CPUSLAB_PARTIAL;
}

static int stack_drain_atomic(struct cpuslab_slab *slab,
			      const struct cpuslab_stack *stack)
{
	uint32_t cpu;

	if (cpuslab__mutex_enter(&slab->mutex))
		return -CPUSLAB_EBUSY;
	cpuslab__cpubits_for_each(cpu, &slab->in_use)
		if (cpuslab__state(slab, cpu) == SLAB_LIVE)
			stack_drain_cpu(stack, cpu);
	cpuslab__mutex_unlock(&slab->mutex);
	return CPUSLAB_OK;
}

int cpuslab__stack_drain_all(const struct cpuslab_stack *stack)
{
	struct cpuslab_slab *slab = stack->slab;
	int result;

	if (cpuslab_percpu_is_null(&stack->handle))
		return -CPUSLAB_EINVAL;
	/* No release is in progress while the latter mutex is held. */
	if (cpuslab__mutex_is_held(&slab->mutex) ||
	    cpuslab_port_mutex_enter(&slab->releasing))
		return -CPUSLAB_EBUSY;
	result = cpuslab_port_uses_atomics() ?
			 stack_drain_atomic(slab, stack) :
			 stack_drain_sections(slab, stack);
	cpuslab_port_mutex_unlock(&slab->releasing);
	return result;
}
