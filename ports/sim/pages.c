/* SPDX-License-Identifier: MIT */
/*
 * pages.c - address space that is inaccessible until it is committed, with one
 * byte of state for each page.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <stdlib.h>
#include <sys/mman.h>

#include "internal.h"

struct pages {
	struct pages *next;
	char *addr;
	size_t bytes;
	uint8_t *committed; /* [bytes / page size] */
};

static struct pages *pages_first;
static uint64_t pages_reserved;
static uint64_t pages_committed;
static size_t pages_most; /* larger reservations fail; 0: none */

size_t cpuslab_port_page_size(void)
{
	return sim__config.page_size ? sim__config.page_size : 4096;
}

void sim_fail_reserve_above(size_t bytes)
{
	pages_most = bytes;
}

static char *pages_map(size_t bytes, size_t align)
{
	size_t slack = align;
	char *mapped, *aligned;

	if (bytes + slack < bytes)
		return NULL;
	mapped = mmap(NULL, bytes + slack, PROT_NONE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mapped == MAP_FAILED)
		return NULL;
	aligned = (char *)(((uintptr_t)mapped + align - 1) &
			   ~((uintptr_t)align - 1));
	if (aligned > mapped)
		munmap(mapped, (size_t)(aligned - mapped));
	munmap(aligned + bytes, (size_t)(mapped + slack - aligned));
	return aligned;
}

int cpuslab_port_reserve(size_t bytes, size_t align, void **addr)
{
	struct pages *pages;

	sim__need_init();
	sim__point();
	if (sim__alloc_fails() || (pages_most && bytes > pages_most))
		return -CPUSLAB_ENOMEM;
	pages = calloc(1, sizeof(*pages));
	if (!pages)
		return -CPUSLAB_ENOMEM;
	pages->bytes = bytes;
	pages->addr = pages_map(bytes, align);
	if (!pages->addr)
		goto free_pages;
	pages->committed = calloc(bytes / cpuslab_port_page_size(), 1);
	if (!pages->committed)
		goto unmap;
	pages->next = pages_first;
	pages_first = pages;
	pages_reserved += bytes;
	*addr = pages->addr;
	return CPUSLAB_OK;
unmap:
	munmap(pages->addr, bytes);
free_pages:
	free(pages);
	return -CPUSLAB_ENOMEM;
}

static struct pages *pages_find(const void *addr)
{
	struct pages *pages;

	for (pages = pages_first; pages; pages = pages->next)
		if ((const char *)addr >= pages->addr &&
		    (const char *)addr < pages->addr + pages->bytes)
			return pages;
	return NULL;
}

static void pages_drop(struct pages *pages)
{
	struct pages **at = &pages_first;

	while (*at != pages)
		at = &(*at)->next;
	*at = pages->next;
	munmap(pages->addr, pages->bytes);
	pages_reserved -= pages->bytes;
	free(pages->committed);
	free(pages);
}

void cpuslab_port_unreserve(void *addr, size_t bytes)
{
	struct pages *pages = pages_find(addr);
	size_t i;

	sim__point();
	if (!pages || pages->addr != addr || pages->bytes != bytes)
		sim__panicf(
			"sim: unreserve of a range that was not reserved as such");
	for (i = 0; i < bytes / cpuslab_port_page_size(); i++)
		if (pages->committed[i])
			sim__panicf("sim: unreserve with committed pages");
	pages_drop(pages);
}

/* Turn all pages of a range from one state to the other. */
static void pages_turn(const void *addr, size_t bytes, bool commit)
{
	struct pages *pages = pages_find(addr);
	size_t page = cpuslab_port_page_size(), first, i;

	if (!pages || (uintptr_t)addr % page || bytes % page || !bytes ||
	    (const char *)addr + bytes > pages->addr + pages->bytes)
		sim__panicf(
			"sim: %s of a range that is not whole pages of a reservation",
			commit ? "commit" : "decommit");
	first = (size_t)((const char *)addr - pages->addr) / page;
	for (i = first; i < first + bytes / page; i++) {
		if (pages->committed[i] == commit)
			sim__panicf("sim: %s twice",
				    commit ? "commit" : "decommit");
		pages->committed[i] = commit;
	}
	pages_committed += commit ? bytes : -bytes;
}

int cpuslab_port_commit(void *addr, size_t bytes, uint32_t cpu)
{
	sim__need_init();
	sim__point();
	if (sim__alloc_fails() || sim__cpu_commit_fails(cpu))
		return -CPUSLAB_ENOMEM;
	pages_turn(addr, bytes, true);
	if (mprotect(addr, bytes, PROT_READ | PROT_WRITE)) {
		pages_turn(addr, bytes, false);
		return -CPUSLAB_ENOMEM;
	}
	sim__order_forget(addr, bytes);
	sim__point();
	return CPUSLAB_OK;
}

void cpuslab_port_decommit(void *addr, size_t bytes)
{
	sim__point();
	pages_turn(addr, bytes, false);
	madvise(addr, bytes, MADV_DONTNEED);
	mprotect(addr, bytes, PROT_NONE);
}

void cpuslab_port_clear(void *addr, size_t bytes)
{
	sim__point();
	memset(addr, 0, bytes);
	sim__order_forget(addr, bytes);
}

void sim__pages_fini(void)
{
	while (pages_first)
		pages_drop(pages_first);
	pages_committed = 0;
	pages_most = 0;
}

unsigned int sim__pages_count(void)
{
	const struct pages *pages;
	unsigned int count = 0;

	for (pages = pages_first; pages; pages = pages->next)
		count++;
	return count;
}

uint64_t sim_reserved(void)
{
	return pages_reserved;
}

uint64_t sim_committed(void)
{
	return pages_committed;
}

bool sim_is_committed(const void *addr)
{
	const struct pages *pages = pages_find(addr);

	return pages &&
	       pages->committed[(size_t)((const char *)addr - pages->addr) /
				cpuslab_port_page_size()];
}
