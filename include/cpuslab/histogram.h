/* SPDX-License-Identifier: MIT */
/*
 * histogram.h - how often which values came: latencies, sizes, depths.
 *
 * Log-linear buckets, as in Gil Tene's HdrHistogram: below 2^(p + 1) each value
 * has a bucket of its own, and each further power of two has 2^p of the same
 * width. p is the precision. With p = 2:
 *
 *	bucket   0  1  2 ... 7 |  8   9   10    11  |  12 ...
 *	values   0  1  2 ... 7 | 8-9 ..  12-13 14-15| 16-19 20-23 24-27 28-31 ...
 *
 * Every CPU has a copy of all buckets, each one counter: to record is one
 * cpuslab_add(). Counts survive the removal of their CPU, and a count
 * that was read never goes back.
 *
 * Error: what cpuslab_histogram_percentile() returns is the highest value of
 * the bucket that holds the true percentile v of the counts it is given, so it
 * lies in [v, v + (v >> p)], and is v itself below 2^(p + 1). Values that need
 * more than @bits bits are counted in one last bucket, whose highest value is
 * UINT64_MAX.
 *
 *	precision   error       buckets, 64 bits   bytes for each CPU
 *	2           25 %                     252                    2016
 *	5           3.1 %                   1920                   15360
 *	7           0.8 %                   7424                   59392
 *
 * Nothing is ever set back to 0: whoever wants an interval keeps what he read
 * last and subtracts (cpuslab_histogram_interval()), so that any number of
 * readers have intervals of their own, and none loses what is recorded while it
 * reads.
 *
 * Not for few values that are known in advance (use a counter for each), nor
 * for exact sums: a mean made of buckets has the buckets' error.
 *
 * Synchronization:
 *   record              any context, any time, against anything
 *   read, interval      any context, any number at once; each has arrays of
 *                       its own
 *   init, fini          the caller: nobody uses it (before, any more)
 *
 * The struct must not be copied or moved.
 */
#ifndef CPUSLAB_HISTOGRAM_H
#define CPUSLAB_HISTOGRAM_H

#include <cpuslab/ops.h>
#include <cpuslab/slab.h>

CPUSLAB_BEGIN

#define CPUSLAB_HISTOGRAM_MAX_PRECISION 12u
#define CPUSLAB_PPM 1000000u /* all of it, in parts per million */

struct cpuslab_histogram {
	struct cpuslab_percpu handle; /* W init, fini; R any */
	struct cpuslab_slab *slab;
	uint32_t precision; /* W init */
	uint32_t buckets;   /* W init: words in an array of counts */
	uint64_t beyond;    /* W init: values above go to the last bucket */
	struct cpuslab_type type; /* W init */
};

/**
 * cpuslab_histogram_init() - an empty histogram.
 * @precision: p, at most CPUSLAB_HISTOGRAM_MAX_PRECISION.
 * @bits:      of the largest values to tell apart, above p and at most 64.
 *
 * Context: may sleep, allocates.
 * Return:  as cpuslab_alloc(); -CPUSLAB_EINVAL for numbers out of range.
 */
CPUSLAB_API int cpuslab_histogram_init(struct cpuslab_histogram *histogram,
				       struct cpuslab_slab *slab,
				       uint32_t precision, uint32_t bits);
/* Nobody uses it any more. Context: may sleep. */
CPUSLAB_API void cpuslab_histogram_fini(struct cpuslab_histogram *histogram);

/* The number of the highest set bit of @value, which is not zero. */
CPUSLAB_INLINE uint32_t cpuslab__histogram_highest_bit(uint64_t value)
{
#if defined(__GNUC__)
	return 63u - (uint32_t)__builtin_clzll(value);
#else
	uint32_t bit = 0;

	while (value >>= 1)
		bit++;
	return bit;
#endif
}

/**
 * cpuslab_histogram_bucket() - which bucket counts @value.
 * Context: any. Less than histogram->buckets.
 */
CPUSLAB_INLINE uint32_t cpuslab_histogram_bucket(
	const struct cpuslab_histogram *histogram, uint64_t value)
{
	uint32_t p = histogram->precision;
	uint32_t shift;

	if (cpuslab_unlikely(value > histogram->beyond))
		return histogram->buckets - 1;
	/* The highest p + 1 bits, and how many are below them. */
	shift = cpuslab__histogram_highest_bit(value | (uint64_t)1 << p) - p;
	return (shift << p) + (uint32_t)(value >> shift);
}

/**
 * cpuslab_histogram_record() - @value came, on this CPU.
 * Context, Order: see ops.h. One add.
 */
CPUSLAB_INLINE void
cpuslab_histogram_record(const struct cpuslab_histogram *histogram,
			 uint64_t value)
{
	cpuslab_add(&histogram->handle,
		    (size_t)cpuslab_histogram_bucket(histogram, value) * 8, 1);
}

/* As @times calls of cpuslab_histogram_record(), at the cost of one. */
CPUSLAB_INLINE void
cpuslab_histogram_record_n(const struct cpuslab_histogram *histogram,
			   uint64_t value, uint64_t times)
{
	cpuslab_add(&histogram->handle,
		    (size_t)cpuslab_histogram_bucket(histogram, value) * 8,
		    times);
}

/**
 * cpuslab_histogram_lowest() - the lowest value that @bucket counts.
 * Context: any.
 * Return:  UINT64_MAX for a bucket that there is not.
 */
CPUSLAB_API uint64_t cpuslab_histogram_lowest(
	const struct cpuslab_histogram *histogram, uint32_t bucket);
/* Likewise the highest. */
CPUSLAB_API uint64_t cpuslab_histogram_highest(
	const struct cpuslab_histogram *histogram, uint32_t bucket);

/**
 * cpuslab_histogram_read() - the counts since the beginning, of all CPUs,
 * present and gone.
 * @counts: histogram->buckets words.
 *
 * Each count is a sum as cpuslab_sum() promises it. They are read one after the
 * other: what is recorded meanwhile is in some and not in others.
 *
 * Context: any. Wait-free; O(buckets * CPUs in use).
 * Return:  how many values were counted in all.
 */
CPUSLAB_API uint64_t cpuslab_histogram_read(
	const struct cpuslab_histogram *histogram, uint64_t *counts);

/**
 * cpuslab_histogram_interval() - the counts since this reader's last call.
 * @last:   what this reader keeps between two calls: histogram->buckets words,
 *          zeros at first.
 * @counts: receives the difference; @last what it will be taken from next.
 *
 * Each value recorded is in exactly one interval of a reader.
 *
 * Context, Return: as cpuslab_histogram_read().
 */
CPUSLAB_API uint64_t
cpuslab_histogram_interval(const struct cpuslab_histogram *histogram,
			   uint64_t *last, uint64_t *counts);

/**
 * cpuslab_histogram_percentile() - the value that @ppm of the counts do not
 * exceed.
 * @counts: as read.
 * @total:  what the read returned.
 * @ppm:    parts per million, at most CPUSLAB_PPM: 500000 is the median, 999000
 *          is the 99.9th percentile, 0 the smallest and CPUSLAB_PPM the largest
 *          value.
 *
 * Of @total values in order, that with number ceil(@total * @ppm / 10^6), or
 * number 1; see above for the error.
 *
 * Context: any.
 * Return:  the value; 0 if there was none.
 */
CPUSLAB_API uint64_t cpuslab_histogram_percentile(
	const struct cpuslab_histogram *histogram, const uint64_t *counts,
	uint64_t total, uint32_t ppm);

CPUSLAB_END

#endif /* CPUSLAB_HISTOGRAM_H */
