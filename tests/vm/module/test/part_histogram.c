// SPDX-License-Identifier: MIT
/*
 * part_histogram.c - each bucket holds what was recorded in it, and so do the
 * intervals of a reader, together.
 */
#include <linux/slab.h>

#include <cpuslab/histogram.h>
#include <cpuslab/steering.h>

#include "structures.h"

#define PART_PRECISION 2
#define PART_BITS 16

static struct cpuslab_histogram part_all;
static u64 *part_own; /* [actor][bucket]; W actor */
/* [bucket]; W looker */
static u64 *part_last, *part_counts, *part_intervals;
static u64 part_total;

static void part_step(const struct structures_actor *actor)
{
	u64 number = (u64)actor->id << 40 | actor->round;
	/* One bit more than it tells apart. */
	u64 value = cpuslab_steering_hash(number) >> (63 - PART_BITS);

	cpuslab_histogram_record(&part_all, value);
	part_own[actor->id * part_all.buckets +
		 cpuslab_histogram_bucket(&part_all, value)]++;
}

static void part_look(void)
{
	u64 total = cpuslab_histogram_read(&part_all, part_counts);
	u32 i;

	if (total < part_total)
		structures_wrong("histogram: %llu after %llu", total,
				 part_total);
	part_total = total;
	cpuslab_histogram_interval(&part_all, part_last, part_counts);
	for (i = 0; i < part_all.buckets; i++)
		part_intervals[i] += part_counts[i];
}

static int part_check_bucket(u32 bucket, u64 *sum)
{
	u64 own = 0;
	u32 i;

	for (i = 0; i < structures_actors; i++)
		own += part_own[i * part_all.buckets + bucket];
	*sum += own;
	if (own != part_last[bucket] || own != part_intervals[bucket])
		return test_wrong(
			"bucket %u: %llu, %llu in intervals, not %llu", bucket,
			part_last[bucket], part_intervals[bucket], own);
	return 0;
}

static int part_check(void)
{
	u64 sum = 0, total;
	u32 i;
	int err = 0;

	part_look();
	for (i = 0; i < part_all.buckets && !err; i++)
		err = part_check_bucket(i, &sum);
	total = cpuslab_histogram_read(&part_all, part_counts);
	pr_info("cpuslab_test: histogram: %llu recorded, %llu expected, median %llu\n",
		total, sum,
		cpuslab_histogram_percentile(&part_all, part_counts, total,
					     CPUSLAB_PPM / 2));
	if (!err && total != sum)
		err = test_wrong("the histogram is not exact");
	return err;
}

static void part_free(void)
{
	kvfree(part_intervals);
	kvfree(part_counts);
	kvfree(part_last);
	kvfree(part_own);
	cpuslab_histogram_fini(&part_all);
}

static int part_stop(void)
{
	int err = part_check();

	part_free();
	return err;
}

static u64 *part_array(u32 rows)
{
	return kvcalloc((size_t)rows * part_all.buckets, sizeof(u64),
			GFP_KERNEL);
}

static int part_start(void)
{
	int err = cpuslab_histogram_init(&part_all, test_slab, PART_PRECISION,
					 PART_BITS);

	if (err)
		return err;
	part_total = 0;
	part_own = part_array(structures_actors);
	part_last = part_array(1);
	part_counts = part_array(1);
	part_intervals = part_array(1);
	if (part_own && part_last && part_counts && part_intervals)
		return 0;
	part_free();
	return -ENOMEM;
}

const struct structures_part part_histogram = {
	.name = "histogram",
	.start = part_start,
	.step = part_step,
	.look = part_look,
	.stop = part_stop,
};
