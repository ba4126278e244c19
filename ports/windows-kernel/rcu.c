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

#define RCU_SECTION 4u /* of a nest: one section; below it, the IRQL */

/* [limit] Nests of processors that entered their section without a record. */
static uint16_t *rcu_unrecorded;

/* The processors that are stuck delay it. */
static void rcu_synchronize(void)
{
	while (cpuslab__nt_barrier_all())
		continue;
}

static struct cpuslab__rcu_queue rcu_queue = { .synchronize = rcu_synchronize };

int cpuslab__nt_rcu_init(void)
{
	rcu_unrecorded = cpuslab_port_zalloc(cpuslab__nt_limit *
					     sizeof(*rcu_unrecorded));
	if (!rcu_unrecorded)
		return -CPUSLAB_ENOMEM;
	rcu_queue.newest = 0;
	return cpuslab_port_mutex_init(&rcu_queue.mutex, CPUSLAB_RANK_DOMAIN);
}

void cpuslab__nt_rcu_fini(void)
{
	cpuslab_port_mutex_fini(&rcu_queue.mutex);
	cpuslab_port_free(rcu_unrecorded);
	rcu_unrecorded = NULL;
}

/* The nest of this processor: its IRQL before, and how deep it is. */
static uint16_t *rcu_nest(void)
{
	uint32_t cpu = cpuslab__nt_cpu();
	struct nt_record *record = cpuslab__nt_record(cpu);

	/* A section ends where it began. */
	return record && !rcu_unrecorded[cpu] ? &record->nest :
						&rcu_unrecorded[cpu];
}

void cpuslab_port_read_enter(void)
{
	KIRQL before = cpuslab__nt_irql();
	uint16_t *nest;

	if (before > DISPATCH_LEVEL)
		return;
	if (before < DISPATCH_LEVEL)
		cpuslab__nt_raise(DISPATCH_LEVEL);
	nest = rcu_nest();
	if (!*nest)
		*nest = before;
	*nest += RCU_SECTION;
}

void cpuslab_port_read_exit(void)
{
	uint16_t *nest;
	KIRQL irql;

	if (cpuslab__nt_irql() > DISPATCH_LEVEL)
		return;
	nest = rcu_nest();
	cpuslab_assert(*nest >= RCU_SECTION);
	*nest -= RCU_SECTION;
	if (*nest >= RCU_SECTION)
		return;
	irql = (KIRQL)*nest;
	*nest = 0;
	if (irql < DISPATCH_LEVEL)
		cpuslab__nt_lower(irql);
}

/* ---- callbacks ---------------------------------------------------------- */

void cpuslab_port_call_rcu(struct cpuslab_rcu *rcu,
			   void (*call)(struct cpuslab_rcu *rcu))
{
	cpuslab__rcu_queue_push(&rcu_queue, rcu, call);
	cpuslab__nt_rcu_thread_wake();
}

int cpuslab_port_rcu_wait(void)
{
	rcu_synchronize();
	return CPUSLAB_OK;
}

int cpuslab_port_rcu_barrier(void)
{
	cpuslab__rcu_queue_run(&rcu_queue);
	return CPUSLAB_OK;
}
