/* SPDX-License-Identifier: MIT */
/*
 * memory.c - each block is an allocation of VirtualAlloc.
 *
 * Its pages are zero and take memory when they are first touched, whichever
 * thread does that: on the node of the block's processor, if there is room.
 */
#include "../../lib/base/block_directory.h"
#include "user_private.h"

#define MEMORY_NO_NODE 0xffff

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

/* The node of processor @cpu. False: it has none, or it is not known. */
static bool memory_node(uint32_t cpu, USHORT *node)
{
	PROCESSOR_NUMBER processor;
	uint32_t group, number;

	if (cpuslab_group_from_cpu(cpuslab__win_groups(), cpu, &group, &number))
		return false;
	memset(&processor, 0, sizeof(processor));
	processor.Group = (WORD)group;
	processor.Number = (BYTE)number;
	return GetNumaProcessorNodeEx(&processor, node) &&
	       *node != MEMORY_NO_NODE;
}

int cpuslab_port_block_alloc(struct cpuslab_blocks *blocks, uint32_t index,
			     bool wait)
{
	DWORD how = MEM_RESERVE | MEM_COMMIT;
	USHORT node;
	void *block;

	(void)wait;
	if (index < blocks->limit && memory_node(index, &node))
		block = VirtualAllocExNuma(GetCurrentProcess(), NULL,
					   blocks->bytes, how, PAGE_READWRITE,
					   node);
	else
		block = VirtualAlloc(NULL, blocks->bytes, how, PAGE_READWRITE);
	return cpuslab__directory_put(blocks, index, block);
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
