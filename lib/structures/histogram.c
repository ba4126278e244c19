/* SPDX-License-Identifier: MIT */
#include <cpuslab/histogram.h>
#include <cpuslab/percid.h>

/*
 * A bucket's index is (shift << p) + (value >> shift), where value >> shift has
 * its highest bit at p, so the index determines both. Below 2^(p + 1), shift is
 * 0.
 */
static uint32_t histogram_shift(const struct cpuslab_histogram *histogram,
				uint32_t bucket)
{
	uint32_t block = bucket >> histogram->precision;

	return block ? block - 1 : 0;
}

/* The number of buckets for values in [0, 2^@bits). */
static uint32_t histogram_buckets(uint32_t precision, uint32_t bits)
{
	return (bits - precision + 1) << precision;
}

/* All but the memory of its copies. */
static int histogram_prepare(struct cpuslab_histogram *histogram,
			     struct cpuslab_slab *slab, uint32_t precision,
			     uint32_t bits)
{
	memset(histogram, 0, sizeof(*histogram));
	if (precision > CPUSLAB_HISTOGRAM_MAX_PRECISION || bits <= precision ||
	    bits > 64)
		return -CPUSLAB_EINVAL;
	histogram->slab = slab;
	histogram->precision = precision;
	histogram->beyond = UINT64_MAX >> (64 - bits);
	histogram->buckets =
		histogram_buckets(precision, bits) + (bits < 64 ? 1 : 0);
	histogram->type.name = "cpuslab_histogram";
	histogram->type.size = (size_t)histogram->buckets * sizeof(uint64_t);
	histogram->type.counters = histogram->buckets;
	return CPUSLAB_OK;
}

int cpuslab_histogram_init(struct cpuslab_histogram *histogram,
			   struct cpuslab_slab *slab, uint32_t precision,
			   uint32_t bits)
{
	int err = histogram_prepare(histogram, slab, precision, bits);

	if (!err)
		err = cpuslab_alloc(slab, &histogram->type, &histogram->handle);
	if (err)
		memset(histogram, 0, sizeof(*histogram));
	return err;
}

int cpuslab_histogram_init_shape(struct cpuslab_histogram *shape,
				 uint32_t precision, uint32_t bits)
{
	return histogram_prepare(shape, NULL, precision, bits);
}

int cpuslab_percid_histogram_init(struct cpuslab_percid_histogram *histogram,
				  struct cpuslab_slab *slab, uint32_t precision,
				  uint32_t bits)
{
	struct cpuslab_histogram *h = &histogram->histogram;
	int err = histogram_prepare(h, slab, precision, bits);

	memset(&histogram->handle, 0, sizeof(histogram->handle));
	if (!err)
		err = cpuslab_percid_alloc(slab, &h->type, &histogram->handle);
	if (err)
		memset(h, 0, sizeof(*h));
	h->handle = histogram->handle.copies;
	return err;
}

void cpuslab_histogram_fini(struct cpuslab_histogram *histogram)
{
	cpuslab_free(histogram->slab, &histogram->handle);
}

uint64_t cpuslab_histogram_lowest(const struct cpuslab_histogram *histogram,
				  uint32_t bucket)
{
	uint32_t shift = histogram_shift(histogram, bucket);

	if (bucket >= histogram->buckets)
		return UINT64_MAX;
	return (uint64_t)(bucket - (shift << histogram->precision)) << shift;
}

uint64_t cpuslab_histogram_highest(const struct cpuslab_histogram *histogram,
				   uint32_t bucket)
{
	uint64_t width;

	if ((uint64_t)bucket + 1 >= histogram->buckets)
		return UINT64_MAX;
	width = (uint64_t)1 << histogram_shift(histogram, bucket);
	return cpuslab_histogram_lowest(histogram, bucket) + (width - 1);
}

uint64_t cpuslab_histogram_read(const struct cpuslab_histogram *histogram,
				uint64_t *counts)
{
	uint64_t total = 0;
	uint32_t i;

	for (i = 0; i < histogram->buckets; i++) {
		counts[i] = cpuslab_sum(&histogram->handle, (size_t)i * 8);
		total += counts[i];
	}
	return total;
}

uint64_t cpuslab_histogram_interval(const struct cpuslab_histogram *histogram,
				    uint64_t *last, uint64_t *counts)
{
	uint64_t total = 0;
	uint32_t i;

	cpuslab_histogram_read(histogram, counts);
	for (i = 0; i < histogram->buckets; i++) {
		uint64_t now = counts[i];

		counts[i] = now - last[i];
		last[i] = now;
		total += counts[i];
	}
	return total;
}

/* ceil(@total * @ppm / 10^6), computed without overflow. */
static uint64_t histogram_rank(uint64_t total, uint32_t ppm)
{
	uint64_t whole = total / CPUSLAB_PPM, rest = total % CPUSLAB_PPM;

	return whole * ppm + (rest * ppm + CPUSLAB_PPM - 1) / CPUSLAB_PPM;
}

uint64_t cpuslab_histogram_percentile(const struct cpuslab_histogram *histogram,
				      const uint64_t *counts, uint64_t total,
				      uint32_t ppm)
{
	uint64_t rank, seen = 0;
	uint32_t i;

	rank = histogram_rank(total, ppm < CPUSLAB_PPM ? ppm : CPUSLAB_PPM);
	if (!rank)
		rank = 1;
	for (i = 0; total && i < histogram->buckets; i++) {
		seen += counts[i];
		if (seen >= rank)
			return cpuslab_histogram_highest(histogram, i);
	}
	return 0;
}

/* ---- what counts say ----------------------------------------------------- */

/*
 * The bucket of @to for what @bucket of @from counts. The buckets of a lower
 * precision consist of those of a higher one.
 */
static uint32_t histogram_same(const struct cpuslab_histogram *to,
			       const struct cpuslab_histogram *from,
			       uint32_t bucket)
{
	return to == from ?
		       bucket :
		       cpuslab_histogram_bucket(
			       to, cpuslab_histogram_highest(from, bucket));
}

uint64_t cpuslab_histogram_merge(const struct cpuslab_histogram *to,
				 uint64_t *counts,
				 const struct cpuslab_histogram *from,
				 const uint64_t *more)
{
	uint64_t total = 0;
	uint32_t i;

	for (i = 0; to->buckets && i < from->buckets; i++) {
		counts[histogram_same(to, from, i)] += more[i];
		total += more[i];
	}
	return total;
}

int cpuslab_histogram_record_counts(const struct cpuslab_histogram *histogram,
				    const struct cpuslab_histogram *from,
				    const uint64_t *counts)
{
	int result = CPUSLAB_OK;
	uint32_t i;

	for (i = 0; i < from->buckets && !result; i++)
		if (counts[i])
			result = cpuslab_add(
				&histogram->handle,
				(size_t)histogram_same(histogram, from, i) * 8,
				counts[i]);
	return result;
}

uint64_t cpuslab_histogram_count(const struct cpuslab_histogram *histogram,
				 const uint64_t *counts, uint64_t value)
{
	uint32_t last = cpuslab_histogram_bucket(histogram, value), i;
	uint64_t total = 0;

	for (i = 0; i <= last && i < histogram->buckets; i++)
		total += counts[i];
	return total;
}

uint64_t cpuslab_histogram_min(const struct cpuslab_histogram *histogram,
			       const uint64_t *counts)
{
	uint32_t i;

	for (i = 0; i < histogram->buckets; i++)
		if (counts[i])
			return cpuslab_histogram_lowest(histogram, i);
	return 0;
}

uint64_t cpuslab_histogram_max(const struct cpuslab_histogram *histogram,
			       const uint64_t *counts)
{
	uint32_t i = histogram->buckets;

	while (i--)
		if (counts[i])
			return cpuslab_histogram_highest(histogram, i);
	return 0;
}

/* 128 bits: times of a value, and their sum. */
struct histogram_wide {
	uint64_t high, low;
};

static void histogram_wide_add(struct histogram_wide *sum, uint64_t value,
			       uint64_t times)
{
	uint64_t a = value >> 32, b = value & UINT32_MAX;
	uint64_t c = times >> 32, d = times & UINT32_MAX;
	uint64_t middle = a * d + (b * d >> 32);
	uint64_t low = value * times;

	sum->low += low;
	sum->high += a * c + (middle >> 32) +
		     ((b * c + (middle & UINT32_MAX)) >> 32) + (sum->low < low);
}

/* The quotient of @sum and @by, which is greater than its high half. */
static uint64_t histogram_wide_divide(struct histogram_wide sum, uint64_t by)
{
	uint64_t quotient = 0;
	uint32_t bit;

	for (bit = 0; bit < 64; bit++) {
		bool carry = sum.high >> 63;

		sum.high = sum.high << 1 | sum.low >> 63;
		sum.low <<= 1;
		quotient <<= 1;
		if (carry || sum.high >= by) {
			sum.high -= by;
			quotient++;
		}
	}
	return quotient;
}

uint64_t cpuslab_histogram_mean(const struct cpuslab_histogram *histogram,
				const uint64_t *counts)
{
	struct histogram_wide sum = { 0, 0 };
	uint64_t total = 0;
	uint32_t i;

	for (i = 0; i < histogram->buckets; i++) {
		uint64_t low = cpuslab_histogram_lowest(histogram, i);
		uint64_t high = low > histogram->beyond ?
					low :
					cpuslab_histogram_highest(histogram, i);

		histogram_wide_add(&sum, low + (high - low) / 2, counts[i]);
		total += counts[i];
	}
	return total ? histogram_wide_divide(sum, total) : 0;
}
