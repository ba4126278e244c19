/* SPDX-License-Identifier: MIT */
/*
 * rcu.c - read sections at DISPATCH_LEVEL, grace periods by rounds of DPCs.
 *
 * A reader below DISPATCH_LEVEL raises to it, so it stays on its processor and
 * no DPC can run there until it leaves: once a DPC has run on every active
 * processor, all earlier read sections have ended. An ISR is always in a read
 * section. Readers need no registration and write only to their own processor's
 * word.
 *
 * In a section the caller must not wait or access paged memory. Sections and
 * spin locks taken inside them end in reverse order.
 */
#include "kernel_private.h"

#include <cpuslab/port/rcu_queue.h>

/* How deep a processor is in sections, and the level to return to. */
struct rcu_nest {
	uint16_t depth; /* W its processor, at DISPATCH_LEVEL */
	uint8_t irql;
};

static struct rcu_nest *rcu_nests; /* [limit] */

/* Each batch costs a DPC on every processor. */
static struct cpuslab__rcu_queue rcu_queue = {
	.synchronize = cpuslab__nt_dpc_barrier_all,
};

int cpuslab__nt_rcu_init(void)
{
	rcu_nests = cpuslab_port_zalloc(cpuslab__nt_limit * sizeof(*rcu_nests));
	if (!rcu_nests)
		return -CPUSLAB_ENOMEM;
	rcu_queue.newest = 0;
	return cpuslab_port_mutex_init(&rcu_queue.mutex, CPUSLAB_RANK_DOMAIN);
}

void cpuslab__nt_rcu_fini(void)
{
	cpuslab_port_mutex_fini(&rcu_queue.mutex);
	cpuslab_port_free(rcu_nests);
	rcu_nests = NULL;
}

void cpuslab_port_read_enter(void)
{
	KIRQL before = cpuslab__nt_irql();
	struct rcu_nest *nest;

	if (before > DISPATCH_LEVEL)
		return;
	if (before < DISPATCH_LEVEL)
		cpuslab__nt_raise(DISPATCH_LEVEL);
	nest = &rcu_nests[KeGetCurrentProcessorNumberEx(NULL)];
	if (!nest->depth++)
		nest->irql = before;
}

void cpuslab_port_read_exit(void)
{
	struct rcu_nest *nest;

	if (cpuslab__nt_irql() > DISPATCH_LEVEL)
		return;
	nest = &rcu_nests[KeGetCurrentProcessorNumberEx(NULL)];
	cpuslab_assert(nest->depth);
	if (!--nest->depth && nest->irql < DISPATCH_LEVEL)
		cpuslab__nt_lower(nest->irql);
}

/* ---- callbacks ---------------------------------------------------------- */

void cpuslab_port_call_rcu(struct cpuslab_rcu *rcu,
			   void (*call)(struct cpuslab_rcu *rcu))
{
	cpuslab__rcu_queue_push(&rcu_queue, rcu, call);
	cpuslab__nt_rcu_thread_wake();
}

int cpuslab_port_rcu_barrier(void)
{
	cpuslab__rcu_queue_run(&rcu_queue);
	return CPUSLAB_OK;
}
