// SPDX-License-Identifier: MIT
/*
 * cpu.c - which CPUs exist, and waiting for operations in progress on one.
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

/* A snapshot only: to follow changes use cpuslab/hotplug.h. */
int cpuslab_port_cpus_available(void (*found)(void *arg, uint32_t cpu),
				void *arg)
{
	unsigned int cpu;

	for_each_online_cpu(cpu) found(arg, cpu);
	return CPUSLAB_OK;
}

/*
 * Never: the kernel announces every CPU before it runs, so operations need not
 * admit any; and they may run in contexts in which nothing may sleep.
 */
bool cpuslab_port_may_sleep(void)
{
	return false;
}

/* Each block is written by its own CPU only. */
bool cpuslab_port_uses_atomics(void)
{
	return false;
}

/*
 * [release.fence] Operations run with preemption or interrupts off, so those in
 * progress end before a grace period does. A CPU that is not online runs none;
 * when it comes back it sees that the caller has unpublished its block, since
 * the barrier orders that store before the test for online.
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
