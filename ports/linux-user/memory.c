/* SPDX-License-Identifier: MIT */
/*
 * memory.c - address space by mmap, memory by mprotect.
 *
 * A block is not touched when it is committed: its pages are allocated on first
 * use, and the memory policy set by mbind() places each on its CPU's node,
 * whichever thread touches it first.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <linux/mempolicy.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "discover.h"
#include "private.h"

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif

#define MEMORY_MAX_NODES 1024u
#define MEMORY_WORD_BITS (8 * sizeof(unsigned long))

/* LeakSanitizer searches registered regions for pointers. */
void __lsan_register_root_region(const void *addr, size_t bytes)
	__attribute__((weak));
void __lsan_unregister_root_region(const void *addr, size_t bytes)
	__attribute__((weak));

size_t cpuslab_port_page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

int cpuslab_port_reserve(size_t bytes, size_t align, void **addr)
{
	size_t slack = align - cpuslab_port_page_size();
	uintptr_t start, aligned;
	void *mapped;

	if (bytes + slack < bytes)
		return -CPUSLAB_ENOMEM;
	mapped = mmap(NULL, bytes + slack, PROT_NONE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mapped == MAP_FAILED)
		return -CPUSLAB_ENOMEM;
	start = (uintptr_t)mapped;
	aligned = (start + align - 1) & ~((uintptr_t)align - 1);
	if (aligned > start)
		munmap(mapped, aligned - start);
	if (start + slack > aligned)
		munmap((void *)(aligned + bytes), start + slack - aligned);
	/* A huge page would span many blocks and so commit them all. */
	madvise((void *)aligned, bytes, MADV_NOHUGEPAGE);
	if (__lsan_register_root_region)
		__lsan_register_root_region((void *)aligned, bytes);
	*addr = (void *)aligned;
	return CPUSLAB_OK;
}

void cpuslab_port_unreserve(void *addr, size_t bytes)
{
	if (__lsan_unregister_root_region)
		__lsan_unregister_root_region(addr, bytes);
	munmap(addr, bytes);
}

/* Only a preference: a full or missing node must not fail an admission. */
static void memory_prefer_node(void *addr, size_t bytes, uint32_t cpu)
{
	unsigned long mask[MEMORY_MAX_NODES / MEMORY_WORD_BITS] = { 0 };
	uint32_t node;

	if (cpu >= CPUSLAB_SHARED || cpuslab__node_count() < 2)
		return;
	node = cpuslab__node_of_cpu(cpu);
	if (node >= MEMORY_MAX_NODES)
		return;
	mask[node / MEMORY_WORD_BITS] = 1ul << node % MEMORY_WORD_BITS;
	syscall(SYS_mbind, addr, bytes, MPOL_PREFERRED, mask,
		(unsigned long)MEMORY_MAX_NODES + 1, 0u);
}

static void memory_forget_node(void *addr, size_t bytes)
{
	if (cpuslab__node_count() > 1)
		syscall(SYS_mbind, addr, bytes, MPOL_DEFAULT, NULL, 0ul, 0u);
}

int cpuslab_port_commit(void *addr, size_t bytes, uint32_t cpu)
{
	int err, saved = errno; /* the caller may be a signal handler */

	memory_prefer_node(addr, bytes, cpu);
	err = mprotect(addr, bytes, PROT_READ | PROT_WRITE);
	if (err)
		memory_forget_node(addr, bytes);
	errno = saved;
	return err ? -CPUSLAB_ENOMEM : CPUSLAB_OK;
}

/*
 * Free pages, so that they read as zero. Pages locked by mlockall() need
 * another advice; what cannot be freed is at least cleared.
 */
static void memory_drop(void *addr, size_t bytes)
{
	if (!madvise(addr, bytes, MADV_DONTNEED) ||
	    !madvise(addr, bytes, MADV_DONTNEED_LOCKED))
		return;
	if (munlock(addr, bytes) || madvise(addr, bytes, MADV_DONTNEED))
		memset(addr, 0, bytes);
}

void cpuslab_port_clear(void *addr, size_t bytes)
{
	size_t page = cpuslab_port_page_size();
	char *end = (char *)addr + bytes;
	char *first = (char *)(((uintptr_t)addr + page - 1) & ~(page - 1));
	char *last = (char *)((uintptr_t)end & ~(page - 1));

	if (first >= last) {
		memset(addr, 0, bytes);
		return;
	}
	memset(addr, 0, (size_t)(first - (char *)addr));
	memory_drop(first, (size_t)(last - first));
	memset(last, 0, (size_t)(end - last));
}

void cpuslab_port_decommit(void *addr, size_t bytes)
{
	memory_drop(addr, bytes);
	mprotect(addr, bytes, PROT_NONE);
	memory_forget_node(addr, bytes);
}

void *cpuslab_port_zalloc(size_t bytes)
{
	return calloc(1, bytes);
}

void cpuslab_port_free(void *ptr)
{
	free(ptr);
}
