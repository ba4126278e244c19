/* SPDX-License-Identifier: MIT */
/*
 * mixed_part.c - each operation once, on objects that other parts use as well.
 *
 * MIXED_TURN: the name of the function.
 */
#include "mixed.h"

#include "torture/torture.h"

/* Nodes change CPUs, so a stack may be empty. */
static void mixed_move_node(const struct cpuslab_stack *stack)
{
	struct cpuslab_node *node;

	if (!cpuslab_stack_pop(stack, &node))
		TORTURE_OK(cpuslab_stack_push(stack, node));
}

/* An object has one owner at a time. */
static void mixed_use_object(struct cpuslab_cache *cache)
{
	uint64_t *object = cpuslab_cache_alloc(cache);

	TORTURE_CHECK(object && cpuslab_fetch_add_u64(object, 1) == 0);
	cpuslab_fetch_add_u64(object, (uint64_t)-1);
	cpuslab_cache_free(cache, object);
}

static void mixed_use_reference(struct mixed *mixed)
{
	if (!cpuslab_refcount_try_get(&mixed->refcount))
		return;
	TORTURE_CHECK(!cpuslab_load_acquire_u32(&mixed->released));
	cpuslab_refcount_put(&mixed->refcount);
}

void MIXED_TURN(struct mixed *mixed, uint64_t turn)
{
	TORTURE_OK(cpuslab_counter_add(&mixed->counter, 1));
	TORTURE_OK(turn % 2 ? cpuslab_gauge_sub(&mixed->gauge, 1) :
			      cpuslab_gauge_add(&mixed->gauge, 3));
	TORTURE_OK(cpuslab_histogram_record(&mixed->histogram,
					    turn % MIXED_BUCKETS));
	TORTURE_OK(cpuslab_approx_add(&mixed->approx, 1));
	mixed_move_node(&mixed->stack);
	mixed_use_object(&mixed->cache);
	mixed_use_reference(mixed);
}
