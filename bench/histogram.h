/* SPDX-License-Identifier: MIT */
/*
 * histogram.h - how often each value was seen: exact below 64, then 64 boxes
 * for each power of two, so 1.6 % wide.
 */
#ifndef CPUSLAB_BENCH_HISTOGRAM_H
#define CPUSLAB_BENCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BITS 6u
#define HISTOGRAM_BOXES ((64u - HISTOGRAM_BITS + 1) << HISTOGRAM_BITS)

struct histogram {
	uint64_t total;
	uint64_t boxes[HISTOGRAM_BOXES];
};

static inline uint32_t histogram_box(uint64_t value)
{
	uint32_t power;

	if (value < 1u << HISTOGRAM_BITS)
		return (uint32_t)value;
	power = 63u - (uint32_t)__builtin_clzll(value) - HISTOGRAM_BITS;
	return ((power + 1) << HISTOGRAM_BITS) +
	       (uint32_t)((value >> power) - (1u << HISTOGRAM_BITS));
}

static inline void histogram_note(struct histogram *histogram, uint64_t value)
{
	histogram->total++;
	histogram->boxes[histogram_box(value)]++;
}

/* The lower edge of a box. */
static inline uint64_t histogram_edge(uint32_t box)
{
	uint32_t power = box >> HISTOGRAM_BITS;
	uint64_t rest = box & ((1u << HISTOGRAM_BITS) - 1);

	if (!power)
		return rest;
	return (rest + (1u << HISTOGRAM_BITS)) << (power - 1);
}

/* The value below which @part of all lie. */
static inline uint64_t histogram_quantile(const struct histogram *histogram,
					  double part)
{
	uint64_t below = 0;
	uint32_t box;

	for (box = 0; box < HISTOGRAM_BOXES; box++) {
		below += histogram->boxes[box];
		if ((double)below >= part * (double)histogram->total)
			break;
	}
	return histogram_edge(box < HISTOGRAM_BOXES ? box :
						      HISTOGRAM_BOXES - 1);
}

#endif /* CPUSLAB_BENCH_HISTOGRAM_H */
