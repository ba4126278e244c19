/* SPDX-License-Identifier: MIT */
/*
 * fence.c - wait for the operations on several CPUs.
 */
#include "slab_internal.h"

int cpuslab__fence_states(const struct cpuslab_slab *slab, uint32_t limit,
			  uint32_t states)
{
	int err = cpuslab_port_fence_cpu(CPUSLAB_NO_CPU);
	uint32_t cpu;

	if (!err)
		return CPUSLAB_OK;
	for (cpu = 0; cpu < limit; cpu++)
		if ((states >> cpuslab__state(slab, cpu) & 1) &&
		    cpuslab_port_fence_cpu(cpu))
			return err;
	return CPUSLAB_OK;
}
