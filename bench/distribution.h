/* SPDX-License-Identifier: MIT */
/*
 * distribution.h - how often each value was seen: exactly below 64, then in 64
 * buckets for each power of two, which are at most 1.6 % wide.
 */
#ifndef CPUSLAB_BENCH_DISTRIBUTION_H
#define CPUSLAB_BENCH_DISTRIBUTION_H

#include <stdint.h>

#define DISTRIBUTION_BITS 6u
#define DISTRIBUTION_BUCKETS                                                   \
	((64u - DISTRIBUTION_BITS + 1) << DISTRIBUTION_BITS)

struct distribution {
	uint64_t total;
	uint64_t counts[DISTRIBUTION_BUCKETS];
};

static inline uint32_t distribution_bucket(uint64_t value)
{
	uint32_t power;

	if (value < 1u << DISTRIBUTION_BITS)
		return (uint32_t)value;
	power = 63u - (uint32_t)__builtin_clzll(value) - DISTRIBUTION_BITS;
	return ((power + 1) << DISTRIBUTION_BITS) +
	       (uint32_t)((value >> power) - (1u << DISTRIBUTION_BITS));
}

static inline void distribution_record(struct distribution *times,
				       uint64_t value)
{
	times->total++;
	times->counts[distribution_bucket(value)]++;
}

/* The lower edge of a bucket. */
static inline uint64_t distribution_edge(uint32_t bucket)
{
	uint32_t power = bucket >> DISTRIBUTION_BITS;
	uint64_t rest = bucket & ((1u << DISTRIBUTION_BITS) - 1);

	if (!power)
		return rest;
	return (rest + (1u << DISTRIBUTION_BITS)) << (power - 1);
}

/* The value below which @part of all values lie. */
static inline uint64_t distribution_quantile(const struct distribution *times,
					     double part)
{
	uint64_t below = 0;
	uint32_t bucket;

	for (bucket = 0; bucket < DISTRIBUTION_BUCKETS; bucket++) {
		below += times->counts[bucket];
		if ((double)below >= part * (double)times->total)
			break;
	}
	return distribution_edge(bucket < DISTRIBUTION_BUCKETS ?
					 bucket :
					 DISTRIBUTION_BUCKETS - 1);
}

#endif /* CPUSLAB_BENCH_DISTRIBUTION_H */
