/* SPDX-License-Identifier: MIT */
/*
 * stack.h - a stack of nodes for each CPU: push and pop.
 *
 *	cpu 0      top -> node -> node -> NULL
 *	cpu 5      top -> node -> NULL
 *	shared     {top, tag} -> node -> NULL
 *
 * Nodes are the caller's memory, and must stay readable while a pop can still
 * be under way (pools, static arrays, or freed after the stack): where two may
 * pop at once, a pop reads a node's link before it knows that it owns the node.
 * They may be pushed again at once.
 *
 * Not a queue, and no way to take a node from another CPU: a thread that
 * moves leaves its nodes behind.
 */
#ifndef CPUSLAB_STACK_H
#define CPUSLAB_STACK_H

#include <cpuslab/port.h>
#include <cpuslab/slab.h>

CPUSLAB_BEGIN

/* Embed it in what is stacked, as its first member or anywhere else. */
struct cpuslab_node {
	struct cpuslab_node *next; /* W who pushes; R who pops */
};

/* One CPU's copy. */
struct cpuslab_stack_cpu {
	struct cpuslab_pair top; /* {newest node, tag} */
};

struct cpuslab_stack {
	struct cpuslab_percpu handle; /* W init, fini; R any */
	struct cpuslab_slab *slab;
};

CPUSLAB_API int cpuslab__slow_push(const struct cpuslab_percpu *handle,
				   size_t offset, struct cpuslab_node *node);
/* @result: of the port's pop, a miss or empty. NULL: there is none. */
CPUSLAB_API struct cpuslab_node *
cpuslab__slow_pop(const struct cpuslab_percpu *handle, size_t offset,
		  int result);
CPUSLAB_API int cpuslab__shared_block_pop(const struct cpuslab_percpu *handle,
					  size_t offset,
					  struct cpuslab_node **node);

/**
 * cpuslab_stack_init() - an empty stack on every CPU.
 * Context: may sleep, allocates.
 * Return:  as cpuslab_alloc().
 */
CPUSLAB_API int cpuslab_stack_init(struct cpuslab_stack *stack,
				   struct cpuslab_slab *slab);
/* Nobody uses it; nodes left in it are the caller's. Context: may sleep. */
CPUSLAB_API void cpuslab_stack_fini(struct cpuslab_stack *stack);

/**
 * cpuslab_stack_push() - put @node on top of this CPU's stack.
 *
 *	section {
 *		cpu = this CPU
 *		if cpu >= handle.limit or not live[cpu]: leave, admit or use the shared block
 *		node.next = top
 *		commit: top = node
 *	}
 *	where several may write: compare-and-swap of {top, tag}
 *
 * Context: any; in kernels up to hard interrupts. Never waits, never allocates.
 * Order:   release; who pops @node sees what was written to it before.
 * Return:  CPUSLAB_OK, or -CPUSLAB_EINVAL for the null handle or a NULL node.
 */
CPUSLAB_INLINE int cpuslab_stack_push(const struct cpuslab_stack *stack,
				      struct cpuslab_node *node)
{
	if (cpuslab_likely(node && !cpuslab_port_push(&stack->handle, 0, node)))
		return CPUSLAB_OK;
	return cpuslab__slow_push(&stack->handle, 0, node);
}

/**
 * cpuslab_stack_pop() - take the newest node of this CPU's stack, or, if
 * that is empty, of the shared block's.
 * @node: the caller owns it from then on; NULL unless CPUSLAB_OK.
 *
 *	section {
 *		cpu = this CPU
 *		if cpu >= handle.limit or not live[cpu]: leave, admit or use the shared block
 *		if top is NULL: leave, try the shared block
 *		node = top
 *		commit: top = node.next
 *	}
 *	where several may write: compare-and-swap of {top, tag}, tag + 1
 *
 * Context: any; in kernels up to hard interrupts. Never waits, never allocates.
 * Order:   acquire; sees all that was written before the push of @node.
 * Return:  CPUSLAB_OK; CPUSLAB_EMPTY (others may have nodes);
 *          -CPUSLAB_EINVAL for the null handle.
 */
CPUSLAB_INLINE int cpuslab_stack_pop(const struct cpuslab_stack *stack,
				     struct cpuslab_node **node)
{
	void *found = NULL;
	int result = cpuslab_port_pop(&stack->handle, 0, &found);

	if (cpuslab_likely(result == CPUSLAB_OK)) {
		*node = (struct cpuslab_node *)found;
		return CPUSLAB_OK;
	}
	/* No call is told where @node is: so it can live in a register. */
	*node = cpuslab__slow_pop(&stack->handle, 0, result);
	if (*node)
		return CPUSLAB_OK;
	return cpuslab_percpu_is_null(&stack->handle) ? -CPUSLAB_EINVAL :
							CPUSLAB_EMPTY;
}

CPUSLAB_END

#endif /* CPUSLAB_STACK_H */
