/* SPDX-License-Identifier: MIT */
/*
 * extent.c - extents: one block of equal size on each CPU in use, and a shared
 * one. No extent grows and no object moves; a slab grows by another extent.
 */
#include "slab_internal.h"

const void *cpuslab__copy(void)
{
	static const char copy;

	return &copy;
}

static int extent_init(struct cpuslab_extent *extent, struct cpuslab_slab *slab,
		       uint32_t order)
{
	int err;

	extent->copy = cpuslab__copy();
	extent->slab = slab;
	extent->blocks.bytes = (size_t)1 << order;
	extent->blocks.limit = slab->limit;
	extent->blocks.port = slab->port;
	extent->blocks.account = slab->account;
	err = cpuslab__buddy_init(&extent->buddy, order);
	if (err)
		return err;
	cpuslab__buddy_free(&extent->buddy, 0, extent->blocks.bytes);
	err = cpuslab_port_blocks_create(&extent->blocks);
	if (err)
		cpuslab__buddy_fini(&extent->buddy);
	return err;
}

static void extent_fini(struct cpuslab_extent *extent)
{
	cpuslab_port_blocks_destroy(&extent->blocks);
	cpuslab__buddy_fini(&extent->buddy);
}

int cpuslab__extent_alloc(struct cpuslab_extent *extent, uint32_t cpu,
			  bool wait)
{
	return cpuslab_port_block_alloc(
		&extent->blocks, cpuslab__extent_index(extent, cpu), wait);
}

void cpuslab__extent_free(struct cpuslab_extent *extent, uint32_t cpu,
			  bool wait)
{
	cpuslab_port_block_free(&extent->blocks,
				cpuslab__extent_index(extent, cpu), wait);
}

/* The blocks of all CPUs in use, and the shared one; all or nothing. */
static int extent_alloc_all(struct cpuslab_extent *extent)
{
	const struct cpuslab__cpubits *in_use = &extent->slab->in_use;
	uint32_t cpu, failed;
	int err = cpuslab__extent_alloc(extent, CPUSLAB_SHARED, true);

	if (err)
		return err;
	cpuslab__cpubits_for_each(failed, in_use) {
		err = cpuslab__extent_alloc(extent, failed, true);
		if (err)
			goto free;
	}
	return CPUSLAB_OK;
free:
	cpuslab__cpubits_for_each(cpu, in_use) {
		if (cpu == failed)
			break;
		cpuslab__extent_free(extent, cpu, true);
	}
	cpuslab__extent_free(extent, CPUSLAB_SHARED, true);
	return err;
}

static void extent_set_live(struct cpuslab_extent *extent)
{
	uint32_t cpu;

	cpuslab__cpubits_for_each(cpu, &extent->slab->in_use)
		if (cpuslab__state(extent->slab, cpu) == SLAB_LIVE)
			cpuslab_port_block_set_live(&extent->blocks, cpu, true);
}

/* The next extent shall be as large as all before it. */
static void extent_link(struct cpuslab_slab *slab,
			struct cpuslab_extent *extent)
{
	if (slab->newest) {
		slab->newest->next = extent;
		slab->next_bytes += extent->blocks.bytes;
	} else {
		slab->extents = extent;
		slab->next_bytes = extent->blocks.bytes;
	}
	slab->newest = extent;
	if (slab->next_bytes > CPUSLAB_PORT_BLOCK_MAX)
		slab->next_bytes = CPUSLAB_PORT_BLOCK_MAX;
}

int cpuslab__extent_create(struct cpuslab_slab *slab, size_t size, size_t align)
{
	uint32_t order = cpuslab__buddy_order_for(size, align);
	uint32_t least = cpuslab__highest_bit(slab->next_bytes);
	struct cpuslab_extent *extent;
	int err;

	extent = cpuslab_port_zalloc(sizeof(*extent));
	if (!extent)
		return -CPUSLAB_ENOMEM;
	err = extent_init(extent, slab, order > least ? order : least);
	if (err)
		goto free;
	err = extent_alloc_all(extent);
	if (err)
		goto fini;
	extent_set_live(extent);
	extent_link(slab, extent);
	return CPUSLAB_OK;
fini:
	extent_fini(extent);
free:
	cpuslab_port_free(extent);
	return err;
}

/* No operation or reader can reach the extent any more. */
void cpuslab__extent_destroy(struct cpuslab_extent *extent)
{
	uint32_t cpu;

	cpuslab__cpubits_for_each(cpu, &extent->slab->in_use)
		cpuslab__extent_free(extent, cpu, true);
	cpuslab__extent_free(extent, CPUSLAB_SHARED, true);
	extent_fini(extent);
	cpuslab_port_free(extent);
}

void cpuslab__trace(const struct cpuslab_slab *slab,
		    enum cpuslab_port_trace_event event, uint32_t cpu,
		    int result)
{
	const struct cpuslab_extent *extent;
	uint64_t bytes = 0;

	for (extent = slab->extents; extent; extent = extent->next)
		bytes += extent->blocks.bytes;
	cpuslab_port_trace(event, slab->domain_name, slab->name, cpu, bytes,
			   result);
}
