/* SPDX-License-Identifier: MIT */
/*
 * space.h - which bytes of a block are free: a binary buddy allocator that
 * keeps nothing but a bitmap for each order (Knuth, The Art of Computer
 * Programming 1, 2.5), and no memory inside what it manages.
 *
 * A piece of order o is 1 << o bytes at a multiple of its size. Sizes need not
 * be powers of two: what a piece has too much goes back at once, cut into
 * pieces, and giving a range back does the same; buddies merge.
 */
#ifndef CPUSLAB_LIB_SPACE_H
#define CPUSLAB_LIB_SPACE_H

#include <cpuslab/base.h>

#define CPUSLAB__SPACE_MIN 3u  /* log2 of the granule */
#define CPUSLAB__SPACE_MAX 30u /* log2 of the largest block */

struct cpuslab__space_order {
	uint64_t *words; /* bit i: piece i is free */
	uint32_t count;  /* free pieces */
	uint32_t hint;   /* INV: no free piece in words before this */
};

/* All fields: W, R under the slab's mutex. */
struct cpuslab__space {
	uint32_t order; /* log2 of the whole */
	uint64_t *words;
	struct cpuslab__space_order orders[CPUSLAB__SPACE_MAX + 1];
};

/* All of it is in use at first. -CPUSLAB_ENOMEM. */
int cpuslab__space_init(struct cpuslab__space *space, uint32_t order);
void cpuslab__space_fini(struct cpuslab__space *space);

/* The order of the piece from which such an object is cut. */
uint32_t cpuslab__space_order_for(size_t size, size_t align);
/* Cut [*offset, *offset + size) out; false if nothing fits. */
bool cpuslab__space_take(struct cpuslab__space *space, size_t size,
			 size_t align, uint32_t *offset);
/* Give [offset, offset + size) back; multiples of the granule. */
void cpuslab__space_give(struct cpuslab__space *space, uint32_t offset,
			 size_t size);
/* Free bytes. */
size_t cpuslab__space_free(const struct cpuslab__space *space);

#endif /* CPUSLAB_LIB_SPACE_H */
