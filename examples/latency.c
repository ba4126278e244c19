/* SPDX-License-Identifier: MIT */
/*
 * latency.c - percentiles of two request paths, and of both together. Recording
 * is one add on this CPU; the thread that reads merges the counts.
 */
#include <cpuslab/cpuslab.h>
#include <stdio.h>
#include <stdlib.h>

#define PRECISION 5 /* an error of 3 % */
#define BITS 40     /* up to 18 minutes in nanoseconds */

static struct cpuslab_histogram reads, writes;

static void print(const char *name, const uint64_t *counts)
{
	uint64_t total = cpuslab_histogram_count(&reads, counts, UINT64_MAX);

	printf("%s: %llu requests, mean %llu, p50 %llu, p99 %llu, max %llu ns\n",
	       name, (unsigned long long)total,
	       (unsigned long long)cpuslab_histogram_mean(&reads, counts),
	       (unsigned long long)cpuslab_histogram_percentile(&reads, counts,
								total, 500000),
	       (unsigned long long)cpuslab_histogram_percentile(&reads, counts,
								total, 990000),
	       (unsigned long long)cpuslab_histogram_max(&reads, counts));
}

int main(void)
{
	uint64_t *counts, *both;
	struct cpuslab_slab *slab = cpuslab_default();
	uint64_t i;

	if (cpuslab_histogram_init(&reads, slab, PRECISION, BITS) ||
	    cpuslab_histogram_init(&writes, slab, PRECISION, BITS))
		return 1;
	counts = calloc(reads.buckets, sizeof(*counts));
	both = calloc(reads.buckets, sizeof(*both));
	if (!counts || !both) {
		free(counts);
		free(both);
		return 1;
	}
	for (i = 1; i <= 1000; i++) { /* any thread, on any CPU */
		cpuslab_histogram_record(&reads, i);
		cpuslab_histogram_record(&writes, 1000 * i);
	}
	cpuslab_histogram_read(&reads, counts);
	print("reads", counts);
	cpuslab_histogram_merge(&reads, both, &reads, counts);
	cpuslab_histogram_read(&writes, counts);
	cpuslab_histogram_merge(&reads, both, &writes, counts);
	print("reads and writes", both);
	free(counts);
	free(both);
	return 0;
}
