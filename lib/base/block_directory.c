/* SPDX-License-Identifier: MIT */
#include "block_directory.h"

int cpuslab__directory_create(struct cpuslab_blocks *blocks)
{
	blocks->directory = cpuslab_port_zalloc(sizeof(void *) *
						((size_t)blocks->limit + 1));
	blocks->object = (uintptr_t)blocks->directory;
	return blocks->directory ? CPUSLAB_OK : -CPUSLAB_ENOMEM;
}

void cpuslab__directory_destroy(struct cpuslab_blocks *blocks)
{
	cpuslab_port_free(blocks->directory);
}

int cpuslab__directory_put(struct cpuslab_blocks *blocks, uint32_t index,
			   void *block)
{
	if (!block)
		return -CPUSLAB_ENOMEM;
	cpuslab_store_release_ptr(&blocks->directory[index], block);
	return CPUSLAB_OK;
}

void *cpuslab__directory_take(struct cpuslab_blocks *blocks, uint32_t index)
{
	void *block = blocks->directory[index];

	cpuslab_store_relaxed_ptr(&blocks->directory[index], NULL);
	return block;
}
