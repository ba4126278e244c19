/* SPDX-License-Identifier: MIT */
#include "space.h"

#include <cpuslab/port.h>

#include "bits.h"

static size_t space_words(uint32_t order, uint32_t piece)
{
	uint64_t pieces = (uint64_t)1 << (order - piece);

	return (size_t)(pieces / 64 + (pieces % 64 != 0));
}

int cpuslab__space_init(struct cpuslab__space *space, uint32_t order)
{
	size_t total = 0;
	uint64_t *words;
	uint32_t o;

	for (o = CPUSLAB__SPACE_MIN; o <= order; o++)
		total += space_words(order, o);
	words = cpuslab_port_zalloc(total * sizeof(*words));
	if (!words)
		return -CPUSLAB_ENOMEM;
	space->order = order;
	space->words = words;
	for (o = CPUSLAB__SPACE_MIN; o <= order; o++) {
		space->orders[o].words = words;
		space->orders[o].count = 0;
		space->orders[o].hint = 0;
		words += space_words(order, o);
	}
	return CPUSLAB_OK;
}

void cpuslab__space_fini(struct cpuslab__space *space)
{
	cpuslab_port_free(space->words);
}

uint32_t cpuslab__space_order_for(size_t size, size_t align)
{
	uint64_t bytes = size > align ? size : align;

	if (bytes <= (uint64_t)1 << CPUSLAB__SPACE_MIN)
		return CPUSLAB__SPACE_MIN;
	return cpuslab__highest_bit(bytes - 1) + 1;
}

static bool space_piece_clear(struct cpuslab__space *space, uint32_t o,
			      uint32_t piece)
{
	struct cpuslab__space_order *order = &space->orders[o];
	uint64_t bit = (uint64_t)1 << piece % 64;

	if (!(order->words[piece / 64] & bit))
		return false;
	order->words[piece / 64] &= ~bit;
	order->count--;
	return true;
}

/* Free one piece and merge it with its buddies. */
static void space_piece_set(struct cpuslab__space *space, uint32_t o,
			    uint32_t piece)
{
	struct cpuslab__space_order *order;

	while (o < space->order && space_piece_clear(space, o, piece ^ 1)) {
		piece /= 2;
		o++;
	}
	order = &space->orders[o];
	order->words[piece / 64] |= (uint64_t)1 << piece % 64;
	order->count++;
	if (piece / 64 < order->hint)
		order->hint = piece / 64;
}

/* The lowest free piece of an order that has one. */
static uint32_t space_piece_first(struct cpuslab__space_order *order)
{
	while (!order->words[order->hint])
		order->hint++;
	return order->hint * 64 +
	       cpuslab__lowest_bit(order->words[order->hint]);
}

void cpuslab__space_give(struct cpuslab__space *space, uint32_t offset,
			 size_t size)
{
	while (size) {
		uint32_t o = cpuslab__highest_bit(size);

		if (offset && cpuslab__lowest_bit(offset) < o)
			o = cpuslab__lowest_bit(offset);
		space_piece_set(space, o, offset >> o);
		offset += (uint32_t)1 << o;
		size -= (size_t)1 << o;
	}
}

bool cpuslab__space_take(struct cpuslab__space *space, size_t size,
			 size_t align, uint32_t *offset)
{
	uint32_t o = cpuslab__space_order_for(size, align);
	uint32_t piece;

	while (o <= space->order && !space->orders[o].count)
		o++;
	if (o > space->order)
		return false;
	piece = space_piece_first(&space->orders[o]);
	space_piece_clear(space, o, piece);
	*offset = piece << o;
	cpuslab__space_give(space, *offset + (uint32_t)size,
			    ((size_t)1 << o) - size);
	return true;
}

size_t cpuslab__space_free(const struct cpuslab__space *space)
{
	size_t bytes = 0;
	uint32_t o;

	for (o = CPUSLAB__SPACE_MIN; o <= space->order; o++)
		bytes += (size_t)space->orders[o].count << o;
	return bytes;
}
