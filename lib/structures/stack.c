/* SPDX-License-Identifier: MIT */
/*
 * stack.c - a stack on each CPU, and moving what lies on them.
 */
#include "stack_internal.h"

#include "../core/shared.h"
#include "../core/slab_internal.h"

/* All nodes of a stack on which no CPU works, in one piece. */
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

/* Move the nodes of a CPU that is offline to the shared block. */
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
	stack->slab = slab;
	return cpuslab_alloc(slab, &stack_type, &stack->handle);
}

void cpuslab_stack_fini(struct cpuslab_stack *stack)
{
	cpuslab_free(stack->slab, &stack->handle);
}

/*
 * ---- take what lies on the stacks of CPUs that are there -----------
 *
 * As a release that does not happen: live bytes off, a fence, and nobody works
 * on the block; then on again. Where blocks are written by atomics anybody may
 * pop, and no byte changes.
 */

/* The nodes of a stack on which nobody works, or on which all use atomics. */
static void drain_one(const struct cpuslab_stack *stack, uint32_t cpu)
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

/* Those who are live and in reach of the stack's extent. */
static bool drain_concerns(const struct cpuslab_slab *slab,
			   const struct cpuslab_stack *stack, uint32_t cpu,
			   uint32_t state)
{
	return cpu < stack->handle.limit && cpuslab__state(slab, cpu) == state;
}

static void drain_set_live(struct cpuslab_slab *slab,
			   const struct cpuslab_stack *stack, bool live)
{
	uint32_t cpu, from = live ? SLAB_DRAINING : SLAB_LIVE;

	cpuslab__cpubits_for_each(cpu, &slab->in_use)
		if (drain_concerns(slab, stack, cpu, from))
			cpuslab__set_live(slab, cpu, live);
}

static int drain_sections(struct cpuslab_slab *slab,
			  const struct cpuslab_stack *stack)
{
	uint32_t cpu;
	bool fenced;

	cpuslab__mutex_lock(&slab->mutex);
	drain_set_live(slab, stack, false);
	cpuslab__mutex_unlock(&slab->mutex);
	/*
	 * [release.fence] As in release_one(): an operation that still saw a
	 * live byte commits, or starts again and sees it off. Without the
	 * mutex, for no other thread changes the state of a draining CPU.
	 */
	fenced = !cpuslab__fence_states(slab, stack->handle.limit,
					1u << SLAB_DRAINING);
	cpuslab__mutex_lock(&slab->mutex);
	cpuslab__cpubits_for_each(cpu, &slab->in_use)
		if (fenced && drain_concerns(slab, stack, cpu, SLAB_DRAINING))
			drain_one(stack, cpu);
	drain_set_live(slab, stack, true);
	cpuslab__mutex_unlock(&slab->mutex);
	return fenced ? CPUSLAB_OK : CPUSLAB_PARTIAL;
}

static int drain_atomic(struct cpuslab_slab *slab,
			const struct cpuslab_stack *stack)
{
	uint32_t cpu;

	cpuslab__mutex_lock(&slab->mutex);
	cpuslab__cpubits_for_each(cpu, &slab->in_use)
		if (drain_concerns(slab, stack, cpu, SLAB_LIVE))
			drain_one(stack, cpu);
	cpuslab__mutex_unlock(&slab->mutex);
	return CPUSLAB_OK;
}

int cpuslab__stack_drain_all(const struct cpuslab_stack *stack)
{
	struct cpuslab_slab *slab = stack->slab;
	int result;

	if (cpuslab__mutex_is_held(&slab->mutex))
		return -CPUSLAB_EBUSY;
	/* Nobody else is between two states meanwhile. */
	cpuslab_port_mutex_lock(&slab->releasing);
	result = cpuslab_port_uses_atomics() ? drain_atomic(slab, stack) :
					       drain_sections(slab, stack);
	cpuslab_port_mutex_unlock(&slab->releasing);
	return result;
}
