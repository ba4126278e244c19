/* SPDX-License-Identifier: MIT */
/*
 * paged.c - a driver with memory that can be paged out where operations access
 * it, or that can be moved where it is pinned, each time in a thread that a bug
 * check may end.
 */
#include "tester.h"

#define PAGED_TAG 0x65676150u /* Page */
#define PAGED_BYTES 256u      /* more than a handle, a node, a record */

static struct cpuslab_ring paged_ring;
static void *paged_memory;
static uint32_t paged_which;
static int paged_result;
static uint32_t paged_came_back;

static void paged_use(void)
{
	struct tester_driver *driver = &tester_drivers[0];
	struct cpuslab_node *popped;

	switch (paged_which) {
	case PAGED_HANDLE:
		memcpy(paged_memory, &driver->counter.handle,
		       sizeof(driver->counter.handle));
		paged_result = cpuslab_add(paged_memory, 0, 0);
		break;
	case PAGED_NODE:
		cpuslab_stack_push(&driver->stack, paged_memory);
		paged_result = cpuslab_stack_pop(&driver->stack, &popped);
		break;
	case PAGED_NOTHING:
		paged_result = __cpuslab_add(&driver->counter.handle, 0, 0);
		break;
	case PAGED_RING:
		paged_result =
			cpuslab_ring_append(&paged_ring, paged_memory, 8);
		break;
	default:
		paged_result =
			cpuslab_log_append(&driver->log, paged_memory, 8);
	}
}

static VOID NTAPI paged_run(PVOID unused)
{
	(void)unused;
	paged_use();
	cpuslab_assert(paged_result >= 0);
	cpuslab_store_release_u32(&paged_came_back, 1);
	PsTerminateSystemThread(STATUS_SUCCESS);
}

void tester_paged(struct control *control)
{
	HANDLE thread;

	paged_which = control->arg[0];
	paged_memory = ExAllocatePoolWithTag(PagedPool, PAGED_BYTES, PAGED_TAG);
	if (!paged_memory)
		return;
	control->status = cpuslab_ring_init(&paged_ring, tester_drivers[0].slab,
					    4 * cpuslab_port_page_size(), 0);
	if (control->status)
		return;
	cpuslab_store_release_u32(&paged_came_back, 0);
	control->status = tester_spawn(paged_run, NULL, &thread);
	if (!control->status)
		tester_join(thread);
	cpuslab_ring_fini(&paged_ring);
	ExFreePoolWithTag(paged_memory, PAGED_TAG);
	control->result[0] = cpuslab_load_acquire_u32(&paged_came_back);
#ifdef CPUSLAB_DEBUG
	control->result[1] = 1;
#endif
}
