/* SPDX-License-Identifier: MIT */
/*
 * cpu.c - which processors exist, and where the caller runs.
 */
#include "kernel_private.h"

uint32_t cpuslab_port_cpu_limit(void)
{
	return cpuslab__nt_limit;
}

uint32_t cpuslab_port_cpu(void)
{
	return cpuslab__nt_cpu();
}

bool cpuslab_port_may_sleep(void)
{
	return cpuslab__nt_irql() <= APC_LEVEL;
}

/* A domain and a slab are created at PASSIVE_LEVEL only. */
void cpuslab_port_create(cpuslab_port_create_try *attempt,
			 const struct cpuslab_percpu *handle)
{
	attempt(handle, cpuslab__nt_is_initialised() &&
				cpuslab__nt_irql() == PASSIVE_LEVEL);
}

bool cpuslab_port_uses_atomics(void)
{
	return false;
}

void cpuslab_port_rseq_clear(void)
{
}

bool cpuslab__nt_cpu_number(uint32_t cpu, PROCESSOR_NUMBER *number)
{
	memset(number, 0, sizeof(*number));
	return cpu < cpuslab__nt_limit &&
	       NT_SUCCESS(KeGetProcessorNumberFromIndex(cpu, number));
}

/* Counts no bits and assumes no width: the system converts the index. */
bool cpuslab_kernel_cpu_active(uint32_t cpu)
{
	PROCESSOR_NUMBER number;

	return cpuslab__nt_cpu_number(cpu, &number) &&
	       (KeQueryGroupAffinity(number.Group) >> number.Number & 1);
}

int cpuslab_port_cpus_available(void (*found)(void *arg, uint32_t cpu),
				void *arg)
{
	uint32_t cpu;

	for (cpu = 0; cpu < cpuslab__nt_limit; cpu++)
		if (cpuslab_kernel_cpu_active(cpu))
			found(arg, cpu);
	return CPUSLAB_OK;
}

int cpuslab_port_fence_cpu(uint32_t cpu)
{
	/*
	 * [release.fence] Operations run at DISPATCH_LEVEL, where no DPC can
	 * interrupt them; pairs with their committing stores. Without it an add
	 * that commits after the fold is lost.
	 */
	return cpu == CPUSLAB_NO_CPU ? cpuslab__nt_barrier_all() :
				       cpuslab__nt_barrier(cpu);
}
