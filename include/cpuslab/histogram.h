/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_HISTOGRAM_H
#define CPUSLAB_HISTOGRAM_H
/*
 * histogram.h - counts of values by bucket: latencies, sizes, queue depths.
 *
 * Buckets are log-linear, as in Gil Tene's HdrHistogram: below 2^(p + 1) each
 * value has its own bucket, and each further power of two has 2^p buckets of
 * equal width. p is the precision. With p = 2:
 *
 *	bucket  0 1 2 ... 7 |   8     9    10    11 |    12    13    14    15
 *	values  0 1 2 ... 7 | 8-9 10-11 12-13 14-15 | 16-19 20-23 24-27 28-31
 *
 * Every CPU has a copy of all buckets, each a counter: recording a value is one
 * cpuslab_add(). Counts survive the removal of their CPU and never go down.
 *
 * Error: cpuslab_histogram_percentile() returns the highest value of the bucket
 * that contains the true percentile v of the given counts. That lies in
 * [v, v + (v >> p)], and is v itself below 2^(p + 1). Values of more than @bits
 * bits are counted in one last bucket, up to UINT64_MAX.
 *
 *	precision   error       buckets, 64 bits   bytes for each CPU
 *	2           25 %                     252                    2016
 *	5           3.1 %                   1920                   15360
 *	7           0.8 %                   7424                   59392
 *
 * Counts are never reset. A reader that wants an interval keeps the counts that
 * it read last and subtracts (cpuslab_histogram_interval()), so any number of
 * readers have intervals of their own and no recorded value is lost.
 *
 *	several objects     read each, and merge the counts into one array
 *	several hosts       each sends its counts; the collector merges them,
 *	                    with a shape for each precision that they use
 *	kept after an end   cpuslab_histogram_record_counts() into a histogram
 *	                    that stays
 *
 * Not for a few values that are known in advance (use a counter for each), nor
 * for exact sums: a mean computed from buckets has their error.
 */

#include <cpuslab/ops.h>
#include <cpuslab/port/bits.h>
#include <cpuslab/slab.h>

CPUSLAB_BEGIN

#define CPUSLAB_HISTOGRAM_MAX_PRECISION 12u
#define CPUSLAB_PPM 1000000u /* 100 %, in parts per million */

struct cpuslab_histogram {
	struct cpuslab_percpu handle; /* W init, fini; R any */
	struct cpuslab_slab *slab;    /* W init; R fini */
	uint32_t precision;           /* W init; R any */
	uint32_t buckets; /* words in an array of counts; W init; R any */
	uint64_t beyond;  /* larger values: last bucket; W init; R any */
	struct cpuslab_type type; /* W init; R slab */
};

/**
 * cpuslab_histogram_init() - set up an empty histogram.
 * @histogram: resident memory of the caller.
 * @slab:      where its copies are allocated; outlives it.
 * @precision: p, at most CPUSLAB_HISTOGRAM_MAX_PRECISION.
 * @bits:      size of the largest value to distinguish; above p, at most 64.
 *
 * Context: may sleep, allocates.
 * Return:  as cpuslab_alloc(); -CPUSLAB_EINVAL for numbers out of range.
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_APC int
cpuslab_histogram_init(CPUSLAB_OUT struct cpuslab_histogram *histogram,
		       CPUSLAB_INOUT struct cpuslab_slab *slab,
		       uint32_t precision, uint32_t bits);

/**
 * cpuslab_histogram_init_shape() - describe counts that come from elsewhere.
 * @shape:     set up; has no copies and needs no fini.
 * @precision: as of the histogram that recorded the counts.
 * @bits:      as of that histogram.
 *
 * All calls that take counts work with a shape. Recording in one fails, and its
 * own counts are zeros.
 *
 * Context: any.
 * Return:  CPUSLAB_OK; -CPUSLAB_EINVAL for numbers out of range.
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_HIGH int
cpuslab_histogram_init_shape(CPUSLAB_OUT struct cpuslab_histogram *shape,
			     uint32_t precision, uint32_t bits);

/**
 * cpuslab_histogram_fini() - free a histogram that is no longer used.
 * @histogram: set up by cpuslab_histogram_init().
 *
 * Context: may sleep.
 */
CPUSLAB_API CPUSLAB_APC void
cpuslab_histogram_fini(CPUSLAB_INOUT struct cpuslab_histogram *histogram);

/**
 * cpuslab_histogram_read() - read all counts since init, of all CPUs, past and
 * present.
 * @histogram: set up by cpuslab_histogram_init().
 * @counts:    receives histogram->buckets words.
 *
 * Each count is a cpuslab_sum(). They are read one after the other, so values
 * recorded meanwhile are in some of them and not in others.
 *
 * Context: any. Wait-free; O(buckets * CPUs in use).
 * Order:   acquire, as cpuslab_sum().
 * Return:  the total of the counts.
 */
CPUSLAB_API CPUSLAB_DISPATCH uint64_t
cpuslab_histogram_read(CPUSLAB_IN const struct cpuslab_histogram *histogram,
		       CPUSLAB_ARRAY uint64_t *counts);

/**
 * cpuslab_histogram_interval() - read the counts since this reader's last call.
 * @histogram: set up by cpuslab_histogram_init().
 * @last:      histogram->buckets words that the reader keeps between calls;
 *             zeros at first. Updated.
 * @counts:    receives the difference, histogram->buckets words.
 *
 * Each recorded value is in exactly one interval of a reader.
 *
 * Context, Order, Return: as cpuslab_histogram_read().
 */
CPUSLAB_API CPUSLAB_DISPATCH uint64_t cpuslab_histogram_interval(
	CPUSLAB_IN const struct cpuslab_histogram *histogram,
	CPUSLAB_ARRAY uint64_t *last, CPUSLAB_ARRAY uint64_t *counts);

/**
 * cpuslab_histogram_merge() - add counts of one histogram to those of another.
 * @to:     the shape of @counts.
 * @counts: increased by @more.
 * @from:   the shape of @more; may be @to.
 * @more:   as read.
 *
 * The shapes may differ. The error is then that of the lower precision, which
 * @to should have: if it has the higher one, a value counts as the highest of
 * its bucket in @from. What exceeds the bits of either is counted in the last
 * bucket of @to.
 *
 * Context: any. O(buckets of @from).
 * Return:  the total of @more; 0, with nothing added, if an init failed.
 */
CPUSLAB_API CPUSLAB_HIGH uint64_t
cpuslab_histogram_merge(CPUSLAB_IN const struct cpuslab_histogram *to,
			CPUSLAB_ARRAY uint64_t *counts,
			CPUSLAB_IN const struct cpuslab_histogram *from,
			CPUSLAB_ARRAY const uint64_t *more);

/**
 * cpuslab_histogram_record_counts() - record all values that were counted
 * elsewhere, on this CPU.
 * @histogram: set up by cpuslab_histogram_init().
 * @from:      the shape of @counts; may be @histogram.
 * @counts:    as read; an interval, if this is repeated.
 *
 * Context, Order: as cpuslab_add(). O(buckets of @from).
 * Return:  CPUSLAB_OK, or the error of cpuslab_add().
 */
CPUSLAB_API CPUSLAB_HIGH int cpuslab_histogram_record_counts(
	CPUSLAB_IN const struct cpuslab_histogram *histogram,
	CPUSLAB_IN const struct cpuslab_histogram *from,
	CPUSLAB_ARRAY const uint64_t *counts);

/**
 * cpuslab_histogram_count() - the number of values up to @value.
 * @histogram: set up by cpuslab_histogram_init().
 * @counts:    as read.
 * @value:     UINT64_MAX for the total.
 *
 * Counts all of @value's bucket, so it is exact if @value is the highest of
 * its bucket: give a Prometheus histogram such values as bounds ("le").
 *
 * Context: any.
 * Return:  the number.
 */
CPUSLAB_API CPUSLAB_HIGH uint64_t
cpuslab_histogram_count(CPUSLAB_IN const struct cpuslab_histogram *histogram,
			CPUSLAB_ARRAY const uint64_t *counts, uint64_t value);

/**
 * cpuslab_histogram_min() - a value that is not above any recorded one.
 * @histogram: set up by cpuslab_histogram_init().
 * @counts:    as read.
 *
 * The lowest value of the smallest value's bucket. With v the smallest value
 * it lies in [v - (v >> p), v].
 *
 * Context: any.
 * Return:  the value; 0 if nothing was recorded.
 */
CPUSLAB_API CPUSLAB_HIGH uint64_t
cpuslab_histogram_min(CPUSLAB_IN const struct cpuslab_histogram *histogram,
		      CPUSLAB_ARRAY const uint64_t *counts);

/**
 * cpuslab_histogram_max() - a value that is not below any recorded one.
 * @histogram: set up by cpuslab_histogram_init().
 * @counts:    as read.
 *
 * The highest value of the largest value's bucket. With v the largest value it
 * lies in [v, v + (v >> p)]; it is UINT64_MAX if v has more than @bits bits.
 *
 * Context: any.
 * Return:  the value; 0 if nothing was recorded.
 */
CPUSLAB_API CPUSLAB_HIGH uint64_t
cpuslab_histogram_max(CPUSLAB_IN const struct cpuslab_histogram *histogram,
		      CPUSLAB_ARRAY const uint64_t *counts);

/**
 * cpuslab_histogram_mean() - the mean of the values.
 * @histogram: set up by cpuslab_histogram_init().
 * @counts:    as read.
 *
 * Each value is taken for the middle of its bucket, from which it differs by
 * at most its 2^(p + 1)th part, and so does the mean, which is then rounded
 * down. Exact (rounded down) if all values are below 2^(p + 1). A value of more
 * than @bits bits is taken for the least such value.
 *
 * Context: any.
 * Return:  the mean; 0 if nothing was recorded.
 */
CPUSLAB_API CPUSLAB_HIGH uint64_t
cpuslab_histogram_mean(CPUSLAB_IN const struct cpuslab_histogram *histogram,
		       CPUSLAB_ARRAY const uint64_t *counts);

/**
 * cpuslab_histogram_percentile() - find the value that @ppm of the values do
 * not exceed.
 * @histogram: set up by cpuslab_histogram_init().
 * @counts:    as read.
 * @total:     what the read returned.
 * @ppm:       parts per million, at most CPUSLAB_PPM: 500000 is the median,
 *             999000 the 99.9th percentile, 0 the smallest and CPUSLAB_PPM the
 *             largest value.
 *
 * Of @total values in ascending order it is number ceil(@total * @ppm / 10^6),
 * and at least number 1, with the error stated above.
 *
 * Context: any.
 * Return:  the value; 0 if there is none.
 */
CPUSLAB_API CPUSLAB_HIGH uint64_t cpuslab_histogram_percentile(
	CPUSLAB_IN const struct cpuslab_histogram *histogram,
	CPUSLAB_ARRAY const uint64_t *counts, uint64_t total, uint32_t ppm);

/**
 * cpuslab_histogram_lowest() - the lowest value that @bucket counts.
 * @histogram: set up by cpuslab_histogram_init().
 * @bucket:    below its number of buckets.
 *
 * Context: any.
 * Return:  the value; UINT64_MAX if there is no such bucket.
 */
CPUSLAB_API CPUSLAB_HIGH uint64_t cpuslab_histogram_lowest(
	CPUSLAB_IN const struct cpuslab_histogram *histogram, uint32_t bucket);

/**
 * cpuslab_histogram_highest() - the highest value that @bucket counts.
 * @histogram: set up by cpuslab_histogram_init().
 * @bucket:    below its number of buckets.
 *
 * Context: any.
 * Return:  the value; UINT64_MAX if there is no such bucket.
 */
CPUSLAB_API CPUSLAB_HIGH uint64_t cpuslab_histogram_highest(
	CPUSLAB_IN const struct cpuslab_histogram *histogram, uint32_t bucket);

/**
 * cpuslab_histogram_bucket() - the bucket that counts @value.
 * @histogram: set up by cpuslab_histogram_init().
 * @value:     in the unit of the caller.
 *
 * Context: any.
 * Return:  an index below histogram->buckets; 0 if init failed.
 */
CPUSLAB_INLINE CPUSLAB_HIGH uint32_t cpuslab_histogram_bucket(
	CPUSLAB_IN const struct cpuslab_histogram *histogram, uint64_t value)
{
	uint32_t p = histogram->precision;
	uint32_t shift;

	if (cpuslab_unlikely(value > histogram->beyond))
		return histogram->buckets ? histogram->buckets - 1 : 0;
	/* Keep the highest p + 1 bits; shift is the number of bits below. */
	shift = cpuslab__highest_bit(value | (uint64_t)1 << p) - p;
	return (shift << p) + (uint32_t)(value >> shift);
}

/**
 * cpuslab_histogram_record() - count @value, on this CPU.
 * @histogram: set up by cpuslab_histogram_init().
 * @value:     in the unit of the caller.
 *
 * Context, Order, Return: as cpuslab_add().
 */
CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_histogram_record(CPUSLAB_IN const struct cpuslab_histogram *histogram,
			 uint64_t value)
{
	return cpuslab_add(
		&histogram->handle,
		(size_t)cpuslab_histogram_bucket(histogram, value) * 8, 1);
}

/**
 * cpuslab_histogram_record_n() - count @value @times times, at the cost of one.
 * @histogram: set up by cpuslab_histogram_init().
 * @value:     in the unit of the caller.
 * @times:     how often.
 *
 * Context, Order, Return: as cpuslab_add().
 */
CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_histogram_record_n(CPUSLAB_IN const struct cpuslab_histogram *histogram,
			   uint64_t value, uint64_t times)
{
	return cpuslab_add(
		&histogram->handle,
		(size_t)cpuslab_histogram_bucket(histogram, value) * 8, times);
}

CPUSLAB_END

/*
 * Synchronization:
 *   record            any context, concurrently with everything
 *   read, interval    any context, concurrently with everything; each caller
 *                     has arrays of its own
 *   record_counts     as record; other calls that take counts read and write
 *                     nothing but their arguments
 *   init, fini        the caller excludes every other call
 *
 * The struct must not be copied or moved after init.
 */

#endif /* CPUSLAB_HISTOGRAM_H */
