/* SPDX-License-Identifier: MIT */
#include "histogram/unit_sample.h"

#define SAMPLE 20000u

/* Buckets cover all values without gap or overlap, each within its width. */
static void buckets_are_a_partition(void **state)
{
	static const uint32_t bits[] = { 64, 40, 13 };
	struct fixture *f = *state;
	uint32_t p, i, b;

	for (b = 0; b < 3; b++)
		for (p = 0; p <= 10; p += 2) {
			uint64_t next = 0;

			begin(f, p, bits[b]);
			for (i = 0; i < histogram.buckets; i++) {
				uint64_t low =
					cpuslab_histogram_lowest(&histogram, i);
				uint64_t high = cpuslab_histogram_highest(
					&histogram, i);

				assert_int_equal(low, next);
				assert_true(high >= low);
				assert_int_equal(cpuslab_histogram_bucket(
							 &histogram, low),
						 i);
				assert_int_equal(cpuslab_histogram_bucket(
							 &histogram, high),
						 i);
				if (low <= histogram.beyond)
					assert_true(high - low <= low >> p);
				next = high + 1;
			}
			assert_int_equal(next, 0); /* beyond UINT64_MAX */
			assert_int_equal(cpuslab_histogram_lowest(&histogram,
								  i),
					 UINT64_MAX);
			assert_int_equal(cpuslab_histogram_highest(&histogram,
								   i),
					 UINT64_MAX);
			cpuslab_histogram_fini(&histogram);
		}
}

static void the_table_in_the_header(void **state)
{
	static const uint32_t table[][2] = { { 2, 252 },
					     { 5, 1920 },
					     { 7, 7424 } };
	int i;

	for (i = 0; i < 3; i++) {
		begin(*state, table[i][0], 64);
		assert_int_equal(histogram.buckets, table[i][1]);
		cpuslab_histogram_fini(&histogram);
	}
}

/*
 * By definition: the value that a share of @ppm of the sample does not exceed.
 */
static uint64_t exact(const uint64_t *sorted, uint64_t n, uint32_t ppm)
{
	uint64_t rank = (n * ppm + CPUSLAB_PPM - 1) / CPUSLAB_PPM;

	return sorted[rank ? rank - 1 : 0];
}

static void percentiles_against(const uint64_t *sorted, uint32_t precision)
{
	static const uint32_t ppm[] = { 0,      1,      10000,  250000,
					500000, 900000, 990000, 999000,
					999900, 999999, 1000000 };
	uint64_t *counts = counts_new();
	uint64_t total = cpuslab_histogram_read(&histogram, counts);
	size_t i;

	assert_int_equal(total, SAMPLE);
	for (i = 0; i < sizeof(ppm) / sizeof(ppm[0]); i++) {
		uint64_t v = exact(sorted, SAMPLE, ppm[i]);
		uint64_t is = cpuslab_histogram_percentile(&histogram, counts,
							   total, ppm[i]);

		assert_true(is >= v);
		assert_true(is - v <= v >> precision);
		if (v < (uint64_t)2 << precision)
			assert_int_equal(is, v);
	}
	free(counts);
}

/* The error stays within its bound, for values recorded on all CPUs. */
static void the_error_is_bounded(void **state)
{
	static uint64_t sample[SAMPLE];
	struct fixture *f = *state;
	uint32_t p, i;

	for (p = 0; p <= 8; p++) {
		begin(f, p, 64);
		for (i = 0; i < SAMPLE; i++) {
			sample[i] = random_value();
			record((uint32_t)random_next() % 70, sample[i]);
		}
		qsort(sample, SAMPLE, sizeof(sample[0]), compare);
		percentiles_against(sample, p);
		cpuslab_histogram_fini(&histogram);
	}
}

/* A distribution that does not cover all magnitudes. */
static void the_error_is_bounded_for_latencies(void **state)
{
	static uint64_t sample[SAMPLE];
	uint32_t i;

	begin(*state, 5, 40);
	for (i = 0; i < SAMPLE; i++) {
		sample[i] = 900 + random_next() % 300;
		if (!(random_next() % 50))
			sample[i] += random_next() % 1000000;
		record(i % 4, sample[i]);
	}
	qsort(sample, SAMPLE, sizeof(sample[0]), compare);
	percentiles_against(sample, 5);
	cpuslab_histogram_fini(&histogram);
}

static void large_values_share_the_last_bucket(void **state)
{
	uint64_t *counts, total;

	begin(*state, 3, 10);
	counts = counts_new();
	record(1, 1023);
	record(1, 1024);
	record(2, UINT64_MAX);
	total = cpuslab_histogram_read(&histogram, counts);
	assert_int_equal(total, 3);
	assert_int_equal(counts[histogram.buckets - 1], 2);
	assert_int_equal(counts[histogram.buckets - 2], 1);
	assert_int_equal(cpuslab_histogram_percentile(&histogram, counts, total,
						      300000),
			 1023);
	assert_int_equal(cpuslab_histogram_percentile(&histogram, counts, total,
						      900000),
			 UINT64_MAX);
	free(counts);
	cpuslab_histogram_fini(&histogram);
}

/* CPUs are added, record and are removed: no count is lost or added. */
static void removals_lose_nothing(void **state)
{
	struct fixture *f = *state;
	uint64_t *counts, *expect;
	uint32_t i, bucket;

	begin(f, 4, 64);
	counts = counts_new();
	expect = counts_new();
	for (i = 0; i < 3000; i++) {
		uint32_t cpu = (uint32_t)random_next() % 12;
		uint64_t value = random_value();

		record(cpu, value);
		expect[cpuslab_histogram_bucket(&histogram, value)]++;
		if (i % 30)
			continue;
		if (fixture_online(f, 5))
			fixture_unplug(f, 5);
		else
			fixture_plug(f, 5);
		cpuslab_domain_resync(f->domain);
		cpuslab_domain_trim(f->domain, CPUSLAB_TRIM_QUIESCENT);
		sim_quiesce();
	}
	assert_true(fixture_stats(f).releases > 10);
	assert_int_equal(cpuslab_histogram_read(&histogram, counts), 3000);
	for (bucket = 0; bucket < histogram.buckets; bucket++)
		assert_int_equal(counts[bucket], expect[bucket]);
	free(counts);
	free(expect);
	cpuslab_histogram_fini(&histogram);
}

/* Two readers, each with intervals of its own. */
static void intervals_add_up(void **state)
{
	uint64_t *last[2], *counts, seen[2] = { 0, 0 };
	uint32_t i;

	begin(*state, 2, 64);
	counts = counts_new();
	last[0] = counts_new();
	last[1] = counts_new();
	for (i = 1; i <= 1000; i++) {
		record(i % 6, i);
		if (!(i % 7))
			seen[0] += cpuslab_histogram_interval(&histogram,
							      last[0], counts);
		if (i % 200)
			continue;
		assert_int_equal(cpuslab_histogram_interval(&histogram, last[1],
							    counts),
				 200);
		/* Values of this interval only. */
		assert_true(cpuslab_histogram_percentile(&histogram, counts,
							 200, 0) >= i - 199);
		seen[1] += 200;
	}
	seen[0] += cpuslab_histogram_interval(&histogram, last[0], counts);
	assert_int_equal(seen[0], 1000);
	assert_int_equal(seen[1], 1000);
	assert_int_equal(
		cpuslab_histogram_interval(&histogram, last[1], counts), 0);
	free(counts);
	free(last[0]);
	free(last[1]);
	cpuslab_histogram_fini(&histogram);
}

static void many_at_once(void **state)
{
	uint64_t *counts, total = (uint64_t)3 << 60;

	begin(*state, 4, 64);
	counts = counts_new();
	cpuslab_histogram_record_n(&histogram, 7, total / 3);
	cpuslab_histogram_record_n(&histogram, 9, total / 3);
	cpuslab_histogram_record_n(&histogram, 11, total / 3);
	assert_int_equal(cpuslab_histogram_read(&histogram, counts), total);
	/* total * ppm does not fit into 64 bits. */
	assert_int_equal(cpuslab_histogram_percentile(&histogram, counts, total,
						      500000),
			 9);
	assert_int_equal(cpuslab_histogram_percentile(&histogram, counts, total,
						      333333),
			 7);
	assert_int_equal(cpuslab_histogram_percentile(&histogram, counts, total,
						      333334),
			 9);
	assert_int_equal(cpuslab_histogram_percentile(&histogram, counts, total,
						      2000000),
			 11);
	free(counts);
	cpuslab_histogram_fini(&histogram);
}

static void nothing_recorded(void **state)
{
	uint64_t *counts;

	begin(*state, 4, 64);
	counts = counts_new();
	assert_int_equal(cpuslab_histogram_read(&histogram, counts), 0);
	assert_int_equal(
		cpuslab_histogram_percentile(&histogram, counts, 0, 500000), 0);
	assert_int_equal(cpuslab_histogram_min(&histogram, counts), 0);
	assert_int_equal(cpuslab_histogram_max(&histogram, counts), 0);
	assert_int_equal(cpuslab_histogram_mean(&histogram, counts), 0);
	free(counts);
	cpuslab_histogram_fini(&histogram);
}

static void bad_arguments(void **state)
{
	static const uint32_t bad[][2] = {
		{ 13, 64 }, { 5, 5 }, { 5, 4 }, { 0, 0 }, { 5, 65 }
	};
	struct fixture *f = *state;
	int i;

	for (i = 0; i < 5; i++)
		assert_int_equal(cpuslab_histogram_init(&histogram, f->slab,
							bad[i][0], bad[i][1]),
				 -CPUSLAB_EINVAL);
	sim_fail_alloc_from(1);
	assert_int_equal(cpuslab_histogram_init(&histogram, f->slab, 12, 64),
			 -CPUSLAB_ENOMEM);
	sim_fail_alloc_from(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_RSEQ(buckets_are_a_partition),
		FIXTURE_RSEQ(the_table_in_the_header),
		FIXTURE_BOTH(the_error_is_bounded),
		FIXTURE_BOTH(the_error_is_bounded_for_latencies),
		FIXTURE_BOTH(large_values_share_the_last_bucket),
		FIXTURE_BOTH(removals_lose_nothing),
		FIXTURE_BOTH(intervals_add_up),
		FIXTURE_BOTH(many_at_once),
		FIXTURE_BOTH(nothing_recorded),
		FIXTURE_BOTH(bad_arguments),
	};

	return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
