/* SPDX-License-Identifier: MIT */
/*
 * portable.c - each node is popped exactly once for each push, alone or with
 * all nodes of its stack.
 */
#include "portable/portable.h"

#define STACK_NODES 8u /* of each actor at the start */

struct stack_item {
	struct cpuslab_node node;
	uint64_t owner; /* actor + 1; 0: in the stack */
};

/* The nodes that an actor holds between its steps. */
struct stack_hand {
	struct stack_item *items;
	uint64_t chains; /* that had several nodes */
};

static struct cpuslab_stack stack_all;
static struct stack_item *stack_items;
static struct stack_hand *stack_hands; /* [actor]; W actor */

static struct stack_item *stack_item(struct cpuslab_node *node)
{
	return (struct stack_item *)(void *)node;
}

/* Own all nodes of a chain. */
static void stack_take(const struct portable_actor *actor,
		       struct cpuslab_node *node)
{
	struct stack_hand *hand = &stack_hands[actor->id];
	struct cpuslab_node *next;

	hand->chains += node->next != NULL;
	for (; node; node = next) {
		next = node->next;
		if (cpuslab_exchange_u64(&stack_item(node)->owner,
					 (uint64_t)actor->id + 1))
			portable_wrong("a node was popped twice");
		node->next = hand->items ? &hand->items->node : NULL;
		hand->items = stack_item(node);
	}
}

static void stack_give(const struct portable_actor *actor)
{
	struct stack_hand *hand = &stack_hands[actor->id];
	struct stack_item *item = hand->items;

	if (!item)
		return;
	hand->items = item->node.next ? stack_item(item->node.next) : NULL;
	if (cpuslab_exchange_u64(&item->owner, 0) != (uint64_t)actor->id + 1)
		portable_wrong("a node was popped by two");
	if (cpuslab_stack_push(&stack_all, &item->node))
		portable_wrong("a push failed");
}

static void stack_step(const struct portable_actor *actor)
{
	struct cpuslab_node *node;
	uint32_t i;

	if (!(actor->round % 4) &&
	    cpuslab_stack_pop_all(&stack_all, &node) == CPUSLAB_OK) {
		stack_take(actor, node);
	} else if (cpuslab_stack_pop(&stack_all, &node) == CPUSLAB_OK) {
		node->next = NULL;
		stack_take(actor, node);
	}
	for (i = 0; i < 4; i++)
		stack_give(actor);
}

static void stack_leave(const struct portable_actor *actor)
{
	while (stack_hands[actor->id].items)
		stack_give(actor);
}

/* ---- start and stop ------------------------------------------------------ */

static uint64_t stack_count(const struct cpuslab_stack_cpu *copy)
{
	const struct cpuslab_node *node =
		(const struct cpuslab_node *)(uintptr_t)copy->top.first;
	uint64_t count = 0;

	for (; node; node = node->next)
		count++;
	return count;
}

static const char *stack_check(bool used)
{
	const struct cpuslab_stack_cpu *copy;
	uint64_t chains = 0, nodes = 0;
	uint32_t cpu, i;

	cpuslab_read_enter();
	cpuslab_for_each_copy(&stack_all.handle, cpu, copy)
		nodes += stack_count(copy);
	cpuslab_read_exit();
	if (nodes != (uint64_t)structures.actors * STACK_NODES)
		return "nodes of a stack were lost";
	for (i = 0; i < structures.actors; i++)
		chains += stack_hands[i].chains;
	return used && !chains ? "no chain of nodes was popped" : NULL;
}

static void stack_free(void)
{
	cpuslab_stack_fini(&stack_all);
	cpuslab_port_free(stack_hands);
	cpuslab_port_free(stack_items);
}

static const char *stack_stop(bool used)
{
	const char *what = stack_check(used);

	stack_free();
	return what;
}

static int stack_start(void)
{
	int err = cpuslab_stack_init(&stack_all, structures.slab);
	uint32_t i;

	if (err)
		return err;
	stack_items = portable_array(structures.actors, STACK_NODES,
				     sizeof(*stack_items));
	stack_hands =
		portable_array(structures.actors, 1, sizeof(*stack_hands));
	if (!stack_items || !stack_hands) {
		stack_free();
		return -CPUSLAB_ENOMEM;
	}
	for (i = 0; i < structures.actors * STACK_NODES; i++)
		cpuslab_stack_push(&stack_all, &stack_items[i].node);
	return CPUSLAB_OK;
}

const struct portable_part portable_stack = {
	.start = stack_start,
	.step = stack_step,
	.leave = stack_leave,
	.stop = stack_stop,
};
