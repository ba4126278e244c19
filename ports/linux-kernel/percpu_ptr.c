// SPDX-License-Identifier: MIT
/*
 * percpu_ptr.c - the pointers through which CPUs find their own blocks: eight
 * bytes for each possible CPU, which never move.
 */
#include <linux/cpumask.h>
#include <linux/slab.h>

#include <cpuslab/port.h>
#include <cpuslab/static.h>

#include "../../lib/base/block_directory.h"
#include "inject.h"

DEFINE_PER_CPU(uintptr_t, cpuslab__own_none) = CPUSLAB__OWN_NONE;

static void percpu_ptr_set(cpuslab__own own, unsigned int cpu, uintptr_t block)
{
	/* [live] pairs with cpuslab__own_block(). */
	smp_store_release(per_cpu_ptr(own, cpu), block);
}

static void percpu_ptr_init(cpuslab__own own, uintptr_t none)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) percpu_ptr_set(own, cpu, none);
}

int cpuslab_port_blocks_create(struct cpuslab_blocks *blocks)
{
	cpuslab__own own;
	int err;

	err = cpuslab__directory_create(blocks);
	if (err)
		return err;
	own = cpuslab__inject_fails() ?
		      NULL :
		      alloc_percpu_gfp(uintptr_t, GFP_KERNEL | __GFP_NOWARN);
	if (!own) {
		cpuslab__directory_destroy(blocks);
		return -CPUSLAB_ENOMEM;
	}
	percpu_ptr_init(own, CPUSLAB__OWN_NONE);
	blocks->object =
		(__force uintptr_t)own - (__force uintptr_t)&cpuslab__own_none;
	return CPUSLAB_OK;
}

void cpuslab_port_blocks_destroy(struct cpuslab_blocks *blocks)
{
	const struct cpuslab__statics *statics = cpuslab__statics_of(blocks);

	if (statics)
		percpu_ptr_init(statics->own, CPUSLAB__STATIC_NONE);
	free_percpu(cpuslab__own_of(blocks->object));
	cpuslab__directory_destroy(blocks);
}

void cpuslab_port_block_set_live(struct cpuslab_blocks *blocks, uint32_t cpu,
				 bool live)
{
	const struct cpuslab__statics *statics = cpuslab__statics_of(blocks);
	uintptr_t block = live ? (uintptr_t)blocks->directory[cpu] :
				 CPUSLAB__OWN_NONE;

	if (!cpu_possible(cpu))
		return;
	percpu_ptr_set(cpuslab__own_of(blocks->object), cpu, block);
	if (statics)
		percpu_ptr_set(statics->own, cpu,
			       live ? block - (uintptr_t)statics->begin :
				      CPUSLAB__STATIC_NONE);
	if (live && cpuslab__ring_file_of(blocks))
		cpuslab__ring_pages_show(blocks, cpu);
}
