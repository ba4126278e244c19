// SPDX-License-Identifier: MIT
/*
 * percpu_ptr.c - the pointers through which CPUs find their own blocks: eight
 * bytes for each possible CPU, which never move.
 */
#include <linux/cpumask.h>
#include <linux/slab.h>

#include <cpuslab/port.h>

#include "inject.h"

DEFINE_PER_CPU(void *, cpuslab__own_none);

int cpuslab_port_percpu_ptr_create(void **blocks, uint32_t limit,
				   uintptr_t *own)
{
	cpuslab__own created;

	if (cpuslab__inject_fails())
		return -CPUSLAB_ENOMEM;
	created = alloc_percpu_gfp(void *, GFP_KERNEL | __GFP_NOWARN);
	if (!created)
		return -CPUSLAB_ENOMEM;
	*own = (__force uintptr_t)created -
	       (__force uintptr_t)&cpuslab__own_none;
	return CPUSLAB_OK;
}

void cpuslab_port_percpu_ptr_destroy(uintptr_t own)
{
	free_percpu(cpuslab__own_of(own));
}

void cpuslab_port_percpu_ptr_set(uintptr_t own, uint32_t cpu, void *block)
{
	if (!cpu_possible(cpu))
		return; /* not a possible CPU */
	/* [live] pairs with cpuslab__own_at(). */
	smp_store_release(per_cpu_ptr(cpuslab__own_of(own), cpu), block);
}
