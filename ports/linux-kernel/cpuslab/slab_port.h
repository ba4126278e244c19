/* SPDX-License-Identifier: MIT */
/*
 * slab_port.h - what slab->port points to, in slabs of the port's own. Their
 * objects end with the slab.
 */
#ifndef CPUSLAB_SLAB_PORT_H
#define CPUSLAB_SLAB_PORT_H

#include <linux/types.h>

struct cpuslab_blocks;

struct cpuslab__slab_port {
	struct cpuslab__statics *statics; /* whose word finds the blocks */
	struct cpuslab_ring_file *file;   /* whose blocks can be mapped */
};

/* ring_pages.c: the blocks of a file; the one of @blocks->limit is shared */
void *cpuslab__ring_pages_alloc(const struct cpuslab_blocks *blocks, u32 index,
				int node, gfp_t gfp);
void cpuslab__ring_pages_free(const struct cpuslab_blocks *blocks, u32 index);

#endif /* CPUSLAB_SLAB_PORT_H */
