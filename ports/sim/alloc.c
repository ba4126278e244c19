/* SPDX-License-Identifier: MIT */
/*
 * alloc.c - small allocations, and making allocations fail.
 */
#include <stdlib.h>

#include "internal.h"

/* Precedes each allocation, so that leaks can be found and freed. */
struct alloc_head {
	struct alloc_head *next;
	struct alloc_head **link;
};

static struct {
	struct alloc_head *first;
	uint64_t live;
	uint64_t asked;
	uint64_t fail_at;   /* of asked; 0: none */
	uint64_t fail_from; /* likewise */
} alloc_all;

void sim__alloc_init(void)
{
	memset(&alloc_all, 0, sizeof(alloc_all));
}

static void alloc_unlink(struct alloc_head *head)
{
	*head->link = head->next;
	if (head->next)
		head->next->link = head->link;
	alloc_all.live--;
}

void sim__alloc_fini(void)
{
	while (alloc_all.first) {
		struct alloc_head *head = alloc_all.first;

		alloc_all.first = head->next;
		free(head);
	}
	alloc_all.live = 0;
}

/* Count one more allocation; return whether it must fail. */
bool sim__alloc_fails(void)
{
	if (!cpuslab_port_may_sleep())
		sim__panicf(
			"sim: memory is allocated where the thread may not sleep");
	alloc_all.asked++;
	return alloc_all.asked == alloc_all.fail_at ||
	       (alloc_all.fail_from && alloc_all.asked >= alloc_all.fail_from);
}

void *cpuslab_port_zalloc(size_t bytes)
{
	struct alloc_head *head;

	sim__need_init();
	if (sim__self()->signals)
		sim__panicf("sim: memory is allocated in a signal handler");
	sim__point();
	if (sim__alloc_fails())
		return NULL;
	head = calloc(1, sizeof(*head) + bytes);
	if (!head)
		return NULL;
	head->next = alloc_all.first;
	head->link = &alloc_all.first;
	if (head->next)
		head->next->link = &head->next;
	alloc_all.first = head;
	alloc_all.live++;
	sim__order_forget(head, sizeof(*head) + bytes);
	return head + 1;
}

void cpuslab_port_free(void *ptr)
{
	struct alloc_head *head = ptr;

	if (!ptr)
		return;
	alloc_unlink(--head);
	free(head);
}

uint64_t sim_zallocs(void)
{
	return alloc_all.live;
}

uint64_t sim_allocs(void)
{
	return alloc_all.asked;
}

void sim_fail_alloc_at(uint64_t n)
{
	alloc_all.fail_at = n ? alloc_all.asked + n : 0;
}

void sim_fail_alloc_from(uint64_t n)
{
	alloc_all.fail_from = n ? alloc_all.asked + n : 0;
}
