/* SPDX-License-Identifier: MIT */
#include <cpuslab/stack.h>

#include "shared.h"

/* Move the nodes of a processor that is gone to the overflow. */
static int stack_drain(void *object, void *overflow, uint32_t cpu, void *arg)
{
	struct cpuslab_pair *top = object;
	struct cpuslab_node *first =
		(struct cpuslab_node *)(uintptr_t)top->first;
	struct cpuslab_node *last = first;

	(void)cpu;
	(void)arg;
	if (!first)
		return CPUSLAB_OK;
	while (last->next)
		last = last->next;
	top->first = 0;
	cpuslab__shared_push(overflow, first, last);
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
	return cpuslab_alloc(slab, &stack_type, &stack->ref);
}

void cpuslab_stack_fini(struct cpuslab_stack *stack)
{
	cpuslab_free(stack->slab, &stack->ref);
}
