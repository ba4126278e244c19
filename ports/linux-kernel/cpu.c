// SPDX-License-Identifier: MIT
/*
 * cpu.c - which CPUs there are, and when nobody is under way on one.
 */
#include <linux/cpumask.h>
#include <linux/rcupdate.h>
#include <linux/smp.h>

#include <cpuslab/port.h>

uint32_t cpuslab_port_cpu_limit(void)
{
	return nr_cpu_ids;
}

uint32_t cpuslab_port_cpu(void)
{
	return raw_smp_processor_id();
}

/* A moment's truth: who follows the kernel uses cpuhp.h. */
int cpuslab_port_cpus_available(void (*found)(void *arg, uint32_t cpu),
				void *arg)
{
	unsigned int cpu;

	for_each_online_cpu(cpu) found(arg, cpu);
	return CPUSLAB_OK;
}

/*
 * Never: the kernel announces every CPU before it runs, so operations
 * need not admit any, and may come from where nothing is allowed.
 */
bool cpuslab_port_may_sleep(void)
{
	return false;
}

/* Blocks are written by their own CPUs alone. */
bool cpuslab_port_uses_atomics(void)
{
	return false;
}

/*
 * [release.fence] Operations have preemption or interrupts off, so those under
 * way end before a grace period does. On a CPU that is not online none
 * can be: it runs no task, and when it comes back it finds the block that the
 * caller has taken off; the barrier orders that store before the look.
 */
int cpuslab_port_fence_cpu(uint32_t cpu)
{
	might_sleep();
	smp_mb();
	if (cpu >= nr_cpu_ids || cpu_online(cpu))
		synchronize_rcu();
	return CPUSLAB_OK;
}

void cpuslab_port_rseq_clear(void)
{
}
