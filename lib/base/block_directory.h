/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_LIB_BLOCK_DIRECTORY_H
#define CPUSLAB_LIB_BLOCK_DIRECTORY_H
/*
 * block_directory.h - blocks as allocations of their own, found by an array of
 * pointers that never moves: for ports, which allocate the blocks.
 */

#include <cpuslab/port.h>

/*
 * Set up blocks->directory with no block, for handles as well. Returns
 * -CPUSLAB_ENOMEM.
 */
int cpuslab__directory_create(struct cpuslab_blocks *blocks);
void cpuslab__directory_destroy(struct cpuslab_blocks *blocks);
/* Enter a block. Returns -CPUSLAB_ENOMEM if it is NULL. */
int cpuslab__directory_put(struct cpuslab_blocks *blocks, uint32_t index,
			   void *block);
/* Remove a block, and return it. */
void *cpuslab__directory_take(struct cpuslab_blocks *blocks, uint32_t index);

#endif /* CPUSLAB_LIB_BLOCK_DIRECTORY_H */
