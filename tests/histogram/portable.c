/* SPDX-License-Identifier: MIT */
/*
 * portable.c - each bucket holds what was recorded in it, and so do all
 * intervals of a reader together, and another histogram in which these are
 * recorded.
 */
#include "portable/portable.h"

#define HISTOGRAM_PRECISION 2u
#define HISTOGRAM_BITS 16u

static struct cpuslab_histogram histogram_all, histogram_stays;
static uint64_t *histogram_own; /* [actor][bucket]; W actor */
/* [bucket]; W looker */
static uint64_t *histogram_last, *histogram_counts, *histogram_intervals;
static uint64_t histogram_total;

static void histogram_step(const struct portable_actor *actor)
{
	uint64_t number = (uint64_t)actor->id << 40 | actor->round;
	/* One bit more than the histogram distinguishes. */
	uint64_t value = cpuslab_steering_hash(number) >> (63 - HISTOGRAM_BITS);

	cpuslab_histogram_record(&histogram_all, value);
	histogram_own[actor->id * histogram_all.buckets +
		      cpuslab_histogram_bucket(&histogram_all, value)]++;
}

static void histogram_look(void)
{
	uint64_t total =
		cpuslab_histogram_read(&histogram_all, histogram_counts);
	uint32_t i;

	if (total < histogram_total)
		portable_wrong("the total of a histogram decreased");
	histogram_total = total;
	cpuslab_histogram_interval(&histogram_all, histogram_last,
				   histogram_counts);
	for (i = 0; i < histogram_all.buckets; i++)
		histogram_intervals[i] += histogram_counts[i];
	if (cpuslab_histogram_record_counts(&histogram_stays, &histogram_all,
					    histogram_counts))
		portable_wrong("an interval was not recorded");
}

/* What the counts say of the values, which are all in [0, 2^17). */
static const char *histogram_check_summary(uint64_t sum)
{
	const uint64_t *counts = histogram_counts;
	uint64_t mean = cpuslab_histogram_mean(&histogram_all, counts);

	if (cpuslab_histogram_read(&histogram_stays, histogram_counts) != sum ||
	    memcmp(counts, histogram_last,
		   histogram_all.buckets * sizeof(*counts)))
		return "what was recorded from intervals is not exact";
	if (cpuslab_histogram_count(&histogram_all, counts, UINT64_MAX) != sum)
		return "the count of a histogram is not exact";
	if (mean < cpuslab_histogram_min(&histogram_all, counts) ||
	    mean > cpuslab_histogram_max(&histogram_all, counts))
		return "the mean is not between the smallest and largest value";
	return NULL;
}

static const char *histogram_check(bool used)
{
	uint64_t sum = 0, own;
	uint32_t bucket, i;

	histogram_look();
	for (bucket = 0; bucket < histogram_all.buckets; bucket++) {
		for (own = i = 0; i < structures.actors; i++)
			own += histogram_own[i * histogram_all.buckets +
					     bucket];
		sum += own;
		if (own != histogram_last[bucket] ||
		    own != histogram_intervals[bucket])
			return "a bucket is not exact";
	}
	if (sum != cpuslab_histogram_read(&histogram_all, histogram_counts))
		return "the histogram is not exact";
	return used && !sum ? "nothing was recorded" :
			      histogram_check_summary(sum);
}

static void histogram_free(void)
{
	cpuslab_port_free(histogram_intervals);
	cpuslab_port_free(histogram_counts);
	cpuslab_port_free(histogram_last);
	cpuslab_port_free(histogram_own);
	cpuslab_histogram_fini(&histogram_stays);
	cpuslab_histogram_fini(&histogram_all);
}

static const char *histogram_stop(bool used)
{
	const char *what = histogram_check(used);

	histogram_free();
	return what;
}

static uint64_t *histogram_array(uint32_t rows)
{
	return portable_array(rows, histogram_all.buckets, sizeof(uint64_t));
}

static int histogram_start(void)
{
	int err = cpuslab_histogram_init(&histogram_all, structures.slab,
					 HISTOGRAM_PRECISION, HISTOGRAM_BITS);

	if (err)
		return err;
	err = cpuslab_histogram_init(&histogram_stays, structures.slab,
				     HISTOGRAM_PRECISION, HISTOGRAM_BITS);
	if (err) {
		cpuslab_histogram_fini(&histogram_all);
		return err;
	}
	histogram_total = 0;
	histogram_own = histogram_array(structures.actors);
	histogram_last = histogram_array(1);
	histogram_counts = histogram_array(1);
	histogram_intervals = histogram_array(1);
	if (histogram_own && histogram_last && histogram_counts &&
	    histogram_intervals)
		return CPUSLAB_OK;
	histogram_free();
	return -CPUSLAB_ENOMEM;
}

const struct portable_part portable_histogram = {
	.start = histogram_start,
	.step = histogram_step,
	.look = histogram_look,
	.stop = histogram_stop,
};
