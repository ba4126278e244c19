/* SPDX-License-Identifier: MIT */
/*
 * extent.c - address space for one object layout on every processor.
 *
 *	| header, live bytes | overflow | cpu 0 | cpu 1 | ...
 *	  whole pages          every block begins at a multiple of the stride
 */
#include "slab.h"

#define EXTENT_FIRST_PREFIX ((size_t)16 << 10)

static size_t extent_round(size_t bytes, size_t to)
{
	return (bytes + to - 1) & ~(to - 1);
}

static size_t extent_header_bytes(uint32_t limit)
{
	return extent_round(offsetof(struct cpuslab_extent, live) + limit,
			    cpuslab_port_page_size());
}

/* One more than the highest processor that must have a place. */
static uint32_t extent_floor(const struct cpuslab_slab *slab)
{
	uint32_t cpu, floor = 1;

	for (cpu = 0; cpu < slab->limit; cpu++)
		if (cpuslab__state(slab, cpu) != SLAB_ABSENT)
			floor = cpu + 1;
	return floor;
}

/*
 * Reserve places for as many processors as the system allows: those beyond
 * use the overflow.
 */
static int extent_reserve(const struct cpuslab_slab *slab, uint32_t shift,
			  void **addr, size_t *bytes, uint32_t *limit)
{
	size_t stride = (size_t)1 << shift;
	uint32_t floor = 0;

	for (*limit = slab->limit;; *limit /= 2) {
		/* Only a refusal pays for the search. */
		if (*limit < slab->limit && !floor)
			floor = extent_floor(slab);
		if (*limit < floor)
			*limit = floor;
		*bytes = extent_round(extent_header_bytes(*limit), stride) +
			 stride * ((size_t)*limit + 1);
		if (!cpuslab_port_reserve(*bytes, stride, addr))
			return CPUSLAB_OK;
		if (*limit == floor || *limit == 1)
			return -CPUSLAB_ENOMEM;
	}
}

static int extent_init(struct cpuslab_extent *extent, struct cpuslab_slab *slab)
{
	uint32_t cpu;
	int err = cpuslab__space_init(&extent->space, extent->shift);

	if (err)
		return err;
	extent->slab = slab;
	extent->summary = cpuslab__summary_create(extent, NULL);
	if (!extent->summary) {
		cpuslab__space_fini(&extent->space);
		return -CPUSLAB_ENOMEM;
	}
	cpuslab__bits_for_each(cpu, &slab->in_use) {
		if (cpu >= extent->limit)
			break;
		if (cpuslab__state(slab, cpu) == SLAB_LIVE ||
		    cpuslab__state(slab, cpu) == SLAB_DRAINING)
			cpuslab__bits_set(&extent->summary->cpus, cpu);
		if (cpuslab__state(slab, cpu) == SLAB_LIVE)
			extent->live[cpu] = cpuslab__extent_live(extent);
	}
	return CPUSLAB_OK;
}

static void extent_link(struct cpuslab_slab *slab,
			struct cpuslab_extent *extent)
{
	if (slab->newest)
		slab->newest->next = extent;
	else
		slab->extents = extent;
	slab->newest = extent;
	if (extent->shift < CPUSLAB__SPACE_MAX)
		slab->stride = (size_t)2 << extent->shift;
}

int cpuslab__extent_create(struct cpuslab_slab *slab, size_t size, size_t align)
{
	uint32_t shift = cpuslab__space_order_for(size, align);
	uint32_t least = cpuslab__highest_bit(slab->stride);
	struct cpuslab_extent *extent;
	size_t bytes, header;
	uint32_t limit;
	void *addr;
	int err;

	if (shift < least)
		shift = least;
	err = extent_reserve(slab, shift, &addr, &bytes, &limit);
	if (err)
		return err;
	header = extent_header_bytes(limit);
	err = cpuslab_port_commit(addr, header, CPUSLAB_NO_CPU);
	if (err)
		goto unreserve;
	extent = addr;
	extent->reserved = bytes;
	extent->header = header;
	extent->base = (char *)addr + bytes - ((size_t)limit << shift);
	extent->limit = limit;
	extent->shift = shift;
	err = extent_init(extent, slab);
	if (err)
		goto decommit;
	err = cpuslab__extent_grow(extent, size, align);
	if (err) {
		cpuslab__extent_destroy(extent);
		return err;
	}
	extent_link(slab, extent);
	return CPUSLAB_OK;
decommit:
	cpuslab_port_decommit(addr, header);
unreserve:
	cpuslab_port_unreserve(addr, bytes);
	return err;
}

/* Give all its memory back; nobody knows the extent any more. */
void cpuslab__extent_destroy(struct cpuslab_extent *extent)
{
	size_t reserved = extent->reserved;
	size_t header = extent->header;
	uint32_t cpu;

	cpuslab__bits_for_each(cpu, &extent->slab->in_use)
		cpuslab__extent_decommit(extent, cpu);
	cpuslab__extent_decommit(extent, CPUSLAB_OVERFLOW);
	cpuslab__summary_free_all(extent->summary);
	cpuslab__space_fini(&extent->space);
	cpuslab_port_decommit(extent, header);
	cpuslab_port_unreserve(extent, reserved);
}

static bool extent_has(const struct cpuslab_extent *extent, uint32_t cpu)
{
	return cpu == CPUSLAB_OVERFLOW || cpu < extent->limit;
}

int cpuslab__extent_commit(struct cpuslab_extent *extent, uint32_t cpu)
{
	if (!extent->committed || !extent_has(extent, cpu))
		return CPUSLAB_OK;
	return cpuslab_port_commit(cpuslab__extent_block(extent, cpu),
				   extent->committed, cpu);
}

void cpuslab__extent_decommit(struct cpuslab_extent *extent, uint32_t cpu)
{
	if (extent->committed && extent_has(extent, cpu))
		cpuslab_port_decommit(cpuslab__extent_block(extent, cpu),
				      extent->committed);
}

static int extent_widen(struct cpuslab_extent *extent, uint32_t cpu, size_t to)
{
	if (!extent_has(extent, cpu))
		return CPUSLAB_OK;
	return cpuslab_port_commit(cpuslab__extent_block(extent, cpu) +
					   extent->committed,
				   to - extent->committed, cpu);
}

static void extent_narrow(struct cpuslab_extent *extent, uint32_t cpu,
			  size_t to)
{
	if (extent_has(extent, cpu))
		cpuslab_port_decommit(cpuslab__extent_block(extent, cpu) +
					      extent->committed,
				      to - extent->committed);
}

/* Widen all blocks in use and the overflow; all or none. */
static int extent_widen_all(struct cpuslab_extent *extent, size_t to)
{
	const struct cpuslab__bits *in_use = &extent->slab->in_use;
	uint32_t cpu, failed;
	int err = extent_widen(extent, CPUSLAB_OVERFLOW, to);

	if (err)
		return err;
	cpuslab__bits_for_each(failed, in_use) {
		err = extent_widen(extent, failed, to);
		if (err)
			goto narrow;
	}
	return CPUSLAB_OK;
narrow:
	cpuslab__bits_for_each(cpu, in_use) {
		if (cpu == failed)
			break;
		extent_narrow(extent, cpu, to);
	}
	extent_narrow(extent, CPUSLAB_OVERFLOW, to);
	return err;
}

int cpuslab__extent_grow(struct cpuslab_extent *extent, size_t size,
			 size_t align)
{
	size_t piece = (size_t)1 << cpuslab__space_order_for(size, align);
	size_t stride = (size_t)1 << extent->shift;
	size_t from = extent->committed;
	size_t to = extent_round(from, piece) + piece;
	int err;

	if (to > stride)
		return -CPUSLAB_ENOMEM;
	if (to < from * 2)
		to = from * 2;
	if (to < EXTENT_FIRST_PREFIX)
		to = EXTENT_FIRST_PREFIX;
	to = extent_round(to, cpuslab_port_page_size());
	if (to > stride)
		to = stride;
	err = extent_widen_all(extent, to);
	if (err)
		return err;
	extent->committed = to;
	cpuslab__space_give(&extent->space, (uint32_t)from, to - from);
	return CPUSLAB_OK;
}
