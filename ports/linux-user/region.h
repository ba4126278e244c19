/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_LINUX_USER_REGION_H
#define CPUSLAB_LINUX_USER_REGION_H
/*
 * region.h - address space that all slabs share: a window that CPUs share, and
 * one for each CPU number.
 *
 *	| window 0: shared | 1: cpu 0 | 2: cpu 1 | ...	each 1 MiB
 *	    ^ range            ^ range    ^ range
 *
 * A range is the same bytes of every window, so the blocks of an extent lie at
 * equal distances. A window is inaccessible until it has a block; then its
 * first bytes, as many as ranges have ever needed, are committed. When its last
 * block is freed they lose their memory, but stay accessible until all ranges
 * are free. So mappings grow with the CPUs that have been in use, not with
 * slabs, and a slab whose CPUs have windows needs no system call.
 *
 * Synchronization: any thread, any time.
 */

#include "private.h"

struct cpuslab__region;

/*
 * Allocate @bytes, a power of two up to a window, in the windows of @limit CPUs
 * and the shared one. *base: where the range of CPU 0 is. NULL: address space
 * or memory was refused.
 */
struct cpuslab__region *cpuslab__range_alloc(size_t bytes, uint32_t limit,
					     uintptr_t *base);
/* No window has a block in the range, and no operation is in progress. */
void cpuslab__range_free(struct cpuslab__region *region, uintptr_t base,
			 size_t bytes);

/*
 * Put zeroed memory behind one window's part of a range. Without @wait the lock
 * is only tried. Returns -CPUSLAB_ENOMEM.
 */
int cpuslab__range_commit(struct cpuslab__region *region, uint32_t window,
			  bool wait);
/* Without @wait the block has not been written to. */
void cpuslab__range_decommit(struct cpuslab__region *region, uint32_t window,
			     uintptr_t base, size_t bytes, bool wait);

/* memory.c: give unused memory back that mlockall() may have locked. */
void cpuslab__memory_unlock(void *addr, size_t bytes);

/* memory.c: make pages accessible, on the node of @cpu; -CPUSLAB_ENOMEM. */
int cpuslab__memory_commit(void *addr, size_t bytes, uint32_t cpu);

/* LeakSanitizer searches registered regions for pointers. */
void __lsan_register_root_region(const void *addr, size_t bytes)
	__attribute__((weak));
void __lsan_unregister_root_region(const void *addr, size_t bytes)
	__attribute__((weak));

#endif /* CPUSLAB_LINUX_USER_REGION_H */
