/* SPDX-License-Identifier: MIT */
/*
 * memory.c - non-paged pool, because operations run at DISPATCH_LEVEL.
 */
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
void *cpuslab_port_block_alloc(size_t bytes, uint32_t cpu)
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

void cpuslab_port_block_free(void *block, size_t bytes)
{
	(void)bytes;
	if (block)
		ExFreePoolWithTag(block, CPUSLAB_POOL_TAG_BLOCK);
}

/*
 * Operations find their block in the library's directory: they cannot change
 * processors at DISPATCH_LEVEL, so this costs one more load only.
 */
int cpuslab_port_percpu_ptr_create(void **blocks, uint32_t limit,
				   uintptr_t *own)
{
	(void)limit;
	*own = (uintptr_t)blocks;
	return CPUSLAB_OK;
}

void cpuslab_port_percpu_ptr_destroy(uintptr_t own)
{
	(void)own;
}

/* Nothing to do, since operations test the live byte. */
void cpuslab_port_percpu_ptr_set(uintptr_t own, uint32_t cpu, void *block)
{
	(void)own;
	(void)cpu;
	(void)block;
}
