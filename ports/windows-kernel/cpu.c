/* SPDX-License-Identifier: MIT */
/*
 * cpu.c - which processors there are, and where the caller runs.
 */
#include "kernel_private.h"

uint32_t cpuslab_port_cpu_limit(void)
{
	return cpuslab__nt_limit;
}

uint32_t cpuslab_port_cpu(void)
{
	return KeGetCurrentProcessorNumberEx(NULL);
}

bool cpuslab_port_may_sleep(void)
{
	return cpuslab__nt_irql() <= APC_LEVEL;
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

/* No bits are counted and no width is assumed: the system says which group. */
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
	int err = CPUSLAB_OK;

	/*
	 * [release.fence] Operations run at DISPATCH_LEVEL, where no DPC can
	 * come in between; pairs with their committing stores. Without it a
	 * count that comes after the fold is lost.
	 */
	if (cpu != CPUSLAB_NO_CPU)
		return cpuslab__nt_visit(cpu);
	/* The first that is stuck is enough: callers hold mutexes. */
	for (cpu = 0; cpu < cpuslab__nt_limit && !err; cpu++)
		err = cpuslab__nt_visit(cpu);
	return err;
}
