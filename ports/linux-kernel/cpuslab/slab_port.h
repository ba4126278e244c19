/* SPDX-License-Identifier: MIT */
/*
 * slab_port.h - what slab->port points to, in slabs of the port's own.
 */
#ifndef CPUSLAB_SLAB_PORT_H
#define CPUSLAB_SLAB_PORT_H

#include <cpuslab/port.h>

struct cpuslab__slab_port {
	struct cpuslab__statics *statics; /* whose word finds the blocks */
	struct cpuslab_ring_file *file;   /* whose blocks can be mapped */
};

CPUSLAB_INLINE struct cpuslab__statics *
cpuslab__statics_of(const struct cpuslab_blocks *blocks)
{
	const struct cpuslab__slab_port *port =
		(const struct cpuslab__slab_port *)blocks->port;

	return port ? port->statics : NULL;
}

CPUSLAB_INLINE struct cpuslab_ring_file *
cpuslab__ring_file_of(const struct cpuslab_blocks *blocks)
{
	const struct cpuslab__slab_port *port =
		(const struct cpuslab__slab_port *)blocks->port;

	return port ? port->file : NULL;
}

/* ring_pages.c: the blocks of a file; see port.h */
void *cpuslab__ring_pages_alloc(const struct cpuslab_blocks *blocks, u32 index,
				int node, gfp_t gfp);
void cpuslab__ring_pages_free(const struct cpuslab_blocks *blocks, u32 index);
/* Its objects are constructed: it can be mapped from now on. */
void cpuslab__ring_pages_show(const struct cpuslab_blocks *blocks, u32 index);

#endif /* CPUSLAB_SLAB_PORT_H */
