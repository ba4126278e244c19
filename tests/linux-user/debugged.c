/* SPDX-License-Identifier: MIT */
/*
 * debugged.c - one operation of each kind, on lines of their own, for
 * debugger.py.
 */
#include <cpuslab/cpuslab.h>

static struct cpuslab_counter debugged_counter;
static struct cpuslab_stack debugged_stack;
static struct cpuslab_log debugged_log;
static struct cpuslab_ring debugged_ring;
static struct cpuslab_refcount debugged_refcount;
static volatile int debugged_done; /* 1 before the operations, 2 after them */

static int debugged_init(void)
{
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;

	return cpuslab_domain_create(&domain, NULL) ||
	       cpuslab_slab_create(&slab, domain, NULL) ||
	       cpuslab_counter_init(&debugged_counter, slab) ||
	       cpuslab_stack_init(&debugged_stack, slab) ||
	       cpuslab_log_init(&debugged_log, slab, 64) ||
	       cpuslab_ring_init(&debugged_ring, slab,
				 4 * cpuslab_port_page_size(), 0) ||
	       cpuslab_refcount_init(&debugged_refcount, slab, NULL);
}

int main(void)
{
	struct cpuslab_node node, *popped;
	uint64_t sum;
	int wrong;

	if (debugged_init())
		return 1;
	debugged_done = 1;
	cpuslab_counter_add(&debugged_counter, 1);
	cpuslab_stack_push(&debugged_stack, &node);
	wrong = cpuslab_stack_pop(&debugged_stack, &popped);
	wrong += cpuslab_log_append(&debugged_log, "abc", 3);
	wrong += cpuslab_ring_append(&debugged_ring, "abc", 3);
	wrong += !cpuslab_refcount_try_get(&debugged_refcount);
	sum = cpuslab_counter_sum(&debugged_counter);
	debugged_done = wrong || sum != 1 ? 3 : 2;
	return 0;
}
