/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_PORT_DIRECTORY_H
#define CPUSLAB_PORT_DIRECTORY_H
/*
 * directory.h - for a port whose blocks are allocations of their own, found by
 * blocks->directory (lib/base/block_directory.h): what it defines inline.
 */

#define CPUSLAB_PORT_BLOCK_MAX ((size_t)1 << 30)

CPUSLAB_BEGIN

CPUSLAB_INLINE void *cpuslab_port_block(const struct cpuslab_blocks *blocks,
					uint32_t index)
{
	return cpuslab_load_relaxed_ptr(&blocks->directory[index]);
}

CPUSLAB_INLINE void
cpuslab_port_handle_init(struct cpuslab_percpu *handle,
			 const struct cpuslab_blocks *blocks,
			 const uint8_t *live)
{
	handle->object = blocks->object;
	handle->live = live;
}

CPUSLAB_INLINE uint8_t *cpuslab_port_live_create(uint32_t limit)
{
	return (uint8_t *)cpuslab_port_zalloc(limit);
}

CPUSLAB_INLINE void cpuslab_port_live_destroy(uint8_t *live)
{
	cpuslab_port_free(live);
}

CPUSLAB_INLINE bool cpuslab_port_drop(void *addr, size_t bytes)
{
	(void)addr;
	(void)bytes;
	return false;
}

CPUSLAB_END

#endif /* CPUSLAB_PORT_DIRECTORY_H */
