/* SPDX-License-Identifier: MIT */
/*
 * block.c - the memory of an extent.
 *
 * Where address space can be reserved, one reservation holds everything, and
 * each block is committed from its beginning as far as needed:
 *
 *	| header, live bytes | shared   | cpu 0 | cpu 1 | ...
 *	  whole pages          every block begins at a multiple of the stride
 *
 * Where it cannot, the header has a directory that never moves, and blocks are
 * allocated whole:
 *
 *	| header, live bytes, directory |
 *	                      ^ cpu 0, cpu 1, ..., shared: a block or NULL
 *
 * Both are always-inline so that even at -O0 the unused branch, and its calls
 * to functions that this port does not define, are dropped.
 */
#include "slab_internal.h"

#define BLOCK_FIRST_PREFIX ((size_t)16 << 10)

static size_t block_round(size_t bytes, size_t to)
{
	return (bytes + to - 1) & ~(to - 1);
}

static size_t block_header_bytes(uint32_t limit)
{
	return offsetof(struct cpuslab_extent, live) + limit;
}

/* ---- reserved address space -------------------------------------------- */

/* The lowest limit that covers every CPU with blocks. */
static uint32_t block_floor(const struct cpuslab_slab *slab)
{
	uint32_t cpu, floor = 1;

	for (cpu = 0; cpu < slab->limit; cpu++)
		if (cpuslab__state(slab, cpu) != SLAB_ABSENT)
			floor = cpu + 1;
	return floor;
}

/*
 * Reserve address space for as many CPUs as the system allows; those beyond the
 * limit use the shared block.
 */
CPUSLAB_INLINE int block_reserve(const struct cpuslab_slab *slab,
				 uint32_t shift, void **addr, size_t *bytes,
				 uint32_t *limit)
{
	size_t page = cpuslab_port_page_size();
	size_t stride = (size_t)1 << shift;
	uint32_t floor = 0;

	for (*limit = slab->limit;; *limit /= 2) {
		/* Searched only after a refusal. */
		if (*limit < slab->limit && !floor)
			floor = block_floor(slab);
		if (*limit < floor)
			*limit = floor;
		*bytes = block_round(block_round(block_header_bytes(*limit),
						 page),
				     stride) +
			 stride * ((size_t)*limit + 1);
		if (!cpuslab_port_reserve(*bytes, stride, addr))
			return CPUSLAB_OK;
		if (*limit == floor || *limit == 1)
			return -CPUSLAB_ENOMEM;
	}
}

CPUSLAB_INLINE int block_create_reserved(const struct cpuslab_slab *slab,
					 uint32_t shift,
					 struct cpuslab_extent **extent)
{
	size_t bytes, header;
	uint32_t limit;
	void *addr;
	int err = block_reserve(slab, shift, &addr, &bytes, &limit);

	if (err)
		return err;
	header = block_round(block_header_bytes(limit),
			     cpuslab_port_page_size());
	err = cpuslab_port_commit(addr, header, CPUSLAB_NO_CPU);
	if (err) {
		cpuslab_port_unreserve(addr, bytes);
		return err;
	}
	*extent = addr;
	(*extent)->memory = addr;
	(*extent)->reserved = bytes;
	(*extent)->header = header;
	(*extent)->limit = limit;
	(*extent)->base = (char *)addr + bytes - ((size_t)limit << shift);
	return CPUSLAB_OK;
}

CPUSLAB_INLINE void block_destroy_reserved(struct cpuslab_extent *extent)
{
	size_t reserved = extent->reserved;
	size_t header = extent->header;

	cpuslab_port_decommit(extent, header);
	cpuslab_port_unreserve(extent, reserved);
}

/* ---- block by block ---------------------------------------------------- */

CPUSLAB_INLINE int block_create_directory(const struct cpuslab_slab *slab,
					  struct cpuslab_extent **extent)
{
	size_t at =
		block_round(block_header_bytes(slab->limit), sizeof(void *));
	size_t bytes = at + sizeof(void *) * ((size_t)slab->limit + 1);
	struct cpuslab_extent *created;
	char *memory;
	int err;

	memory = cpuslab_port_zalloc(bytes + CPUSLAB_CACHE_LINE);
	if (!memory)
		return -CPUSLAB_ENOMEM;
	created = (struct cpuslab_extent *)block_round((uintptr_t)memory,
						       CPUSLAB_CACHE_LINE);
	created->blocks = (void **)((char *)created + at);
	created->memory = memory;
	created->header = bytes;
	created->limit = slab->limit;
	err = cpuslab_port_percpu_ptr_create(created->blocks, created->limit,
					     &created->percpu_ptr);
	if (err) {
		cpuslab_port_free(memory);
		return err;
	}
	*extent = created;
	return CPUSLAB_OK;
}

CPUSLAB_INLINE void block_destroy_directory(struct cpuslab_extent *extent)
{
	cpuslab_port_percpu_ptr_destroy(extent->percpu_ptr);
	cpuslab_port_free(extent->memory);
}

CPUSLAB_INLINE int block_alloc(struct cpuslab_extent *extent, uint32_t cpu)
{
	void *block = cpuslab_port_block_alloc(
		(size_t)1 << extent->shift,
		cpu == CPUSLAB_SHARED ? CPUSLAB_NO_CPU : cpu);

	if (!block)
		return -CPUSLAB_ENOMEM;
	cpuslab_store_release_ptr(cpuslab__extent_entry(extent, cpu), block);
	return CPUSLAB_OK;
}

CPUSLAB_INLINE void block_free(struct cpuslab_extent *extent, uint32_t cpu)
{
	void **entry = cpuslab__extent_entry(extent, cpu);
	void *block = *entry;

	cpuslab_store_relaxed_ptr(entry, NULL);
	cpuslab_port_block_free(block, (size_t)1 << extent->shift);
}

/* ---- both models ------------------------------------------------------- */

int cpuslab__blocks_create(const struct cpuslab_slab *slab, uint32_t shift,
			   struct cpuslab_extent **extent)
{
	int err;

	if (CPUSLAB_PORT_RESERVES)
		err = block_create_reserved(slab, shift, extent);
	else
		err = block_create_directory(slab, extent);
	if (!err)
		(*extent)->shift = shift;
	return err;
}

void cpuslab__blocks_destroy(struct cpuslab_extent *extent)
{
	if (CPUSLAB_PORT_RESERVES)
		block_destroy_reserved(extent);
	else
		block_destroy_directory(extent);
}

size_t cpuslab__block_prefix(const struct cpuslab_extent *extent, size_t least)
{
	size_t stride = (size_t)1 << extent->shift;
	size_t prefix = extent->committed * 2;

	if (!CPUSLAB_PORT_RESERVES)
		return stride;
	if (prefix < least)
		prefix = least;
	if (prefix < BLOCK_FIRST_PREFIX)
		prefix = BLOCK_FIRST_PREFIX;
	prefix = block_round(prefix, cpuslab_port_page_size());
	return prefix < stride ? prefix : stride;
}

int cpuslab__block_widen(struct cpuslab_extent *extent, uint32_t cpu,
			 size_t from, size_t to)
{
	if (!CPUSLAB_PORT_RESERVES)
		return block_alloc(extent, cpu);
	return cpuslab_port_commit(cpuslab__extent_block(extent, cpu) + from,
				   to - from, cpu);
}

void cpuslab__block_narrow(struct cpuslab_extent *extent, uint32_t cpu,
			   size_t from, size_t to)
{
	if (!CPUSLAB_PORT_RESERVES)
		block_free(extent, cpu);
	else
		cpuslab_port_decommit(cpuslab__extent_block(extent, cpu) + from,
				      to - from);
}

void cpuslab__block_set_live(struct cpuslab_extent *extent, uint32_t cpu,
			     bool live)
{
	if (!CPUSLAB_PORT_RESERVES)
		cpuslab_port_percpu_ptr_set(
			extent->percpu_ptr, cpu,
			live ? cpuslab__extent_block(extent, cpu) : NULL);
	/*
	 * [live] Pairs with the acquire load of the live byte, or of the port's
	 * per-CPU pointer, in each operation. Without it an operation could use
	 * an object that is not constructed.
	 */
	cpuslab_store_release_u8(&extent->live[cpu],
				 live ? cpuslab__extent_live(extent) : 0);
}
