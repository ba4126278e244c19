// SPDX-License-Identifier: MIT
/*
 * misplaced.c - calls from wrong contexts: on a debug kernel lockdep or
 * might_sleep() must report each. None of them breaks anything.
 */
#include <linux/preempt.h>
#include <linux/rcupdate.h>

#include "test.h"

static struct cpuslab_counter misplaced_counter;

static int misplaced_pinned(struct cpuslab_stack *stack)
{
	struct cpuslab_node *node;

	return __cpuslab_stack_pop(stack, &node) == CPUSLAB_EMPTY ? 0 : -EIO;
}

/* In debug builds, two reports where preemption is enabled. */
static int misplaced_two(struct cpuslab_stack *stack)
{
	struct cpuslab_node *node;
	u64 total;
	int err;

	__cpuslab_counter_add(&misplaced_counter, 1);
	err = __cpuslab_stack_pop(stack, &node);
	total = cpuslab_counter_sum(&misplaced_counter);
	return err == CPUSLAB_EMPTY && total ? 0 : -EIO;
}

static int misplaced_none(struct cpuslab_stack *stack)
{
	int err;

	preempt_disable();
	err = misplaced_two(stack);
	preempt_enable();
	return err;
}

static int misplaced_in_nmi(struct cpuslab_stack *stack)
{
	struct cpuslab_node *node;
	int result;

	preempt_count_add(NMI_OFFSET);
	result = cpuslab_stack_pop(stack, &node);
	preempt_count_sub(NMI_OFFSET);
	return result == CPUSLAB_EMPTY ? 0 : -EIO;
}

static int misplaced_alloc(struct cpuslab_stack *stack)
{
	struct cpuslab_counter counter;
	int err;

	preempt_disable();
	err = cpuslab_counter_init(&counter, test_slab);
	preempt_enable();
	if (!err)
		cpuslab_counter_fini(&counter);
	return err;
}

static int misplaced_fini(struct cpuslab_stack *stack)
{
	rcu_read_lock();
	cpuslab_hotplug_destroy(NULL);
	rcu_read_unlock();
	return 0;
}

static int (*const misplaced_calls[])(struct cpuslab_stack *stack) = {
	misplaced_pinned, misplaced_in_nmi, misplaced_alloc,
	misplaced_fini,   misplaced_two,    misplaced_none,
};

int misplaced_call(unsigned int which)
{
	struct cpuslab_stack stack;
	int err;

	if (which >= ARRAY_SIZE(misplaced_calls))
		return -EINVAL;
	err = cpuslab_stack_init(&stack, test_slab);
	if (err)
		return err;
	err = cpuslab_counter_init(&misplaced_counter, test_slab);
	if (!err) {
		err = misplaced_calls[which](&stack);
		cpuslab_counter_fini(&misplaced_counter);
	}
	cpuslab_stack_fini(&stack);
	return err;
}
