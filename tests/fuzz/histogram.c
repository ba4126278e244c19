/* SPDX-License-Identifier: MIT */
/*
 * histogram.c - what counts say of values, against the sorted values.
 */
#include <cpuslab/cpuslab.h>
#include <cpuslab/sim.h>

#include "fuzz.h"

#define HISTOGRAM_VALUES 64u
#define HISTOGRAM_PRECISION 7u /* the highest is 6 */
#define HISTOGRAM_BUCKETS ((64u - 6 + 1) << 6)

static struct cpuslab_domain *histogram_domain;
static struct cpuslab_slab *histogram_slab;
static uint64_t histogram_values[HISTOGRAM_VALUES];
static uint32_t histogram_count;
static uint64_t histogram_counts[HISTOGRAM_BUCKETS];
static uint64_t histogram_merged[HISTOGRAM_BUCKETS];
static uint64_t histogram_wanted[HISTOGRAM_BUCKETS];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const struct sim_config sim = { .limit = 8, .available = 4 };

	(void)argc;
	(void)argv;
	fuzz_expect(!sim_init(&sim));
	fuzz_expect(!cpuslab_domain_create(&histogram_domain, NULL));
	fuzz_expect(
		!cpuslab_slab_create(&histogram_slab, histogram_domain, NULL));
	return 0;
}

static int histogram_compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Record values on several CPUs, and sort them. */
static void histogram_fill(struct fuzz_input *in, struct cpuslab_histogram *h)
{
	uint64_t *value = histogram_values;
	uint32_t times;

	for (histogram_count = 0; in->at < in->end;) {
		sim_cpu_set(fuzz_below(in, 10));
		times = fuzz_below(in, 3) + 1;
		if (histogram_count + times > HISTOGRAM_VALUES)
			break;
		*value = fuzz_number(in);
		fuzz_expect(!cpuslab_histogram_record_n(h, *value, times));
		for (value++; --times; value++)
			*value = value[-1];
		histogram_count = (uint32_t)(value - histogram_values);
	}
	qsort(histogram_values, histogram_count, sizeof(uint64_t),
	      histogram_compare);
}

/* Is @found the upper end of @value's bucket, by the bound of the header? */
static bool histogram_is_near(const struct cpuslab_histogram *h, uint64_t found,
			      uint64_t value)
{
	if (value > h->beyond)
		return found == UINT64_MAX;
	return found >= value && found - value <= value >> h->precision;
}

static void histogram_check_bucket(const struct cpuslab_histogram *h,
				   uint64_t value)
{
	uint32_t bucket = cpuslab_histogram_bucket(h, value), below;
	uint64_t low = cpuslab_histogram_lowest(h, bucket);
	uint64_t high = cpuslab_histogram_highest(h, bucket);

	fuzz_expect(bucket < h->buckets);
	fuzz_expect(low <= value && value <= high);
	fuzz_expect(histogram_is_near(h, high, value));
	fuzz_expect(cpuslab_histogram_bucket(h, low) == bucket);
	fuzz_expect(cpuslab_histogram_bucket(h, high) == bucket);
	if (high < UINT64_MAX)
		fuzz_expect(cpuslab_histogram_lowest(h, bucket + 1) ==
			    high + 1);
	for (below = 0;
	     below < histogram_count && histogram_values[below] <= high;)
		below++;
	fuzz_expect(cpuslab_histogram_count(h, histogram_counts, value) ==
		    below);
}

static void histogram_check_percentile(const struct cpuslab_histogram *h,
				       uint32_t ppm)
{
	uint64_t found = cpuslab_histogram_percentile(h, histogram_counts,
						      histogram_count, ppm);
	uint64_t rank = ((uint64_t)histogram_count * ppm + CPUSLAB_PPM - 1) /
			CPUSLAB_PPM;

	fuzz_expect(histogram_is_near(h, found,
				      histogram_values[rank ? rank - 1 : 0]));
}

static void histogram_check_mean(const struct cpuslab_histogram *h)
{
	uint64_t mean = cpuslab_histogram_mean(h, histogram_counts), exact;
	unsigned __int128 sum = 0;
	uint32_t i;

	for (i = 0; i < histogram_count; i++)
		sum += histogram_values[i] <= h->beyond ? histogram_values[i] :
							  h->beyond + 1;
	exact = (uint64_t)(sum / histogram_count);
	fuzz_expect((mean > exact ? mean - exact : exact - mean) <=
		    (exact >> (h->precision + 1)) + 1);
}

static void histogram_check_ends(const struct cpuslab_histogram *h)
{
	uint64_t least = histogram_values[0];
	uint64_t most = histogram_values[histogram_count - 1];
	uint64_t min = cpuslab_histogram_min(h, histogram_counts);

	fuzz_expect(min <= least);
	if (least <= h->beyond)
		fuzz_expect(least - min <= least >> h->precision);
	fuzz_expect(histogram_is_near(
		h, cpuslab_histogram_max(h, histogram_counts), most));
}

/* Each value is in the bucket of @to that the header names. */
static void histogram_check_merge(const struct cpuslab_histogram *h,
				  const struct cpuslab_histogram *to)
{
	size_t bytes = to->buckets * sizeof(uint64_t);
	uint64_t value;
	uint32_t i;

	memset(histogram_merged, 0, bytes);
	memset(histogram_wanted, 0, bytes);
	for (i = 0; i < histogram_count; i++) {
		value = histogram_values[i];
		if (value > h->beyond)
			value = UINT64_MAX;
		else if (to->precision > h->precision)
			value = cpuslab_histogram_highest(
				h, cpuslab_histogram_bucket(h, value));
		histogram_wanted[value > to->beyond ?
					 to->buckets - 1 :
					 cpuslab_histogram_bucket(to, value)]++;
	}
	fuzz_expect(cpuslab_histogram_merge(to, histogram_merged, h,
					    histogram_counts) ==
		    histogram_count);
	fuzz_expect(!memcmp(histogram_merged, histogram_wanted, bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fuzz_input in = { data, data + bytes };
	static struct cpuslab_histogram h, to;
	uint32_t p = fuzz_below(&in, HISTOGRAM_PRECISION);
	uint32_t q = fuzz_below(&in, HISTOGRAM_PRECISION);
	uint32_t ppm = (uint32_t)(fuzz_number(&in) % (CPUSLAB_PPM + 1)), i;

	fuzz_expect(!cpuslab_histogram_init(&h, histogram_slab, p,
					    p + 1 + fuzz_below(&in, 64 - p)));
	fuzz_expect(!cpuslab_histogram_init_shape(
		&to, q, q + 1 + fuzz_below(&in, 64 - q)));
	histogram_fill(&in, &h);
	fuzz_expect(cpuslab_histogram_read(&h, histogram_counts) ==
		    histogram_count);
	for (i = 0; i < histogram_count; i++)
		histogram_check_bucket(&h, histogram_values[i]);
	if (histogram_count) {
		histogram_check_percentile(&h, ppm);
		histogram_check_mean(&h);
		histogram_check_ends(&h);
	}
	histogram_check_merge(&h, &to);
	cpuslab_histogram_fini(&h);
	fuzz_expect(!cpuslab_slab_check(histogram_slab));
	return 0;
}
