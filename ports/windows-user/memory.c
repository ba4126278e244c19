/* SPDX-License-Identifier: MIT */
/*
 * memory.c - each block is an allocation of VirtualAlloc.
 *
 * Its pages are zero and take memory when they are first touched, on the
 * node of the thread that touches them.
 */
#include "../../lib/base/block_directory.h"
#include "user_private.h"

static SYSTEM_INFO memory_info(void)
{
	SYSTEM_INFO info;

	GetSystemInfo(&info);
	return info;
}

size_t cpuslab_port_page_size(void)
{
	return memory_info().dwPageSize;
}

int cpuslab_port_blocks_create(struct cpuslab_blocks *blocks)
{
	return cpuslab__directory_create(blocks);
}

void cpuslab_port_blocks_destroy(struct cpuslab_blocks *blocks)
{
	cpuslab__directory_destroy(blocks);
}

int cpuslab_port_block_alloc(struct cpuslab_blocks *blocks, uint32_t index,
			     bool wait)
{
	(void)wait;
	return cpuslab__directory_put(blocks, index,
				      VirtualAlloc(NULL, blocks->bytes,
						   MEM_RESERVE | MEM_COMMIT,
						   PAGE_READWRITE));
}

void cpuslab_port_block_free(struct cpuslab_blocks *blocks, uint32_t index,
			     bool wait)
{
	(void)wait;
	VirtualFree(cpuslab__directory_take(blocks, index), 0, MEM_RELEASE);
}

/* Nothing to do: operations are atomics, and test the live byte. */
void cpuslab_port_block_set_live(struct cpuslab_blocks *blocks, uint32_t cpu,
				 bool live)
{
	(void)blocks;
	(void)cpu;
	(void)live;
}

void *cpuslab_port_zalloc(size_t bytes)
{
	return HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, bytes);
}

void cpuslab_port_free(void *ptr)
{
	if (ptr)
		HeapFree(GetProcessHeap(), 0, ptr);
}
