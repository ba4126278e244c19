/* SPDX-License-Identifier: MIT */
/*
 * rcu_thread.c - the system thread that runs callbacks after their grace
 * periods, where they may wait.
 */
#include "kernel_private.h"

#include <cpuslab/port_thread.h>
#include <cpuslab/port/thread.h>

static struct cpuslab_port_event rcu_thread_work;
static uint32_t rcu_thread_stop; /* W fini */
static struct cpuslab_port_thread rcu_thread;

static void rcu_thread_run(void *unused)
{
	(void)unused;
	do {
		cpuslab_port_event_wait(&rcu_thread_work);
		cpuslab_port_rcu_barrier();
	} while (!cpuslab_load_acquire_u32(&rcu_thread_stop));
}

int cpuslab__nt_rcu_thread_init(void)
{
	cpuslab_store_relaxed_u32(&rcu_thread_stop, 0);
	cpuslab_port_event_init(&rcu_thread_work);
	return cpuslab_port_thread_start(&rcu_thread, NULL, CPUSLAB_NO_CPU,
					 rcu_thread_run, NULL);
}

void cpuslab__nt_rcu_thread_fini(void)
{
	cpuslab_store_release_u32(&rcu_thread_stop, 1);
	cpuslab__nt_rcu_thread_wake();
	cpuslab_port_thread_join(&rcu_thread);
	/* What was queued while the thread ran its last batch. */
	cpuslab_port_rcu_barrier();
}

void cpuslab__nt_rcu_thread_wake(void)
{
	cpuslab_port_event_set(&rcu_thread_work);
}
