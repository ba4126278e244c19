/* SPDX-License-Identifier: MIT */
/*
 * buddy.h - which bytes of a block are free: a binary buddy allocator that
 * keeps nothing but a bitmap for each order (Knuth, The Art of Computer
 * Programming 1, 2.5), and no memory inside what it manages.
 *
 * A piece of order o is 1 << o bytes at a multiple of its size. Sizes need not
 * be powers of two: what a piece has too much goes back at once, cut into
 * pieces, and giving a range back does the same; buddies merge.
 */
#ifndef CPUSLAB_LIB_BUDDY_H
#define CPUSLAB_LIB_BUDDY_H

#include <cpuslab/base.h>

#define CPUSLAB__BUDDY_MIN 3u  /* log2 of the granule */
#define CPUSLAB__BUDDY_MAX 30u /* log2 of the largest block */

struct cpuslab__buddy_order {
	uint64_t *words; /* bit i: piece i is free */
	uint32_t count;  /* free pieces */
	uint32_t hint;   /* INV: no free piece in words before this */
};

/* All fields: W, R under the slab's mutex. */
struct cpuslab__buddy {
	uint32_t order; /* log2 of the whole */
	uint64_t *words;
	struct cpuslab__buddy_order orders[CPUSLAB__BUDDY_MAX + 1];
};

/* All of it is in use at first. -CPUSLAB_ENOMEM. */
int cpuslab__buddy_init(struct cpuslab__buddy *buddy, uint32_t order);
void cpuslab__buddy_fini(struct cpuslab__buddy *buddy);

/* The order of the piece from which such an object is cut. */
uint32_t cpuslab__buddy_order_for(size_t size, size_t align);
/* Cut [*offset, *offset + size) out; false if nothing fits. */
bool cpuslab__buddy_take(struct cpuslab__buddy *buddy, size_t size,
			 size_t align, uint32_t *offset);
/* Give [offset, offset + size) back; multiples of the granule. */
void cpuslab__buddy_give(struct cpuslab__buddy *buddy, uint32_t offset,
			 size_t size);
/* Free bytes. */
size_t cpuslab__buddy_free(const struct cpuslab__buddy *buddy);

#endif /* CPUSLAB_LIB_BUDDY_H */
