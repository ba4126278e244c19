/* SPDX-License-Identifier: MIT */
/*
 * addends.c - the memory of what sums read.
 *
 * A sum that a grace period has restarted may still be in a page fault there,
 * as region_empty() says of blocks, and free() may unmap memory. So nothing is
 * freed while there is a slab: it loses its pages, and is allocated again.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "private.h"

struct addends_unused {
	struct addends_unused *next;
};

/* W, R cpuslab__region_mutex */
static struct addends_unused *addends_lists[8 * sizeof(size_t)]; /* by order */
static size_t addends_used; /* allocations; each slab has one at least */

static struct addends_unused **addends_list(size_t bytes, size_t *room)
{
	size_t order = 8 * sizeof(long) -
		       (size_t)__builtin_clzl((unsigned long)bytes - 1);

	*room = (size_t)1 << order;
	return &addends_lists[order];
}

void *cpuslab_port_addends_alloc(size_t bytes)
{
	struct addends_unused **list, *addends;
	size_t room;

	if (cpuslab_port_mutex_enter(&cpuslab__region_mutex))
		return NULL;
	list = addends_list(bytes, &room);
	addends = *list;
	if (addends) {
		*list = addends->next;
		memset(addends, 0, bytes);
	} else {
		addends = calloc(1, room);
	}
	addends_used += addends != NULL;
	cpuslab_port_mutex_unlock(&cpuslab__region_mutex);
	return addends;
}

static void addends_drop_pages(void *addends, size_t bytes)
{
	uintptr_t page = cpuslab_port_page_size();
	uintptr_t from = ((uintptr_t)addends + page - 1) & ~(page - 1);
	uintptr_t to = ((uintptr_t)addends + bytes) & ~(page - 1);

	if (from < to)
		madvise((void *)from, to - from, MADV_DONTNEED);
}

static void addends_free_all(void)
{
	struct addends_unused *addends;
	size_t order;

	for (order = 0; order < 8 * sizeof(size_t); order++)
		while ((addends = addends_lists[order])) {
			addends_lists[order] = addends->next;
			free(addends);
		}
}

void cpuslab_port_addends_free(void *addends, size_t bytes)
{
	struct addends_unused **list, *unused = addends;
	size_t room;

	/* In a forked child it may be lost. */
	if (cpuslab_port_mutex_enter(&cpuslab__region_mutex))
		return;
	addends_drop_pages(addends, bytes);
	list = addends_list(bytes, &room);
	unused->next = *list;
	*list = unused;
	if (!--addends_used)
		addends_free_all();
	cpuslab_port_mutex_unlock(&cpuslab__region_mutex);
}
