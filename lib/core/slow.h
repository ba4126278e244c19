/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_LIB_SLOW_H
#define CPUSLAB_LIB_SLOW_H
/*
 * slow.h - operations on a block that several threads may write at once: the
 * shared block, and in atomic mode every block.
 */

#include <cpuslab/log.h>
#include <cpuslab/ops.h>
#include <cpuslab/ring.h>
#include <cpuslab/section.h>
#include <cpuslab/stack.h>

void cpuslab__shared_add(cpuslab_word *word, uint64_t value);
int cpuslab__shared_add_if(struct cpuslab_gated *gated, uint64_t gate,
			   uint64_t value);
int cpuslab__shared_add_below(cpuslab_word *word, uint64_t bound,
			      uint64_t value);
int cpuslab__shared_cmpstore(cpuslab_word *word, uint64_t expect,
			     uint64_t value);
/* Returns what the word was. */
uint64_t cpuslab__shared_update(cpuslab_word *word, enum cpuslab__word_op op,
				uint64_t value);
/* Push the nodes from @first to @last, which are linked already. */
void cpuslab__shared_push(struct cpuslab_pair *top, struct cpuslab_node *first,
			  struct cpuslab_node *last);
int cpuslab__shared_pop(struct cpuslab_pair *top, struct cpuslab_node **node);
/* All nodes, linked to NULL; NULL if there is none. */
struct cpuslab_node *cpuslab__shared_pop_all(struct cpuslab_pair *top);
/* @result is that of the port's exchange, which found no node. */
struct cpuslab_node *cpuslab__slow_pop_all(const struct cpuslab_percpu *handle,
					   size_t offset, int result);
int cpuslab__shared_append(cpuslab_word *log, const void *data, uint32_t bytes,
			   uint32_t capacity);
int cpuslab__shared_ring_append(cpuslab_word *tail,
				const struct cpuslab__ring_shape *shape,
				const void *data, uint32_t bytes);

/* Byte @offset of the shared block's copy. */
void *cpuslab__shared_block(const struct cpuslab_percpu *handle, size_t offset);

#endif /* CPUSLAB_LIB_SLOW_H */
