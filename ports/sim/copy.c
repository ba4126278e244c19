/* SPDX-License-Identifier: MIT */
/*
 * copy.c - how a section finds its CPU's copy: both forms of percpu.h. In the
 * second, handle.object is an array of block pointers (blocks.c).
 */
#include "internal.h"

void *sim__copy_find(const struct cpuslab_percpu *handle, uint32_t cpu,
		     size_t offset)
{
	uint8_t shift;
	char *block;

	if (cpu >= handle->limit)
		return NULL;
	if (!CPUSLAB_PORT_RESERVES) {
		block = cpuslab_load_acquire_ptr(
			&((char *const *)handle->object)[cpu]);
		return block ? block + handle->offset + offset : NULL;
	}
	/* [live] pairs with cpuslab__block_set_live(). */
	shift = cpuslab_load_acquire_u8(&handle->live[cpu]);
	if (!shift)
		return NULL;
	return (void *)(handle->object + offset + ((uintptr_t)cpu << shift));
}
