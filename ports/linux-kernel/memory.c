// SPDX-License-Identifier: MIT
/*
 * memory.c - small allocations, and blocks on their CPUs' nodes.
 *
 * A failed allocation is an expected result (the onlining can be tried again),
 * so it neither warns nor invokes the OOM killer.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include <cpuslab/port.h>

#include "../../lib/base/block_directory.h"
#include "inject.h"

#define MEMORY_GFP (GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

static void *memory_get(size_t bytes, int node)
{
	void *memory;
	u64 begin;

	might_sleep();
	if (cpuslab__inject_fails())
		return NULL;
	begin = cpuslab__inject_begin();
	memory = kvzalloc_node(bytes, MEMORY_GFP, node);
	cpuslab__inject_end(begin);
	return memory;
}

void *cpuslab_port_zalloc(size_t bytes)
{
	return memory_get(bytes, NUMA_NO_NODE);
}

void cpuslab_port_free(void *ptr)
{
	kvfree(ptr);
}

int cpuslab_port_block_alloc(struct cpuslab_blocks *blocks, uint32_t index,
			     bool wait)
{
	int node = index < nr_cpu_ids && index < blocks->limit ?
			   cpu_to_node(index) :
			   NUMA_NO_NODE;

	return cpuslab__directory_put(blocks, index,
				      memory_get(blocks->bytes, node));
}

void cpuslab_port_block_free(struct cpuslab_blocks *blocks, uint32_t index,
			     bool wait)
{
	kvfree(cpuslab__directory_take(blocks, index));
}

size_t cpuslab_port_page_size(void)
{
	return PAGE_SIZE;
}
