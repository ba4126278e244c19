// SPDX-License-Identifier: MIT
/*
 * percpu_ptr.c - the pointers through which CPUs find their own blocks: eight
 * bytes for each possible CPU, which never move.
 */
#include <linux/cpumask.h>
#include <linux/slab.h>

#include <cpuslab/port.h>

#include "../../lib/base/block_directory.h"
#include "inject.h"

DEFINE_PER_CPU(void *, cpuslab__own_none);

int cpuslab_port_blocks_create(struct cpuslab_blocks *blocks)
{
	cpuslab__own own;
	int err;

	err = cpuslab__directory_create(blocks);
	if (err)
		return err;
	own = cpuslab__inject_fails() ?
		      NULL :
		      alloc_percpu_gfp(void *, GFP_KERNEL | __GFP_NOWARN);
	if (!own) {
		cpuslab__directory_destroy(blocks);
		return -CPUSLAB_ENOMEM;
	}
	blocks->object =
		(__force uintptr_t)own - (__force uintptr_t)&cpuslab__own_none;
	return CPUSLAB_OK;
}

void cpuslab_port_blocks_destroy(struct cpuslab_blocks *blocks)
{
	free_percpu(cpuslab__own_of(blocks->object));
	cpuslab__directory_destroy(blocks);
}

void cpuslab_port_block_set_live(struct cpuslab_blocks *blocks, uint32_t cpu,
				 bool live)
{
	cpuslab__own own = cpuslab__own_of(blocks->object);

	if (!cpu_possible(cpu))
		return;
	/* [live] pairs with cpuslab__own_at(). */
	smp_store_release(per_cpu_ptr(own, cpu),
			  live ? blocks->directory[cpu] : NULL);
}
