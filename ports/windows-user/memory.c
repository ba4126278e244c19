/* SPDX-License-Identifier: MIT */
/*
 * memory.c - VirtualAlloc: reserve first, commit what is used.
 *
 * Committed pages are zero and take memory when they are first touched, on the
 * node of the thread that touches them.
 */
#include "user_private.h"

#define MEMORY_TRIES 8

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

/*
 * Part of a reservation cannot be released: reserve a range that is large
 * enough for the alignment, release it, and reserve its aligned part. Another
 * thread may take that range in between, so try again.
 */
static void *memory_reserve_aligned(size_t bytes, size_t align)
{
	int tries;

	for (tries = 0; tries < MEMORY_TRIES; tries++) {
		char *place = VirtualAlloc(NULL, bytes + align, MEM_RESERVE,
					   PAGE_NOACCESS);
		uintptr_t aligned = ((uintptr_t)place + align - 1) &
				    ~(uintptr_t)(align - 1);
		void *taken;

		if (!place)
			return NULL;
		VirtualFree(place, 0, MEM_RELEASE);
		taken = VirtualAlloc((void *)aligned, bytes, MEM_RESERVE,
				     PAGE_NOACCESS);
		if (taken)
			return taken;
	}
	return NULL;
}

int cpuslab_port_reserve(size_t bytes, size_t align, void **addr)
{
	void *reserved;

	if (bytes + align < bytes)
		return -CPUSLAB_ENOMEM;
	if (align <= memory_info().dwAllocationGranularity)
		reserved =
			VirtualAlloc(NULL, bytes, MEM_RESERVE, PAGE_NOACCESS);
	else
		reserved = memory_reserve_aligned(bytes, align);
	if (!reserved)
		return -CPUSLAB_ENOMEM;
	*addr = reserved;
	return CPUSLAB_OK;
}

void cpuslab_port_unreserve(void *addr, size_t bytes)
{
	(void)bytes;
	VirtualFree(addr, 0, MEM_RELEASE);
}

int cpuslab_port_commit(void *addr, size_t bytes, uint32_t cpu)
{
	/* A node can be chosen only when the range is reserved. */
	(void)cpu;
	return VirtualAlloc(addr, bytes, MEM_COMMIT, PAGE_READWRITE) ?
		       CPUSLAB_OK :
		       -CPUSLAB_ENOMEM;
}

void cpuslab_port_decommit(void *addr, size_t bytes)
{
	VirtualFree(addr, bytes, MEM_DECOMMIT);
}

/*
 * Decommitting and committing again would spare pages that were never touched,
 * but the second step can fail, and this function must not.
 */
void cpuslab_port_clear(void *addr, size_t bytes)
{
	memset(addr, 0, bytes);
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
