/* SPDX-License-Identifier: MIT */
/*
 * blocks.c - memory block by block, for the library on a system where address
 * space cannot be reserved. Each block is a reservation of its own, so a use
 * after free faults.
 */
#include "internal.h"

void *cpuslab_port_block_alloc(size_t bytes, uint32_t cpu)
{
	void *block;

	if (cpuslab_port_reserve(bytes, cpuslab_port_page_size(), &block))
		return NULL;
	if (!cpuslab_port_commit(block, bytes, cpu))
		return block;
	cpuslab_port_unreserve(block, bytes);
	return NULL;
}

void cpuslab_port_block_free(void *block, size_t bytes)
{
	cpuslab_port_decommit(block, bytes);
	cpuslab_port_unreserve(block, bytes);
}

/* An array of our own, like the per-CPU memory of a real system. */
int cpuslab_port_percpu_ptr_create(void **blocks, uint32_t limit,
				   uintptr_t *own)
{
	void *array = cpuslab_port_zalloc(limit * sizeof(void *));

	(void)blocks;
	if (!array)
		return -CPUSLAB_ENOMEM;
	*own = (uintptr_t)array;
	return CPUSLAB_OK;
}

void cpuslab_port_percpu_ptr_destroy(uintptr_t own)
{
	cpuslab_port_free((void *)own);
}

void cpuslab_port_percpu_ptr_set(uintptr_t own, uint32_t cpu, void *block)
{
	sim__point();
	/* [live] pairs with sim__copy_find(). */
	cpuslab_store_release_ptr(&((void **)own)[cpu], block);
}
