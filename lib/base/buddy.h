/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_LIB_BUDDY_H
#define CPUSLAB_LIB_BUDDY_H
/*
 * buddy.h - which bytes of a block are free: a binary buddy allocator (Knuth,
 * The Art of Computer Programming 1, 2.5) that consists of one bitmap for each
 * order and stores nothing in the memory that it manages.
 *
 * A piece of order o is 1 << o bytes at a multiple of its size. Sizes need not
 * be powers of two: what a piece has beyond the size is freed at once, in
 * smaller pieces, and freeing a range works likewise. Free buddies merge.
 */

#include <cpuslab/base.h>

#define CPUSLAB__BUDDY_MIN 3u  /* log2 of the granule in bytes */
#define CPUSLAB__BUDDY_MAX 30u /* log2 of the largest block in bytes */

struct cpuslab__buddy_order {
	uint64_t *words; /* bit i: piece i is free */
	uint32_t count;  /* bits set in words */
	uint32_t hint;   /* INV: the words below this index are 0 */
};

/* W, R under the slab's mutex. */
struct cpuslab__buddy {
	uint32_t order;  /* log2 of the block in bytes */
	uint64_t *words; /* memory of all bitmaps */
	struct cpuslab__buddy_order orders[CPUSLAB__BUDDY_MAX + 1];
};

/* Set up with nothing free. Returns -CPUSLAB_ENOMEM for lack of memory. */
int cpuslab__buddy_init(struct cpuslab__buddy *buddy, uint32_t order);
void cpuslab__buddy_fini(struct cpuslab__buddy *buddy);

/* The order of the piece that an object of this size and alignment needs. */
uint32_t cpuslab__buddy_order_for(size_t size, size_t align);
/* Allocate [*offset, *offset + size); false if no free piece suffices. */
bool cpuslab__buddy_alloc(struct cpuslab__buddy *buddy, size_t size,
			  size_t align, uint32_t *offset);
/* Free [offset, offset + size); both are multiples of the granule. */
void cpuslab__buddy_free(struct cpuslab__buddy *buddy, uint32_t offset,
			 size_t size);
/* How many bytes are free. */
size_t cpuslab__buddy_free_bytes(const struct cpuslab__buddy *buddy);

#endif /* CPUSLAB_LIB_BUDDY_H */
