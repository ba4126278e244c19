/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_RING_PLACE_H
#define CPUSLAB_RING_PLACE_H
/*
 * ring_place.h - where a record lies in a ring, and how it is copied there; for
 * every producer of ring.h that is written in C.
 *
 *	memory     | control | rec | rec | rec |skip| rec | ...       |skip|
 *	position   0       first             part        2 part   ... bytes
 *
 * Positions count bytes and never wrap; modulo the bytes of the ring, a power
 * of two, they are places in its memory. Those of the two pages at its
 * beginning, which have the ring's own words, are left out.
 *
 * A record ends before the end of its part, so that each part begins with a
 * record: what is left of a part begins with a head that says so.
 */
#include <cpuslab/atomic.h>

CPUSLAB_BEGIN

#define CPUSLAB__RING_PARTS 8u
#define CPUSLAB__RING_SKIP (~(uint64_t)0) /* the head of what is left */

/*
 * What the copies of a ring have in common. In bytes; @floor and @memory are
 * relative to the tail.
 */
struct cpuslab__ring_shape {
	uint64_t part; /* a power of two */
	uint64_t part_mask;
	uint64_t bytes; /* of a copy; several parts, a power of two */
	uint64_t mask;
	/*
	 * To the position below which records may be overwritten: the consumed
	 * one or, where old records are overwritten, 0 bytes to the tail.
	 */
	uint64_t floor;
	int64_t memory;
	uint64_t first; /* position */
	/*
	 * An append that changes one of these bits of the tail wakes the
	 * consumer, where the port has one that sleeps.
	 */
	uint64_t wake;
};

/*
 * The tail of a ring has moved from @from to @end. A port that wakes consumers
 * defines it, before it includes atomic.h, for any context.
 */
#ifndef CPUSLAB_PORT_RING_APPENDED
#define CPUSLAB_PORT_RING_APPENDED(shape, from, end) ((void)0)
#endif

/* A record: where the previous one ends, where it begins and ends itself. */
struct cpuslab__ring_place {
	uint64_t from, begin, end;
};

/* @bytes of payload take a head as well, and are padded to whole words. */
CPUSLAB_INLINE uint64_t cpuslab__ring_size(uint32_t bytes)
{
	return 8 + (((uint64_t)bytes + 7) & ~(uint64_t)7);
}

CPUSLAB_INLINE struct cpuslab__ring_place
cpuslab__ring_plan(const struct cpuslab__ring_shape *shape, uint64_t from,
		   uint64_t size)
{
	struct cpuslab__ring_place place;

	place.from = from;
	place.begin = from;
	if ((from & shape->part_mask) + size >= shape->part) {
		place.begin = (from | shape->part_mask) + 1;
		if (!(place.begin & shape->mask))
			place.begin += shape->first;
	}
	place.end = place.begin + size;
	return place;
}

CPUSLAB_INLINE cpuslab_word *
cpuslab__ring_record(const struct cpuslab__ring_shape *shape,
		     cpuslab_word *tail, uint64_t position)
{
	void *record = (char *)tail + shape->memory + (position & shape->mask);

	return (cpuslab_word *)record;
}

/*
 * Is there room up to @end? The difference is negative where @end is out of
 * date, and for a consumer that stores nonsense.
 */
CPUSLAB_INLINE bool
cpuslab__ring_has_room(const struct cpuslab__ring_shape *shape,
		       const cpuslab_word *tail, uint64_t end)
{
	const void *floor = (const char *)tail + shape->floor;

	/* [ring.consumed] Pairs with cpuslab_ring_consume(). */
	end -= cpuslab_load_acquire_u64((const cpuslab_word *)floor);
	return (int64_t)end <= (int64_t)shape->bytes;
}

/*
 * What comes before the payload: the head, and that of what is left.
 *
 * [ring.overwrite] Where old records are overwritten, each word is a release: a
 * reader that finds it sees the tail from before the record, and so that the
 * old record is invalid; pairs with cpuslab_ring_copy().
 */
CPUSLAB_INLINE void cpuslab__ring_heads(const struct cpuslab__ring_shape *shape,
					cpuslab_word *tail,
					const struct cpuslab__ring_place *place,
					uint32_t bytes)
{
	if (place->from != place->begin)
		cpuslab_store_release_u64(cpuslab__ring_record(shape, tail,
							       place->from),
					  CPUSLAB__RING_SKIP);
	cpuslab_store_release_u64(
		cpuslab__ring_record(shape, tail, place->begin), bytes);
}

/* The payload from byte @done on, a multiple of 8, up to @bytes. */
CPUSLAB_INLINE void
cpuslab__ring_payload(const struct cpuslab__ring_shape *shape,
		      cpuslab_word *record, const void *data, uint32_t done,
		      uint32_t bytes)
{
	if (shape->floor) {
		if (done < bytes)
			memcpy((char *)(record + 1) + done,
			       (const char *)data + done, bytes - done);
		return;
	}
	for (; done < bytes; done += 8) {
		uint64_t word = 0;

		memcpy(&word, (const char *)data + done,
		       bytes - done < 8 ? bytes - done : 8);
		/* [ring.overwrite] */
		cpuslab_store_release_u64(record + 1 + done / 8, word);
	}
}

CPUSLAB_END

#endif /* CPUSLAB_RING_PLACE_H */
