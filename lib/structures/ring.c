/* SPDX-License-Identifier: MIT */
#include <cpuslab/ring.h>

#define RING_MIN_PAGES 4u
#define RING_MAX_BYTES (256u << 20)

/*
 *	| lost ...  reserved, committed, tail, unused | consumed ... | records
 *	  page of the producers                         page of the consumer
 *
 * A consumer in another process maps the first page and the records for reading
 * only, so they share no page with anything else.
 */
static uint64_t *ring_consumed(void *copy)
{
	return (void *)((char *)copy + cpuslab_port_page_size());
}

static int ring_ctor(void *copy, uint32_t cpu, void *arg) CPUSLAB_NOEXCEPT
{
	uint64_t *consumed = ring_consumed(copy);
	uint64_t first = 2 * cpuslab_port_page_size();

	(void)cpu;
	(void)arg;
	consumed[0] = first;
	consumed[-2] = first; /* tail */
	consumed[-3] = first; /* committed */
	consumed[-4] = first; /* reserved */
	return CPUSLAB_OK;
}

/*
 * No operation is in progress, but the consumer may be reading. The positions
 * stay, because it may store the one that it has.
 */
static int ring_drain(void *copy, void *shared, uint32_t cpu,
		      void *arg) CPUSLAB_NOEXCEPT
{
	uint64_t *consumed = ring_consumed(copy);

	(void)shared;
	(void)cpu;
	(void)arg;
	/* [ring.consumed] Pairs with cpuslab_ring_consume(). */
	return cpuslab_load_acquire_u64(consumed) !=
			       cpuslab_load_relaxed_u64(consumed - 2) ?
		       -CPUSLAB_EBUSY :
		       0;
}

/*
 * The constructor writes to two pages, but a ring has four. It begins with a
 * page, because its size is a power of two.
 */
static const struct cpuslab_type ring_type = {
	.name = "cpuslab_ring",
	.size = 8,
	.ctor = ring_ctor,
	.drain = ring_drain,
	.counters = 1,
	.flags = CPUSLAB_TYPE_SIGNAL_SAFE,
};

static void ring_shape_init(struct cpuslab__ring_shape *shape, size_t page,
			    uint64_t bytes, uint32_t flags)
{
	uint64_t tail = page - 2 * sizeof(uint64_t);

	shape->part = bytes / CPUSLAB__RING_PARTS;
	shape->part_mask = shape->part - 1;
	shape->bytes = bytes;
	shape->mask = bytes - 1;
	shape->floor = flags & CPUSLAB_RING_OVERWRITE ? 0 : page - tail;
	shape->memory = -(int64_t)tail;
	shape->first = 2 * page;
}

int cpuslab_ring_init(struct cpuslab_ring *ring, struct cpuslab_slab *slab,
		      uint64_t bytes, uint32_t flags)
{
	size_t page = cpuslab_port_page_size();

	memset(ring, 0, sizeof(*ring));
	if (bytes < RING_MIN_PAGES * page || bytes > RING_MAX_BYTES ||
	    (bytes & (bytes - 1)) ||
	    (flags & ~(uint32_t)CPUSLAB_RING_OVERWRITE))
		return -CPUSLAB_EINVAL;
	ring->slab = slab;
	ring->tail = (uint32_t)(page - 2 * sizeof(uint64_t));
	ring_shape_init(&ring->shape, page, bytes, flags);
	ring->max_record = CPUSLAB_RING_MAX_RECORD;
	if (ring->max_record > ring->shape.part - 16)
		ring->max_record = (uint32_t)ring->shape.part - 16;
	return cpuslab_alloc_sized(slab, &ring_type, (size_t)bytes,
				   &ring->handle);
}

void cpuslab_ring_fini(struct cpuslab_ring *ring)
{
	(void)cpuslab_free(ring->slab, &ring->handle);
}

int cpuslab_ring_view_init(struct cpuslab_ring_view *view,
			   const struct cpuslab_ring *ring, uint32_t cpu)
{
	/* The consumer writes to its own page only. */
	char *copy = (char *)(uintptr_t)cpuslab_remote(&ring->handle, cpu);

	if (!copy)
		return -CPUSLAB_ENOENT;
	cpuslab_ring_view_map(view, copy, cpuslab_port_page_size(),
			      ring->shape.bytes);
	return CPUSLAB_OK;
}
