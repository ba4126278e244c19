/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_LIB_STACK_INTERNAL_H
#define CPUSLAB_LIB_STACK_INTERNAL_H
/*
 * stack_internal.h - drain the stacks of all CPUs.
 */

#include <cpuslab/stack.h>

/*
 * Move the nodes of all CPUs to the shared block's stack, from which every CPU
 * pops. Meanwhile operations on the slab use the shared block. May sleep.
 * Returns CPUSLAB_OK, CPUSLAB_PARTIAL if the fence failed, or a CPU was added
 * meanwhile, and nodes stay on their CPUs, -CPUSLAB_EINVAL for a stack that was
 * not set up, or -CPUSLAB_EBUSY in a callback of the slab.
 */
int cpuslab__stack_drain_all(const struct cpuslab_stack *stack);

#endif /* CPUSLAB_LIB_STACK_INTERNAL_H */
