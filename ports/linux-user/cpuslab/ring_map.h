/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_RING_MAP_H
#define CPUSLAB_RING_MAP_H
/*
 * ring_map.h - consume the rings of a driver (cpuslab/ring_file.h), without any
 * library.
 *
 *	fd = open(its device, O_RDWR | O_NONBLOCK)
 *	while read(fd, &event, sizeof(event)) returns an event
 *		cpuslab_ring_map_init(its map, fd, &event)
 *	for each map that has a base
 *		end = cpuslab_ring_tail(&map->view)
 *		at = cpuslab_ring_consumed(&map->view)
 *		while cpuslab_ring_next(&map->view, &at, end, &data, &bytes)
 *			use(data, bytes)
 *		cpuslab_ring_consume(&map->view, end)
 *	poll(fd, POLLIN | POLLPRI), and repeat
 *
 * Where old records are overwritten, cpuslab_ring_copy() reads them, and poll()
 * takes those that were not consumed for new ones.
 *
 * A driver frees a ring only if all its records were consumed, or when it
 * destroys all of them (POLLHUP); then they are still mapped.
 */

#include <cpuslab/ring_event.h>
#include <cpuslab/ring_view.h>

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

CPUSLAB_BEGIN

CPUSLAB_STATIC_ASSERT(sizeof(off_t) == 8,
		      "compile with -D_FILE_OFFSET_BITS=64");

struct cpuslab_ring_map {
	struct cpuslab_ring_view view; /* for ring_view.h */
	void *base;                    /* NULL: not mapped */
	size_t bytes;
	uint64_t generation;
};

/**
 * cpuslab_ring_map_fini() - unmap a ring.
 * @map: mapped, or zeros.
 *
 * Context: any thread; no other one uses @map.
 */
CPUSLAB_INLINE void cpuslab_ring_map_fini(struct cpuslab_ring_map *map)
{
	if (map->base)
		munmap(map->base, map->bytes);
	map->base = NULL;
}

/**
 * cpuslab_ring_map_init() - map or unmap a ring, as an event says.
 * @map:   that CPU's; mapped, or zeros.
 * @fd:    of the driver's device, open for reading and writing. While a ring is
 *         mapped it is open, even after close().
 * @event: with CPUSLAB_RING_PRESENT it is mapped, unless that generation is
 *         mapped already; without, it is unmapped.
 *
 * What an earlier consumer has left in the ring is still there.
 *
 * Context: any thread; no other one uses @map.
 * Return:  0; or a negative error number, and it is not mapped: -ENXIO if the
 *          ring has been freed since, which a later event says; -EINVAL if no
 *          ring has the event's size.
 */
CPUSLAB_INLINE int cpuslab_ring_map_init(struct cpuslab_ring_map *map, int fd,
					 const struct cpuslab_ring_event *event)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t bytes = (size_t)event->bytes;
	off_t offset = (off_t)event->offset;
	bool present = (event->state & CPUSLAB_RING_PRESENT) != 0;
	void *base;
	int err;

	if (map->base && present && map->generation == event->generation)
		return 0;
	cpuslab_ring_map_fini(map);
	if (!present)
		return 0;
	/* Else the second page, or a record, may lie behind what is mapped. */
	if (bytes != event->bytes || bytes & (bytes - 1) || bytes < 4 * page)
		return -EINVAL;
	base = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, offset);
	if (base == MAP_FAILED)
		return -errno;
	if (mmap((char *)base + page, page, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, fd,
		 offset + (off_t)page) == MAP_FAILED) {
		err = -errno;
		munmap(base, bytes);
		return err;
	}
	map->base = base;
	map->bytes = bytes;
	map->generation = event->generation;
	cpuslab_ring_view_map(&map->view, base, page, event->bytes);
	return 0;
}

CPUSLAB_END

#endif /* CPUSLAB_RING_MAP_H */
