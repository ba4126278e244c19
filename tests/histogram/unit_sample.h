/* SPDX-License-Identifier: MIT */
/*
 * unit_sample.h - a histogram, random values, and arrays for its counts.
 */
#ifndef TESTS_HISTOGRAM_UNIT_SAMPLE_H
#define TESTS_HISTOGRAM_UNIT_SAMPLE_H

#include "fixture/fixture.h"

#include <stdlib.h>

static struct cpuslab_histogram histogram;
static uint64_t random_state = 1;

static inline uint64_t random_next(void)
{
	random_state += 0x9e3779b97f4a7c15u;
	return cpuslab_steering_hash(random_state);
}

/* A random value; every magnitude is equally likely. */
static inline uint64_t random_value(void)
{
	return random_next() >> (random_next() % 64);
}

static inline void begin(struct fixture *f, uint32_t precision, uint32_t bits)
{
	assert_int_equal(cpuslab_histogram_init(&histogram, f->slab, precision,
						bits),
			 CPUSLAB_OK);
}

static inline void record(uint32_t cpu, uint64_t value)
{
	sim_cpu_set(cpu);
	cpuslab_histogram_record(&histogram, value);
}

static inline uint64_t *counts_new(void)
{
	uint64_t *counts = calloc(histogram.buckets, sizeof(*counts));

	assert_non_null(counts);
	return counts;
}

static inline int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

#endif /* TESTS_HISTOGRAM_UNIT_SAMPLE_H */
