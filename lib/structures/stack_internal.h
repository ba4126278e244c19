/* SPDX-License-Identifier: MIT */
/*
 * stack_internal.h - take what lies on the CPUs' stacks, wherever they are.
 */
#ifndef CPUSLAB_LIB_STACK_INTERNAL_H
#define CPUSLAB_LIB_STACK_INTERNAL_H

#include <cpuslab/stack.h>

/*
 * Move all nodes of all CPUs to the shared block's stack, of which anybody
 * pops. Meanwhile operations on the slab use the shared block. May sleep.
 * CPUSLAB_OK; CPUSLAB_PARTIAL if some had to stay; -CPUSLAB_EBUSY.
 */
int cpuslab__stack_drain_all(const struct cpuslab_stack *stack);

#endif /* CPUSLAB_LIB_STACK_INTERNAL_H */
