/* SPDX-License-Identifier: MIT */
/*
 * shared.h - the operations on a block that several may write at once: the
 * shared block, and every block where operations cannot be tied to a CPU.
 */
#ifndef CPUSLAB_LIB_SHARED_H
#define CPUSLAB_LIB_SHARED_H

#include <cpuslab/ops.h>
#include <cpuslab/stack.h>

void cpuslab__shared_add(uint64_t *word, uint64_t value);
int cpuslab__shared_add_if(struct cpuslab_gated *gated, uint64_t gate,
			   uint64_t value);
int cpuslab__shared_cmpstore(uint64_t *word, uint64_t expect, uint64_t value);
/* Put the nodes from @first to @last, already linked, on top. */
void cpuslab__shared_push(struct cpuslab_pair *top, struct cpuslab_node *first,
			  struct cpuslab_node *last);
int cpuslab__shared_pop(struct cpuslab_pair *top, struct cpuslab_node **node);
int cpuslab__shared_append(uint64_t *log, const void *data, uint32_t bytes,
			   uint32_t capacity);

#endif /* CPUSLAB_LIB_SHARED_H */
