/* SPDX-License-Identifier: MIT */
/*
 * memory.c - non-paged pool, because operations run at DISPATCH_LEVEL.
 */
#include "../../lib/base/block_directory.h"
#include "kernel_private.h"

#define MEMORY_PAGE ((size_t)4096)

/* Not executable where the system has such a pool: since Windows 8 (6.2). */
static POOL_TYPE memory_pool;
static bool memory_has_nodes;

void cpuslab__nt_memory_init(void)
{
	ULONG major = 0, minor = 0;

	PsGetVersion(&major, &minor, NULL, NULL);
	memory_pool = major > 6 || (major == 6 && minor >= 2) ? NonPagedPoolNx :
								NonPagedPool;
	memory_has_nodes = KeQueryHighestNodeNumber() > 0;
}

static void *memory_alloc(size_t bytes, uint32_t tag)
{
	void *memory = ExAllocatePoolWithTag(memory_pool, bytes, tag);

	if (memory)
		memset(memory, 0, bytes);
	return memory;
}

void *cpuslab_port_zalloc(size_t bytes)
{
	return memory_alloc(bytes, CPUSLAB_POOL_TAG_SMALL);
}

void cpuslab_port_free(void *ptr)
{
	if (ptr)
		ExFreePoolWithTag(ptr, CPUSLAB_POOL_TAG_SMALL);
}

size_t cpuslab_port_page_size(void)
{
	return MEMORY_PAGE;
}

/*
 * Pool is allocated on the node of the calling processor, so run there. No
 * thread can run on a processor that is being added; its block lies on the node
 * where Start runs.
 */
static void *memory_on_node(size_t bytes, uint32_t cpu)
{
	GROUP_AFFINITY there, before;
	PROCESSOR_NUMBER number;
	void *block;

	if (!memory_has_nodes || !cpuslab_kernel_cpu_active(cpu) ||
	    !cpuslab__nt_cpu_number(cpu, &number))
		return memory_alloc(bytes, CPUSLAB_POOL_TAG_BLOCK);
	memset(&there, 0, sizeof(there));
	there.Group = number.Group;
	there.Mask = (KAFFINITY)1 << number.Number;
	KeSetSystemGroupAffinityThread(&there, &before);
	block = memory_alloc(bytes, CPUSLAB_POOL_TAG_BLOCK);
	KeRevertToUserGroupAffinityThread(&before);
	return block;
}

int cpuslab_port_block_alloc(struct cpuslab_blocks *blocks, uint32_t index,
			     bool wait)
{
	(void)wait;
	return cpuslab__directory_put(blocks, index,
				      memory_on_node(blocks->bytes, index));
}

void cpuslab_port_block_free(struct cpuslab_blocks *blocks, uint32_t index,
			     bool wait)
{
	(void)wait;
	ExFreePoolWithTag(cpuslab__directory_take(blocks, index),
			  CPUSLAB_POOL_TAG_BLOCK);
}

/*
 * Operations find their block in the directory: they cannot change processors
 * at DISPATCH_LEVEL, so this costs one more load only.
 */
int cpuslab_port_blocks_create(struct cpuslab_blocks *blocks)
{
	return cpuslab__directory_create(blocks);
}

void cpuslab_port_blocks_destroy(struct cpuslab_blocks *blocks)
{
	cpuslab__directory_destroy(blocks);
}

/* Nothing to do, since operations test the live byte. */
void cpuslab_port_block_set_live(struct cpuslab_blocks *blocks, uint32_t cpu,
				 bool live)
{
	(void)blocks;
	(void)cpu;
	(void)live;
}
