/* SPDX-License-Identifier: MIT */
/*
 * own.h - loops over the operations of cpuslab.
 *
 * Each loop is compiled twice: with rseq_cs cleared at the end of an operation,
 * which is the default, and with CPUSLAB_KEEP_RSEQ_CS, which leaves it set as
 * librseq does.
 */
#ifndef CPUSLAB_BENCH_OWN_H
#define CPUSLAB_BENCH_OWN_H

#include "platform.h"

#define OWN_RECORD 32u /* bytes of payload of an append */

/* Handles lie in memory and are loaded each time, as in a program. */
struct own_work {
	struct cpuslab_counter counter;
	struct cpuslab_stack stack;
	struct cpuslab_log log;
	struct cpuslab_percpu handle; /* of a struct cpuslab_gated */
	uint64_t count; /* W each thread when it ends, atomically */
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	struct cpuslab_node *nodes;
};

void own_clear_add(void *work, uint64_t n);
void own_clear_add_if(void *work, uint64_t n);
void own_clear_cmpstore(void *work, uint64_t n);
void own_clear_stack(void *work, uint64_t n);
void own_clear_append(void *work, uint64_t n);
void own_keep_add(void *work, uint64_t n);
void own_keep_add_if(void *work, uint64_t n);
void own_keep_cmpstore(void *work, uint64_t n);
void own_keep_stack(void *work, uint64_t n);
void own_keep_append(void *work, uint64_t n);

#endif /* CPUSLAB_BENCH_OWN_H */
