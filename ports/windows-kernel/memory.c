/* SPDX-License-Identifier: MIT */
/*
 * memory.c - non-paged pool, because operations run at DISPATCH_LEVEL.
 *
 * Which function allocates is decided when a driver is compiled. One for
 * systems before Windows 10 2004 calls there and on later systems what the
 * WDK's inline function calls.
 */
#include "kernel_private.h"

#include "../../lib/base/block_directory.h"

#if defined(__MINGW32__)
#include "mingw_pool.h"
#endif

#define MEMORY_PAGE ((size_t)4096)

static bool memory_has_nodes;
static uint32_t memory_tag_small, memory_tag_block;

void cpuslab__nt_memory_init(uint32_t tag)
{
#if !CPUSLAB_NT_HAS_POOL2
	ExInitializeDriverRuntime(DrvRtPoolNxOptIn);
#endif
	memory_tag_small = tag ? tag : CPUSLAB_POOL_TAG_SMALL;
	memory_tag_block = tag ? tag : CPUSLAB_POOL_TAG_BLOCK;
	memory_has_nodes = KeQueryHighestNodeNumber() > 0;
}

/* Not executable where the system has such a pool: since Windows 8. */
static void *memory_alloc(size_t bytes, uint32_t tag)
{
#if CPUSLAB_NT_HAS_POOL2
	return ExAllocatePool2(POOL_FLAG_NON_PAGED, bytes, tag);
#else
	return ExAllocatePoolZero(NonPagedPool, bytes, tag);
#endif
}

void *cpuslab_port_zalloc(size_t bytes)
{
	return memory_alloc(bytes, memory_tag_small);
}

void cpuslab_port_free(void *ptr)
{
	if (ptr)
		ExFreePoolWithTag(ptr, memory_tag_small);
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
		return memory_alloc(bytes, memory_tag_block);
	memset(&there, 0, sizeof(there));
	there.Group = number.Group;
	there.Mask = (KAFFINITY)1 << number.Number;
	KeSetSystemGroupAffinityThread(&there, &before);
	block = memory_alloc(bytes, memory_tag_block);
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
			  memory_tag_block);
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
