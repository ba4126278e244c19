/* SPDX-License-Identifier: MIT */
#include "buddy.h"

#include <cpuslab/port.h>

#include "cpubits.h"

static size_t buddy_words(uint32_t order, uint32_t piece)
{
	uint64_t pieces = (uint64_t)1 << (order - piece);

	return (size_t)(pieces / 64 + (pieces % 64 != 0));
}

int cpuslab__buddy_init(struct cpuslab__buddy *buddy, uint32_t order)
{
	size_t total = 0;
	uint64_t *words;
	uint32_t o;

	cpuslab_assert(order >= CPUSLAB__BUDDY_MIN);
	for (o = CPUSLAB__BUDDY_MIN; o <= order; o++)
		total += buddy_words(order, o);
	words = cpuslab_port_zalloc(total * sizeof(*words));
	if (!words)
		return -CPUSLAB_ENOMEM;
	buddy->order = order;
	buddy->words = words;
	for (o = CPUSLAB__BUDDY_MIN; o <= order; o++) {
		buddy->orders[o].words = words;
		buddy->orders[o].count = 0;
		buddy->orders[o].hint = 0;
		words += buddy_words(order, o);
	}
	return CPUSLAB_OK;
}

void cpuslab__buddy_fini(struct cpuslab__buddy *buddy)
{
	cpuslab_port_free(buddy->words);
}

uint32_t cpuslab__buddy_order_for(size_t size, size_t align)
{
	uint64_t bytes = size > align ? size : align;

	if (bytes <= (uint64_t)1 << CPUSLAB__BUDDY_MIN)
		return CPUSLAB__BUDDY_MIN;
	return cpuslab__highest_bit(bytes - 1) + 1;
}

static bool buddy_piece_clear(struct cpuslab__buddy *buddy, uint32_t o,
			      uint32_t piece)
{
	struct cpuslab__buddy_order *order = &buddy->orders[o];
	uint64_t bit = (uint64_t)1 << piece % 64;

	if (!(order->words[piece / 64] & bit))
		return false;
	order->words[piece / 64] &= ~bit;
	order->count--;
	return true;
}

/* Free one piece and merge it with its buddies. */
static void buddy_piece_set(struct cpuslab__buddy *buddy, uint32_t o,
			    uint32_t piece)
{
	struct cpuslab__buddy_order *order;

	while (o < buddy->order && buddy_piece_clear(buddy, o, piece ^ 1)) {
		piece /= 2;
		o++;
	}
	order = &buddy->orders[o];
	order->words[piece / 64] |= (uint64_t)1 << piece % 64;
	order->count++;
	if (piece / 64 < order->hint)
		order->hint = piece / 64;
}

/* The lowest free piece of an order in which one is free. */
static uint32_t buddy_piece_first(struct cpuslab__buddy_order *order)
{
	while (!order->words[order->hint])
		order->hint++;
	return order->hint * 64 +
	       cpuslab__lowest_bit(order->words[order->hint]);
}

void cpuslab__buddy_free(struct cpuslab__buddy *buddy, uint32_t offset,
			 size_t size)
{
	while (size) {
		uint32_t o = cpuslab__highest_bit(size);

		if (offset && cpuslab__lowest_bit(offset) < o)
			o = cpuslab__lowest_bit(offset);
		buddy_piece_set(buddy, o, offset >> o);
		offset += (uint32_t)1 << o;
		size -= (size_t)1 << o;
	}
}

bool cpuslab__buddy_alloc(struct cpuslab__buddy *buddy, size_t size,
			  size_t align, uint32_t *offset)
{
	uint32_t o = cpuslab__buddy_order_for(size, align);
	uint32_t piece;

	while (o <= buddy->order && !buddy->orders[o].count)
		o++;
	if (o > buddy->order)
		return false;
	piece = buddy_piece_first(&buddy->orders[o]);
	buddy_piece_clear(buddy, o, piece);
	*offset = piece << o;
	cpuslab__buddy_free(buddy, *offset + (uint32_t)size,
			    ((size_t)1 << o) - size);
	return true;
}

size_t cpuslab__buddy_free_bytes(const struct cpuslab__buddy *buddy)
{
	size_t bytes = 0;
	uint32_t o;

	for (o = CPUSLAB__BUDDY_MIN; o <= buddy->order; o++)
		bytes += (size_t)buddy->orders[o].count << o;
	return bytes;
}
