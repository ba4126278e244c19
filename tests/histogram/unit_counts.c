/* SPDX-License-Identifier: MIT */
/*
 * unit_counts.c - what counts say of the values, and counts of several
 * histograms.
 */
#include "histogram/unit_sample.h"

/* The bounds that the header states, for min, max and mean. */
static void summary_against(const uint64_t *sorted, uint32_t n, uint32_t p)
{
	uint64_t *counts = counts_new(), sum = 0, mean, is;
	uint64_t v = sorted[0], w = sorted[n - 1];
	uint32_t i;

	for (i = 0; i < n; i++)
		sum += sorted[i];
	mean = sum / n;
	cpuslab_histogram_read(&histogram, counts);
	is = cpuslab_histogram_min(&histogram, counts);
	assert_in_range(is, v - (v >> p), v);
	is = cpuslab_histogram_max(&histogram, counts);
	assert_in_range(is, w, w + (w >> p));
	is = cpuslab_histogram_mean(&histogram, counts);
	assert_in_range(is, mean - (mean >> (p + 1)) - 1,
			mean + (mean >> (p + 1)) + 1);
	for (i = 0; i < histogram.buckets; i++) {
		uint64_t high = cpuslab_histogram_highest(&histogram, i);
		uint32_t at = 0;

		while (at < n && sorted[at] <= high)
			at++;
		assert_int_equal(
			cpuslab_histogram_count(&histogram, counts, high), at);
	}
	free(counts);
}

static void min_max_mean_and_count(void **state)
{
	static uint64_t sample[1000];
	uint32_t p, i, round;

	for (p = 0; p <= 8; p += 2)
		for (round = 0; round < 3; round++) {
			begin(*state, p, 64);
			for (i = 0; i < 1000; i++) {
				/* Sums stay below 2^64. */
				sample[i] = (random_value() >> 12) +
					    (random_next() % 5000 << round * 9);
				record(i % 6, sample[i]);
			}
			qsort(sample, 1000, sizeof(sample[0]), compare);
			summary_against(sample, 1000, p);
			cpuslab_histogram_fini(&histogram);
		}
}

static void small_values_are_exact(void **state)
{
	uint64_t *counts;

	begin(*state, 3, 64);
	counts = counts_new();
	record(1, 3);
	record(2, 9);
	record(2, 15);
	record(3, 15);
	cpuslab_histogram_read(&histogram, counts);
	assert_int_equal(cpuslab_histogram_min(&histogram, counts), 3);
	assert_int_equal(cpuslab_histogram_max(&histogram, counts), 15);
	assert_int_equal(cpuslab_histogram_mean(&histogram, counts), 10);
	assert_int_equal(cpuslab_histogram_count(&histogram, counts, 2), 0);
	assert_int_equal(cpuslab_histogram_count(&histogram, counts, 9), 2);
	assert_int_equal(
		cpuslab_histogram_count(&histogram, counts, UINT64_MAX), 4);
	free(counts);
	cpuslab_histogram_fini(&histogram);
}

#ifdef __SIZEOF_INT128__ /* not on 32-bit machines */
__extension__ typedef unsigned __int128 wide;

/* The sum of the values takes 128 bits; compared with the compiler's. */
static void the_mean_of_huge_values(void **state)
{
	wide sum = 0;
	uint64_t *counts, total = 0;
	uint32_t i, round;

	begin(*state, 12, 64);
	counts = counts_new();
	for (round = 0; round < 200; round++) {
		uint64_t times = random_value() >> 9, low;

		i = (uint32_t)random_next() % histogram.buckets;
		low = cpuslab_histogram_lowest(&histogram, i);
		sum += (wide)(low + (cpuslab_histogram_highest(&histogram, i) -
				     low) / 2) *
		       times;
		counts[i] += times;
		total += times;
		if (total)
			assert_int_equal(cpuslab_histogram_mean(&histogram,
								counts),
					 (uint64_t)(sum / total));
	}
	memset(counts, 0, histogram.buckets * sizeof(*counts));
	counts[histogram.buckets - 1] = UINT64_MAX;
	assert_true(
		cpuslab_histogram_mean(&histogram, counts) >=
		cpuslab_histogram_lowest(&histogram, histogram.buckets - 1));
	free(counts);
	cpuslab_histogram_fini(&histogram);
}
#endif

static void the_mean_of_values_beyond(void **state)
{
	uint64_t *counts;

	begin(*state, 3, 10);
	counts = counts_new();
	record(1, 5000);
	cpuslab_histogram_read(&histogram, counts);
	assert_int_equal(cpuslab_histogram_mean(&histogram, counts), 1024);
	assert_int_equal(cpuslab_histogram_min(&histogram, counts), 1024);
	assert_int_equal(cpuslab_histogram_max(&histogram, counts), UINT64_MAX);
	free(counts);
	cpuslab_histogram_fini(&histogram);
}

/* ---- counts of several histograms --------------------------------------- */

/*
 * What is recorded in a histogram of a higher precision and merged is what a
 * histogram of the lower one records.
 */
static void merged_as_if_recorded(void **state)
{
	static const uint32_t from[][2] = {
		{ 4, 40 }, { 4, 64 }, { 9, 40 }, { 7, 50 }, { 12, 20 }
	};
	struct cpuslab_histogram shape;
	size_t i;
	int n;

	begin(*state, 4, 40);
	for (i = 0; i < sizeof(from) / sizeof(from[0]); i++) {
		uint64_t *merged = counts_new(), *expect = counts_new(), *more;

		assert_int_equal(cpuslab_histogram_init_shape(
					 &shape, from[i][0], from[i][1]),
				 CPUSLAB_OK);
		more = calloc(shape.buckets, sizeof(*more));
		assert_non_null(more);
		for (n = 0; n < 5000; n++) {
			uint64_t value = random_value();

			more[cpuslab_histogram_bucket(&shape, value)]++;
			if (value > shape.beyond)
				value = UINT64_MAX;
			expect[cpuslab_histogram_bucket(&histogram, value)]++;
		}
		assert_int_equal(cpuslab_histogram_merge(&histogram, merged,
							 &shape, more),
				 5000);
		assert_memory_equal(merged, expect,
				    histogram.buckets * sizeof(*merged));
		free(more);
		free(expect);
		free(merged);
	}
	cpuslab_histogram_fini(&histogram);
}

static void merged_twice_is_the_sum(void **state)
{
	uint64_t *counts, *all;

	begin(*state, 4, 64);
	counts = counts_new();
	all = counts_new();
	record(1, 100);
	record(2, 3000);
	cpuslab_histogram_read(&histogram, counts);
	cpuslab_histogram_merge(&histogram, all, &histogram, counts);
	cpuslab_histogram_merge(&histogram, all, &histogram, counts);
	assert_int_equal(all[cpuslab_histogram_bucket(&histogram, 100)], 2);
	assert_int_equal(all[cpuslab_histogram_bucket(&histogram, 3000)], 2);
	assert_int_equal(cpuslab_histogram_count(&histogram, all, UINT64_MAX),
			 4);
	free(counts);
	free(all);
	cpuslab_histogram_fini(&histogram);
}

/* What one histogram has counted goes into another that stays. */
static void counts_are_recorded(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_histogram stays;
	uint64_t *counts, kept[64] = { 0 };

	assert_int_equal(cpuslab_histogram_init(&stays, f->slab, 1, 20),
			 CPUSLAB_OK);
	assert_in_range(stays.buckets, 2, 64);
	begin(f, 4, 64);
	counts = counts_new();
	record(1, 5);
	record(2, 70);
	record(2, (uint64_t)1 << 40);
	cpuslab_histogram_read(&histogram, counts);
	assert_int_equal(cpuslab_histogram_record_counts(&stays, &histogram,
							 counts),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_histogram_read(&stays, kept), 3);
	assert_int_equal(kept[cpuslab_histogram_bucket(&stays, 5)], 1);
	assert_int_equal(kept[cpuslab_histogram_bucket(&stays, 70)], 1);
	assert_int_equal(kept[stays.buckets - 1], 1);
	free(counts);
	cpuslab_histogram_fini(&histogram);
	cpuslab_histogram_fini(&stays);
}

static void a_shape_has_no_copies(void **state)
{
	struct cpuslab_histogram shape;
	uint64_t *counts;

	(void)state;
	assert_int_equal(cpuslab_histogram_init_shape(&shape, 5, 5),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_histogram_init_shape(&shape, 2, 10),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_histogram_record(&shape, 1), -CPUSLAB_EINVAL);
	counts = calloc(shape.buckets, sizeof(*counts));
	assert_non_null(counts);
	counts[3] = 2;
	assert_int_equal(cpuslab_histogram_record_counts(&shape, &shape,
							 counts),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_histogram_max(&shape, counts), 3);
	assert_int_equal(cpuslab_histogram_read(&shape, counts), 0);
	free(counts);
}

/* One without buckets has counts without words: none is read or written. */
static void a_failed_one_does_nothing(void **state)
{
	static const uint64_t values[] = { 0, 5, UINT64_MAX };
	struct fixture *f = *state;
	struct cpuslab_histogram none;
	uint64_t *counts, word = 7;
	size_t i;

	assert_int_equal(cpuslab_histogram_init(&none, f->slab, 5, 5),
			 -CPUSLAB_EINVAL);
	for (i = 0; i < sizeof(values) / sizeof(*values); i++) {
		uint64_t value = values[i];

		assert_int_equal(cpuslab_histogram_bucket(&none, value), 0);
		assert_int_equal(cpuslab_histogram_count(&none, &word, value),
				 0);
		assert_int_equal(cpuslab_histogram_record(&none, value),
				 -CPUSLAB_EINVAL);
		assert_int_equal(cpuslab_histogram_lowest(&none,
							  (uint32_t)value),
				 UINT64_MAX);
		assert_int_equal(cpuslab_histogram_highest(&none,
							   (uint32_t)value),
				 UINT64_MAX);
	}
	assert_int_equal(cpuslab_histogram_read(&none, &word), 0);
	assert_int_equal(cpuslab_histogram_interval(&none, &word, &word), 0);
	assert_int_equal(cpuslab_histogram_min(&none, &word), 0);
	assert_int_equal(cpuslab_histogram_max(&none, &word), 0);
	assert_int_equal(cpuslab_histogram_mean(&none, &word), 0);
	assert_int_equal(cpuslab_histogram_percentile(&none, &word, 7, 500000),
			 0);
	begin(f, 2, 10);
	record(1, 5);
	counts = counts_new();
	assert_int_equal(cpuslab_histogram_read(&histogram, counts), 1);
	assert_int_equal(
		cpuslab_histogram_merge(&none, &word, &histogram, counts), 0);
	assert_int_equal(
		cpuslab_histogram_merge(&histogram, counts, &none, &word), 0);
	assert_int_equal(cpuslab_histogram_record_counts(&none, &histogram,
							 counts),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_histogram_record_counts(&histogram, &none,
							 &word),
			 CPUSLAB_OK);
	assert_int_equal(word, 7);
	assert_int_equal(cpuslab_histogram_read(&histogram, counts), 1);
	free(counts);
	cpuslab_histogram_fini(&histogram);
	cpuslab_histogram_fini(&none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_RSEQ(min_max_mean_and_count),
		FIXTURE_RSEQ(small_values_are_exact),
#ifdef __SIZEOF_INT128__
		FIXTURE_RSEQ(the_mean_of_huge_values),
#endif
		FIXTURE_RSEQ(the_mean_of_values_beyond),
		FIXTURE_RSEQ(merged_as_if_recorded),
		FIXTURE_RSEQ(merged_twice_is_the_sum),
		FIXTURE_BOTH(counts_are_recorded),
		FIXTURE_RSEQ(a_shape_has_no_copies),
		FIXTURE_RSEQ(a_failed_one_does_nothing),
	};

	return cmocka_run_group_tests_name("histogram, counts", tests, NULL,
					   NULL);
}
