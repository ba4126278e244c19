/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_STACK_H
#define CPUSLAB_STACK_H
/*
 * stack.h - a stack of nodes on each CPU.
 *
 *	cpu 0      top -> node -> node -> NULL
 *	cpu 5      top -> node -> NULL
 *	shared     {top, tag} -> node -> NULL
 *
 * Nodes are resident memory of the caller. A popped node may be pushed again at
 * once, but must stay readable while any pop may be in progress (use pools or
 * static arrays, or free nodes after the stack): where two threads can pop at
 * once, a pop reads a node's link before it knows that it gets the node.
 *
 * Not a queue. No call takes a node from another CPU, so a thread that migrates
 * leaves its nodes behind.
 */

#include <cpuslab/port.h>
#include <cpuslab/slab.h>

CPUSLAB_BEGIN

/* Embed this in what is stacked, as the first member or elsewhere. */
struct cpuslab_node {
	struct cpuslab_node *next; /* W push, drain; R pop, drain */
};

/* One CPU's copy. */
struct cpuslab_stack_cpu {
	struct cpuslab_pair top; /* {newest node, tag}; W operations, drain */
};

struct cpuslab_stack {
	struct cpuslab_percpu handle; /* W init, fini; R any */
	struct cpuslab_slab *slab;    /* W init; R fini, drain */
};

CPUSLAB_API int cpuslab__slow_push(const struct cpuslab_percpu *handle,
				   size_t offset, struct cpuslab_node *node);
/* @result is that of the port's pop: a miss, or empty. NULL: no node found. */
CPUSLAB_API struct cpuslab_node *
cpuslab__slow_pop(const struct cpuslab_percpu *handle, size_t offset,
		  int result);

/**
 * cpuslab_stack_init() - set up an empty stack on every CPU.
 * @stack: resident memory of the caller.
 * @slab:  where its copies are allocated; outlives it.
 *
 * Context: may sleep, allocates.
 * Return:  as cpuslab_alloc().
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_APC int
cpuslab_stack_init(CPUSLAB_OUT struct cpuslab_stack *stack,
		   CPUSLAB_INOUT struct cpuslab_slab *slab);

/**
 * cpuslab_stack_fini() - free a stack that is no longer used.
 * @stack: set up by cpuslab_stack_init().
 *
 * Nodes that are still in it belong to the caller; nothing is done with them.
 *
 * Context: may sleep.
 */
CPUSLAB_API CPUSLAB_APC void
cpuslab_stack_fini(CPUSLAB_INOUT struct cpuslab_stack *stack);

/**
 * cpuslab_stack_push() - push @node on this CPU's stack.
 * @stack: set up by cpuslab_stack_init().
 * @node:  the caller's, until it is popped.
 *
 *	section {
 *		cpu = this CPU
 *		if cpu >= handle.limit or not live[cpu]: slow path
 *		node.next = top
 *		commit: top = node
 *	}
 *	where several threads may write: compare-and-swap of {top, tag}
 *
 * Context: any; in kernels up to hard interrupts. Never waits; allocates only
 *          to admit the CPU.
 * Order:   release; the pop of @node sees what was written before the push.
 * Return:  CPUSLAB_OK, or -CPUSLAB_EINVAL for the null handle or a NULL node.
 */
CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_stack_push(CPUSLAB_IN const struct cpuslab_stack *stack,
		   CPUSLAB_INOUT struct cpuslab_node *node)
{
	cpuslab__assert_own(&stack->handle);
	if (cpuslab_likely(node && !cpuslab_port_push(&stack->handle, 0, node)))
		return CPUSLAB_OK;
	return cpuslab__slow_push(&stack->handle, 0, node);
}

/**
 * cpuslab_stack_pop() - pop the newest node of this CPU's stack, or, if that is
 * empty, of the shared block's.
 * @stack: set up by cpuslab_stack_init().
 * @node:  owned by the caller on CPUSLAB_OK; otherwise set to NULL.
 *
 *	section {
 *		cpu = this CPU
 *		if cpu >= handle.limit or not live[cpu]: slow path
 *		if top is NULL: try the shared block
 *		node = top
 *		commit: top = node.next
 *	}
 *	where several threads may write: compare-and-swap of {top, tag} that
 *	also increments tag
 *
 * Context: as cpuslab_stack_push().
 * Order:   acquire; sees all that was written before the push of @node.
 * Return:  CPUSLAB_OK; CPUSLAB_EMPTY (other CPUs may have nodes);
 *          -CPUSLAB_EINVAL for the null handle.
 */
CPUSLAB_NODISCARD CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_stack_pop(CPUSLAB_IN const struct cpuslab_stack *stack,
		  CPUSLAB_OUTPTR struct cpuslab_node **node)
{
	void *found = NULL;
	int result;

	cpuslab__assert_own(&stack->handle);
	result = cpuslab_port_pop(&stack->handle, 0, &found);

	if (cpuslab_likely(result == CPUSLAB_OK)) {
		*node = (struct cpuslab_node *)found;
		return CPUSLAB_OK;
	}
	/* @node is passed to no function, so it can stay in a register. */
	*node = cpuslab__slow_pop(&stack->handle, 0, result);
	if (*node)
		return CPUSLAB_OK;
	return cpuslab_percpu_is_null(&stack->handle) ? -CPUSLAB_EINVAL :
							CPUSLAB_EMPTY;
}

/**
 * cpuslab_stack_pop_all() - pop all nodes of this CPU's stack at once, or, if
 * that is empty, of the shared block's.
 * @stack: set up by cpuslab_stack_init().
 * @chain: on CPUSLAB_OK the newest node; its next leads to the older ones, up
 *         to NULL, and all of them are owned by the caller. Otherwise set to
 *         NULL.
 *
 *	section {
 *		cpu = this CPU
 *		if cpu >= handle.limit or not live[cpu]: slow path
 *		chain = top
 *		commit: top = NULL
 *	}
 *	if chain is NULL: try the shared block
 *	where several threads may write: compare-and-swap of {top, tag} that
 *	also increments tag
 *
 * For work in batches: it costs about as much as a pop, however many nodes
 * there are. A node that is pushed meanwhile is either in the chain or stays.
 *
 * Context: as cpuslab_stack_push().
 * Order:   acquire; sees all that was written before the push of each node.
 * Return:  as cpuslab_stack_pop().
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_HIGH int
cpuslab_stack_pop_all(CPUSLAB_IN const struct cpuslab_stack *stack,
		      CPUSLAB_OUTPTR struct cpuslab_node **chain);

CPUSLAB_END

/*
 * Synchronization:
 *   push, pop,
 *   pop_all       any context, concurrently with everything
 *   init, fini    the caller excludes every other call
 */

#endif /* CPUSLAB_STACK_H */
