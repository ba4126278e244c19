/* SPDX-License-Identifier: MIT */
/*
 * extent.c - extents: creation, growth, and the blocks of one CPU.
 */
#include "slab_internal.h"

static int extent_init(struct cpuslab_extent *extent, struct cpuslab_slab *slab)
{
	uint32_t cpu;
	int err = cpuslab__buddy_init(&extent->buddy, extent->shift);

	if (err)
		return err;
	extent->slab = slab;
	extent->summary = cpuslab__summary_create(extent, NULL);
	if (!extent->summary) {
		cpuslab__buddy_fini(&extent->buddy);
		return -CPUSLAB_ENOMEM;
	}
	cpuslab__cpubits_for_each(cpu, &slab->in_use) {
		if (cpu >= extent->limit)
			break;
		if (cpuslab__state(slab, cpu) == SLAB_LIVE ||
		    cpuslab__state(slab, cpu) == SLAB_DRAINING)
			cpuslab__cpubits_set(&extent->summary->cpus, cpu);
	}
	return CPUSLAB_OK;
}

static void extent_fini(struct cpuslab_extent *extent)
{
	cpuslab__summary_free_all(extent->summary);
	cpuslab__buddy_fini(&extent->buddy);
}

/*
 * Once its blocks exist, mark every CPU that is live in the slab live in this
 * extent as well.
 */
static void extent_set_live(struct cpuslab_extent *extent)
{
	uint32_t cpu;

	cpuslab__cpubits_for_each(cpu, &extent->slab->in_use)
		if (cpu < extent->limit &&
		    cpuslab__state(extent->slab, cpu) == SLAB_LIVE)
			cpuslab__block_set_live(extent, cpu, true);
}

/*
 * Reserved address space doubles with every extent, to keep mappings few. Whole
 * blocks use memory at once, so an extent is as large as all before it.
 */
static void extent_set_next_stride(struct cpuslab_slab *slab, uint32_t shift)
{
	size_t most = (size_t)1 << CPUSLAB__BUDDY_MAX;
	size_t stride = (size_t)1 << shift;

	if (CPUSLAB_PORT_RESERVES || slab->extents == slab->newest)
		slab->stride = 0;
	slab->stride += CPUSLAB_PORT_RESERVES ? 2 * stride : stride;
	if (slab->stride > most)
		slab->stride = most;
}

static void extent_link(struct cpuslab_slab *slab,
			struct cpuslab_extent *extent)
{
	if (slab->newest)
		slab->newest->next = extent;
	else
		slab->extents = extent;
	slab->newest = extent;
	extent_set_next_stride(slab, extent->shift);
}

int cpuslab__extent_create(struct cpuslab_slab *slab, size_t size, size_t align)
{
	uint32_t shift = cpuslab__buddy_order_for(size, align);
	uint32_t least = cpuslab__highest_bit(slab->stride);
	struct cpuslab_extent *extent;
	int err;

	if (shift < least)
		shift = least;
	err = cpuslab__blocks_create(slab, shift, &extent);
	if (err)
		return err;
	err = extent_init(extent, slab);
	if (err)
		goto destroy;
	err = cpuslab__extent_grow(extent, size, align);
	if (err)
		goto fini;
	extent_set_live(extent);
	extent_link(slab, extent);
	return CPUSLAB_OK;
fini:
	extent_fini(extent);
destroy:
	cpuslab__blocks_destroy(extent);
	return err;
}

/* No operation or reader can reach the extent any more. */
void cpuslab__extent_destroy(struct cpuslab_extent *extent)
{
	uint32_t cpu;

	cpuslab__cpubits_for_each(cpu, &extent->slab->in_use)
		cpuslab__extent_decommit(extent, cpu);
	cpuslab__extent_decommit(extent, CPUSLAB_SHARED);
	extent_fini(extent);
	cpuslab__blocks_destroy(extent);
}

static bool extent_has(const struct cpuslab_extent *extent, uint32_t cpu)
{
	return cpu == CPUSLAB_SHARED || cpu < extent->limit;
}

int cpuslab__extent_commit(struct cpuslab_extent *extent, uint32_t cpu)
{
	if (!extent->committed || !extent_has(extent, cpu))
		return CPUSLAB_OK;
	return cpuslab__block_widen(extent, cpu, 0, extent->committed);
}

void cpuslab__extent_decommit(struct cpuslab_extent *extent, uint32_t cpu)
{
	if (extent->committed && extent_has(extent, cpu))
		cpuslab__block_narrow(extent, cpu, 0, extent->committed);
}

static int extent_widen(struct cpuslab_extent *extent, uint32_t cpu, size_t to)
{
	if (!extent_has(extent, cpu))
		return CPUSLAB_OK;
	return cpuslab__block_widen(extent, cpu, extent->committed, to);
}

static void extent_narrow(struct cpuslab_extent *extent, uint32_t cpu,
			  size_t to)
{
	if (extent_has(extent, cpu))
		cpuslab__block_narrow(extent, cpu, extent->committed, to);
}

/* Commit more of all blocks and the shared block; all or nothing. */
static int extent_widen_all(struct cpuslab_extent *extent, size_t to)
{
	const struct cpuslab__cpubits *in_use = &extent->slab->in_use;
	uint32_t cpu, failed;
	int err = extent_widen(extent, CPUSLAB_SHARED, to);

	if (err)
		return err;
	cpuslab__cpubits_for_each(failed, in_use) {
		err = extent_widen(extent, failed, to);
		if (err)
			goto narrow;
	}
	return CPUSLAB_OK;
narrow:
	cpuslab__cpubits_for_each(cpu, in_use) {
		if (cpu == failed)
			break;
		extent_narrow(extent, cpu, to);
	}
	extent_narrow(extent, CPUSLAB_SHARED, to);
	return err;
}

int cpuslab__extent_grow(struct cpuslab_extent *extent, size_t size,
			 size_t align)
{
	size_t piece = (size_t)1 << cpuslab__buddy_order_for(size, align);
	size_t stride = (size_t)1 << extent->shift;
	size_t from = extent->committed;
	size_t to = ((from + piece - 1) & ~(piece - 1)) + piece;
	int err;

	if (to > stride)
		return -CPUSLAB_ENOMEM;
	to = cpuslab__block_prefix(extent, to);
	err = extent_widen_all(extent, to);
	if (err)
		return err;
	extent->committed = to;
	cpuslab__buddy_free(&extent->buddy, (uint32_t)from, to - from);
	return CPUSLAB_OK;
}
