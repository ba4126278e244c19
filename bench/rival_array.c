/* SPDX-License-Identifier: MIT */
/*
 * rival_array.c - an array with a cache line for each possible CPU, which is
 * what a program must use to be safe.
 */
#include "lists.h"

#include <stdlib.h>
#include <string.h>

#define ARRAY_MOST 64u

struct array_work {
	uint64_t limit;
	char *objects[ARRAY_MOST];
	char *counters;
	uint64_t count;
};

static uint64_t array_count(void *arg)
{
	return ((struct array_work *)arg)->count;
}

static void *array_setup(struct bench_run *run)
{
	struct array_work *work = calloc(1, sizeof(*work));
	uint64_t one = 1;

	if (!work)
		measure_die("array", "no memory");
	work->limit = (uint64_t)run->arg;
	work->counters = calloc(work->limit, LISTS_OBJECT);
	if (!work->counters)
		measure_die("array", "no memory");
	/* Each sum is 1, so the total is the number of sums. */
	memcpy(work->counters, &one, sizeof(one));
	return work;
}

static void array_teardown(void *arg)
{
	struct array_work *work = arg;

	free(work->counters);
	free(work);
}

/* With initial contents on each CPU. */
static void array_alloc(void *arg, uint64_t n)
{
	static const uint64_t image[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct array_work *work = arg;
	uint64_t i, cpu;

	for (i = 0; i < n; i++) {
		char *object =
			aligned_alloc(LISTS_OBJECT, work->limit * LISTS_OBJECT);

		for (cpu = 0; object && cpu < work->limit; cpu++)
			memcpy(object + cpu * LISTS_OBJECT, image,
			       sizeof(image));
		work->objects[i] = object;
		work->count += object != NULL;
	}
}

static void array_alloc_after(void *arg, uint64_t n)
{
	struct array_work *work = arg;
	uint64_t i;

	for (i = 0; i < n; i++)
		free(work->objects[i]);
}

static BENCH_NOINLINE void array_sum(void *arg, uint64_t n)
{
	struct array_work *work = arg;
	uint64_t i, cpu;

	for (i = 0; i < n; i++)
		for (cpu = 0; cpu < work->limit; cpu++)
			work->count += *(volatile uint64_t
						 *)(void *)(work->counters +
							    cpu * LISTS_OBJECT);
}

#define ARRAY_BODY(name_, ...)                                                 \
	{                                                                      \
		.how = { .name = name_, .count = array_count, __VA_ARGS__ },   \
		.arg_name = "limit", .args = { 2, 64, 256, 1024, 4096, 8192 }, \
		.arg_count = 6, .setup = array_setup,                          \
		.teardown = array_teardown                                     \
	}

const struct bench_body array_bodies[] = {
	ARRAY_BODY("alloc/array", .run = array_alloc,
		   .after = array_alloc_after, .most = ARRAY_MOST),
	ARRAY_BODY("sum/array", .run = array_sum),
	{ .how = { .name = NULL } },
};
