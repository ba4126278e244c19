/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "../../lib/base/buddy.h"
#include "region.h"

#ifndef MLOCK_ONFAULT /* glibc before 2.27 */
#define MLOCK_ONFAULT 0
#define mlock2(addr, bytes, flags) mlock(addr, bytes)
#endif

#define REGION_WINDOW ((size_t)1 << CPUSLAB__WINDOW_SHIFT)
#define REGION_FIRST ((size_t)64 << 10) /* committed at first */
/* Where pointers have 32 bits: leave address space to the program. */
#define REGION_MAX (SIZE_MAX / 16)

enum {
	WINDOW_CLOSED, /* inaccessible */
	WINDOW_OPEN,   /* may have blocks */
	WINDOW_EMPTY,  /* accessible, but without memory */
};

/* W, R under the mutex, but for the counts. */
struct cpuslab__region {
	struct cpuslab__region *next;
	char *base; /* of window 0; W create */
	uint32_t windows;
	uint32_t ranges;             /* allocated */
	size_t committed;            /* bytes of each window that has memory */
	struct cpuslab__buddy buddy; /* of the first bytes of a window; a page
					is its granule */
	uint32_t *blocks;            /* by window; W atomically */
	uint8_t *state;              /* by window: WINDOW_* */
};

struct cpuslab_port_mutex cpuslab__region_mutex = {
	.next = &cpuslab__rcu_call_mutex,
};
static struct cpuslab__region *region_first;

bool cpuslab__region_refused;

/* ---- address space ------------------------------------------------------ */

static size_t region_bytes(const struct cpuslab__region *region)
{
	return (size_t)region->windows << CPUSLAB__WINDOW_SHIFT;
}

/* Inaccessible; in no core dump; a huge page would span many blocks. */
static void region_advise(char *addr, size_t bytes)
{
	madvise(addr, bytes, MADV_NOHUGEPAGE);
	madvise(addr, bytes, MADV_DONTDUMP);
}

/*
 * Ranges that were touched apart would never become one mapping, unless the
 * kernel's bookkeeping (anon_vma) for all of the region began with one page.
 * Reserved space need not be locked.
 */
static void region_touch(struct cpuslab__region *region)
{
	size_t page = cpuslab_port_page_size();

	if (mprotect(region->base, page, PROT_READ | PROT_WRITE))
		return;
	cpuslab__memory_unlock(region->base, region_bytes(region));
	*(volatile char *)region->base = 0;
	cpuslab__memory_drop(region->base, page);
	mprotect(region->base, page, PROT_NONE);
}

static bool region_map(struct cpuslab__region *region)
{
	size_t bytes = region_bytes(region);
	char *mapped, *aligned;

	mapped = mmap(NULL, bytes + REGION_WINDOW, PROT_NONE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mapped == MAP_FAILED)
		return false;
	aligned = (char *)(((uintptr_t)mapped + REGION_WINDOW - 1) &
			   ~(REGION_WINDOW - 1));
	if (aligned > mapped)
		munmap(mapped, (size_t)(aligned - mapped));
	munmap(aligned + bytes, (size_t)(mapped + REGION_WINDOW - aligned));
	region->base = aligned;
	region_advise(aligned, bytes);
	region_touch(region);
	if (__lsan_register_root_region)
		__lsan_register_root_region(aligned, bytes);
	return true;
}

/* The bytes of both arrays; mapped, since most of them are never touched. */
static size_t region_counts(const struct cpuslab__region *region)
{
	return region->windows *
	       (sizeof(*region->blocks) + sizeof(*region->state));
}

static bool region_count(struct cpuslab__region *region)
{
	void *mapped = mmap(NULL, region_counts(region), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mapped == MAP_FAILED)
		return false;
	region->blocks = mapped;
	region->state = (uint8_t *)(region->blocks + region->windows);
	return true;
}

static void region_destroy(struct cpuslab__region *region)
{
	if (region->base) {
		if (__lsan_unregister_root_region)
			__lsan_unregister_root_region(region->base,
						      region_bytes(region));
		munmap(region->base, region_bytes(region));
	}
	if (region->buddy.words)
		cpuslab__buddy_fini(&region->buddy);
	if (region->blocks)
		munmap(region->blocks, region_counts(region));
	free(region);
}

/* A page is the buddy allocator's granule. */
static size_t region_granules(size_t bytes)
{
	return bytes / cpuslab_port_page_size() << CPUSLAB__BUDDY_MIN;
}

static struct cpuslab__region *region_create(uint32_t windows)
{
	struct cpuslab__region *region = calloc(1, sizeof(*region));
	uint32_t order = (uint32_t)__builtin_ctzl(
		(unsigned long)region_granules(REGION_WINDOW));

	if (!region)
		return NULL;
	region->windows = windows;
	if ((uint64_t)windows << CPUSLAB__WINDOW_SHIFT <= REGION_MAX &&
	    region_count(region) &&
	    !cpuslab__buddy_init(&region->buddy, order) && region_map(region))
		return region;
	region_destroy(region);
	return NULL;
}

/* ---- memory of windows -------------------------------------------------- */

static char *region_window(const struct cpuslab__region *region,
			   uint32_t window)
{
	return region->base + ((size_t)window << CPUSLAB__WINDOW_SHIFT);
}

#define REGION_UNLOCKED (-1)

/*
 * How does mlockall() make the system lock new memory now: flags of mlock2(),
 * or REGION_UNLOCKED. Locked memory refuses MADV_DONTNEED; another error is a
 * sandbox's. A fork or munlockall() ends it, so it is asked each time.
 */
static int region_lock_mode(void)
{
	size_t page = cpuslab_port_page_size();
	int mode = REGION_UNLOCKED;
	unsigned char resident = 0;
	void *probe = mmap(NULL, page, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (probe == MAP_FAILED)
		return errno == EAGAIN ? 0 : REGION_UNLOCKED; /* the limit */
	if (madvise(probe, page, MADV_DONTNEED) && errno == EINVAL) {
		mincore(probe, page, &resident);
		mode = resident & 1 ? 0 : MLOCK_ONFAULT;
	}
	munmap(probe, page);
	return mode;
}

static int region_lock(char *addr, size_t bytes, int mode)
{
	if (mode == REGION_UNLOCKED || !mlock2(addr, bytes, (unsigned int)mode))
		return CPUSLAB_OK;
	/* A sandbox or an emulator may not know that call. */
	return errno == ENOSYS && !mlock(addr, bytes) ? CPUSLAB_OK :
							-CPUSLAB_ENOMEM;
}

/*
 * Make bytes [@from, @to) of a window accessible, and lock them as @mode; with
 * @place on the node of its CPU.
 */
static int region_open(struct cpuslab__region *region, uint32_t window,
		       size_t from, size_t to, int mode, bool place)
{
	char *addr = region_window(region, window) + from;
	uint32_t cpu = place && window ? window - 1 : CPUSLAB_NO_CPU;

	if (from == to)
		return CPUSLAB_OK;
	madvise(addr, to - from, MADV_DODUMP);
	if (cpuslab__memory_commit(addr, to - from, cpu))
		return -CPUSLAB_ENOMEM;
	return region_lock(addr, to - from, mode);
}

/*
 * Bytes on which no operation can be in a page fault. Map them again, because
 * mprotect() would keep the charge for the memory, and the memory policy would
 * keep mappings apart.
 */
static void region_close(struct cpuslab__region *region, uint32_t window,
			 size_t from, size_t to)
{
	char *addr = region_window(region, window) + from;

	if (from == to)
		return;
	if (mmap(addr, to - from, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
		 0) == MAP_FAILED) {
		cpuslab__memory_drop(addr, to - from);
		mprotect(addr, to - from, PROT_NONE);
	}
	region_advise(addr, to - from);
	cpuslab__memory_unlock(addr, to - from);
}

/*
 * Of a window whose CPU has been released. It stays accessible: an operation
 * that the fence aborts may be in a page fault, whose handler the kernel
 * completes before the abort, however long it takes; it would end the program
 * by SIGSEGV. The page that such a fault leaves is one of zeros.
 */
static void region_empty(struct cpuslab__region *region, uint32_t window)
{
	char *addr = region_window(region, window);
	size_t bytes = region->committed;

	if (madvise(addr, bytes, MADV_DONTNEED)) {
		cpuslab__memory_drop(addr, bytes);
		munlock(addr, bytes);
	}
	madvise(addr, bytes, MADV_DONTDUMP);
	region->state[window] = WINDOW_EMPTY;
}

/* No operation is in a page fault any more. */
static void region_close_empty(struct cpuslab__region *region)
{
	const uint8_t *end = region->state + region->windows;
	uint8_t *at = region->state;

	while ((at = memchr(at, WINDOW_EMPTY, (size_t)(end - at)))) {
		region_close(region, (uint32_t)(at - region->state), 0,
			     region->committed);
		*at = WINDOW_CLOSED;
	}
}

/* Commit more of every window that has memory; all or nothing. */
static int region_grow(struct cpuslab__region *region, size_t bytes)
{
	size_t from = region->committed;
	size_t to = from ? 2 * from : REGION_FIRST;
	uint32_t window, undo;
	int mode;

	while (to < from + bytes)
		to *= 2;
	if (to > REGION_WINDOW)
		return -CPUSLAB_ENOMEM;
	mode = region_lock_mode();
	for (window = 0; window < region->windows; window++)
		if (region->state[window] == WINDOW_OPEN &&
		    region_open(region, window, from, to, mode, true))
			goto close;
	cpuslab__buddy_free(&region->buddy, (uint32_t)region_granules(from),
			    region_granules(to - from));
	region->committed = to;
	return CPUSLAB_OK;
close:
	for (undo = 0; undo <= window; undo++)
		if (region->state[undo] == WINDOW_OPEN)
			region_close(region, undo, from, to);
	return -CPUSLAB_ENOMEM;
}

/* ---- ranges ------------------------------------------------------------- */

static bool range_take(struct cpuslab__region *region, size_t bytes,
		       uintptr_t *base)
{
	size_t granules = region_granules(bytes);
	uint32_t at;

	if (!cpuslab__buddy_alloc(&region->buddy, granules, granules, &at) &&
	    (region_grow(region, bytes) ||
	     !cpuslab__buddy_alloc(&region->buddy, granules, granules, &at)))
		return false;
	*base = (uintptr_t)region_window(region, 1) +
		(at >> CPUSLAB__BUDDY_MIN) * cpuslab_port_page_size();
	region->ranges++;
	return true;
}

/* In a forked child it may be lost. */
static bool range_lock(bool wait)
{
	if (!wait)
		return cpuslab_port_mutex_trylock(&cpuslab__region_mutex);
	return !cpuslab_port_mutex_enter(&cpuslab__region_mutex);
}

struct cpuslab__region *cpuslab__range_alloc(size_t bytes, uint32_t limit,
					     uintptr_t *base)
{
	struct cpuslab__region *region;
	uint32_t possible;

	if (cpuslab__region_refused || !range_lock(true))
		return NULL;
	for (region = region_first; region; region = region->next)
		if (region->windows > limit && range_take(region, bytes, base))
			goto unlock;
	possible = cpuslab_port_cpu_limit();
	region = region_create((limit > possible ? limit : possible) + 1);
	if (!region)
		goto unlock;
	region->next = region_first;
	region_first = region;
	if (!range_take(region, bytes, base))
		region = NULL;
unlock:
	cpuslab_port_mutex_unlock(&cpuslab__region_mutex);
	return region;
}

/* Keep one empty region: the next slab is likely to need it. */
static void region_drop_empty(void)
{
	struct cpuslab__region **at = &region_first, *region;
	bool kept = false;

	while ((region = *at)) {
		if (region->ranges || !kept) {
			kept |= !region->ranges;
			at = &region->next;
			continue;
		}
		*at = region->next;
		region_destroy(region);
	}
}

void cpuslab__range_free(struct cpuslab__region *region, uintptr_t base,
			 size_t bytes)
{
	size_t at = base - (uintptr_t)region_window(region, 1);

	if (!range_lock(true))
		return;
	cpuslab__buddy_free(&region->buddy, (uint32_t)region_granules(at),
			    region_granules(bytes));
	if (!--region->ranges)
		region_close_empty(region);
	region_drop_empty();
	cpuslab_port_mutex_unlock(&cpuslab__region_mutex);
}

int cpuslab__range_commit(struct cpuslab__region *region, uint32_t window,
			  bool wait)
{
	int err = CPUSLAB_OK;

	if (!range_lock(wait))
		return -CPUSLAB_ENOMEM;
	/* An operation that does not wait runs on the CPU, so it need not. */
	if (region->state[window] != WINDOW_OPEN) {
		err = region_open(region, window, 0, region->committed,
				  region_lock_mode(), wait);
		if (!err)
			region->state[window] = WINDOW_OPEN;
		else if (region->state[window] == WINDOW_EMPTY)
			region_empty(region, window);
		else
			region_close(region, window, 0, region->committed);
	}
	if (!err)
		cpuslab_fetch_add_u32(&region->blocks[window], 1);
	cpuslab_port_mutex_unlock(&cpuslab__region_mutex);
	return err;
}

void cpuslab__range_decommit(struct cpuslab__region *region, uint32_t window,
			     uintptr_t base, size_t bytes, bool wait)
{
	size_t at = base - (uintptr_t)region_window(region, 1);

	cpuslab_fetch_add_u32(&region->blocks[window], (uint32_t)-1);
	/* Otherwise a window that nothing uses stays accessible, and zero. */
	if (!range_lock(wait))
		return;
	if (cpuslab_load_relaxed_u32(&region->blocks[window])) {
		cpuslab__memory_drop(region_window(region, window) + at, bytes);
	} else if (region->state[window] == WINDOW_OPEN) {
		region_empty(region, window);
	}
	cpuslab_port_mutex_unlock(&cpuslab__region_mutex);
}

/* When the library is unloaded, or the program ends, perhaps with threads. */
__attribute__((destructor(CPUSLAB__FINI_LATE))) static void region_fini(void)
{
	if (!region_first || !range_lock(false))
		return;
	while (region_first && !region_first->ranges) {
		struct cpuslab__region *region = region_first;

		region_first = region->next;
		region_destroy(region);
	}
	cpuslab_port_mutex_unlock(&cpuslab__region_mutex);
}
