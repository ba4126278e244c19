/* SPDX-License-Identifier: MIT */
/*
 * copy.c - how a section finds its CPU's copy: by the array of blocks.c.
 */
#include "internal.h"

void *sim__copy_find(const struct cpuslab_percpu *handle, uint32_t cpu,
		     size_t offset)
{
	char *const *own;
	char *block;

	/* [named.publish] Acquire, before the rest of the handle is used. */
	if (cpu >= cpuslab_load_acquire_u32(&handle->limit))
		return NULL;
	own = (char *const *)handle->object;
	/* [live] pairs with cpuslab_port_block_set_live(). */
	block = cpuslab_load_acquire_ptr(&own[cpu]);
	return block ? block + handle->offset + offset : NULL;
}
