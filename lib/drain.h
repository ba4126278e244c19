/* SPDX-License-Identifier: MIT */
/*
 * drain.h - take what lies on the processors' stacks, wherever they are.
 */
#ifndef CPUSLAB_LIB_DRAIN_H
#define CPUSLAB_LIB_DRAIN_H

#include <cpuslab/stack.h>

/*
 * Move all nodes of all processors to the overflow's stack, of which anybody
 * pops. Meanwhile operations on the slab use the overflow. May sleep.
 * CPUSLAB_OK; CPUSLAB_PARTIAL if some had to stay; -CPUSLAB_EBUSY.
 */
int cpuslab__stack_drain_all(const struct cpuslab_stack *stack);

#endif /* CPUSLAB_LIB_DRAIN_H */
