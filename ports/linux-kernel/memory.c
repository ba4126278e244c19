// SPDX-License-Identifier: MIT
/*
 * memory.c - small allocations, and blocks on their CPUs' nodes, which may be
 * charged to a memory cgroup.
 *
 * A failed allocation is an expected result (the onlining can be tried again),
 * so it neither warns nor invokes the OOM killer.
 */
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include <cpuslab/gfp.h>
#include <cpuslab/port.h>
#include <cpuslab/slab_port.h>

#include "../../lib/base/block_directory.h"
#include "../../lib/core/slab_internal.h"
#include "inject.h"

#define MEMORY_GFP (GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

static void *memory_get(size_t bytes, int node, gfp_t gfp)
{
	void *memory;
	u64 begin;

	might_sleep();
	if (cpuslab__inject_fails())
		return NULL;
	begin = cpuslab__inject_begin();
	memory = kvzalloc_node(bytes, MEMORY_GFP | gfp, node);
	cpuslab__inject_end(begin);
	return memory;
}

void *cpuslab_port_zalloc(size_t bytes)
{
	return memory_get(bytes, NUMA_NO_NODE, 0);
}

void cpuslab_port_free(void *ptr)
{
	kvfree(ptr);
}

static void *memory_get_block(const struct cpuslab_blocks *blocks, u32 index,
			      int node, gfp_t gfp)
{
	return cpuslab__ring_file_of(blocks) ?
		       cpuslab__ring_pages_alloc(blocks, index, node,
						 MEMORY_GFP | gfp) :
		       memory_get(blocks->bytes, node, gfp);
}

int cpuslab_port_block_alloc(struct cpuslab_blocks *blocks, uint32_t index,
			     bool wait)
{
	int node = index < nr_cpu_ids && index < blocks->limit ?
			   cpu_to_node((int)index) :
			   NUMA_NO_NODE;
	struct mem_cgroup *active;
	void *block;

	if (!blocks->account) {
		block = memory_get_block(blocks, index, node, 0);
	} else {
		active = set_active_memcg(blocks->account);
		block = memory_get_block(blocks, index, node, __GFP_ACCOUNT);
		set_active_memcg(active);
	}
	return cpuslab__directory_put(blocks, index, block);
}

void cpuslab_port_block_free(struct cpuslab_blocks *blocks, uint32_t index,
			     bool wait)
{
	void *block = cpuslab__directory_take(blocks, index);

	if (cpuslab__ring_file_of(blocks))
		cpuslab__ring_pages_free(blocks, index);
	else
		kvfree(block);
}

/* The active memory cgroup, if set, else that of the calling process. */
void *cpuslab_port_account_get(void)
{
	return get_mem_cgroup_from_mm(NULL);
}

void cpuslab_port_account_put(void *account)
{
	mem_cgroup_put(account);
}

int cpuslab_alloc_gfp(struct cpuslab_slab *slab,
		      const struct cpuslab_type *type,
		      struct cpuslab_percpu *handle, gfp_t gfp)
{
	if (slab && (gfp & __GFP_ACCOUNT) &&
	    !(slab->flags & CPUSLAB_SLAB_ACCOUNT)) {
		if (handle)
			memset(handle, 0, sizeof(*handle));
		return -CPUSLAB_EINVAL;
	}
	return (gfp & GFP_KERNEL) == GFP_KERNEL ?
		       cpuslab_alloc(slab, type, handle) :
		       cpuslab_try_alloc(slab, type, handle);
}

size_t cpuslab_port_page_size(void)
{
	return PAGE_SIZE;
}
