/* SPDX-License-Identifier: MIT */
/*
 * sums.c - one thread sums a counter while all others add to it.
 *
 *	sums/cpuslab	a counter of a slab
 *	sums/array	an array with a cache line for each CPU, and atomics
 *
 * The others add until n sums have been taken. A thread alone only sums.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "platform.h"

#include <sched.h>
#include <stdlib.h>

#include "lists.h"
#include "slots.h"

struct sums {
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	struct cpuslab_counter counter;
	struct slots_slot *slots; /* [CPU] */
	void (*add)(struct sums *sums);
	uint64_t (*sum)(const struct sums *sums);
	uint32_t threads;
	char pad[SLOTS_LINE];
	uint64_t turn;     /* W any, when it begins */
	uint64_t finished; /* chunks; W the thread that sums */
	uint64_t added;    /* W each thread when it ends */
	uint64_t count;    /* likewise */
};

/* The counts are right, or the sums were not. */
static uint64_t sums_count(void *arg)
{
	const struct sums *sums = arg;

	if (sums->sum(sums) != sums->added)
		measure_die("sums", "adds were lost");
	return sums->count;
}

static BENCH_NOINLINE void sums_add(struct sums *sums)
{
	cpuslab_counter_add(&sums->counter, 1);
}

static BENCH_NOINLINE uint64_t sums_sum(const struct sums *sums)
{
	return cpuslab_counter_sum(&sums->counter);
}

static BENCH_NOINLINE void sums_array_add(struct sums *sums)
{
	__atomic_fetch_add(&sums->slots[sched_getcpu()].value, 1,
			   __ATOMIC_RELAXED);
}

static BENCH_NOINLINE uint64_t sums_array_sum(const struct sums *sums)
{
	uint64_t total = 0;
	uint32_t cpu;

	for (cpu = 0; cpu < measure_cpu_end(); cpu++)
		total += __atomic_load_n(&sums->slots[cpu].value,
					 __ATOMIC_ACQUIRE);
	return total;
}

static void sums_write(struct sums *sums, uint64_t chunk)
{
	uint64_t added = 0;

	while (__atomic_load_n(&sums->finished, __ATOMIC_ACQUIRE) <= chunk) {
		sums->add(sums);
		added++;
	}
	__atomic_fetch_add(&sums->added, added, __ATOMIC_RELAXED);
}

static void sums_read(struct sums *sums, uint64_t n)
{
	uint64_t i, sum, last = 0;

	for (i = 0; i < n; i++) {
		sum = sums->sum(sums);
		if (sum < last)
			measure_die("sums", "a sum was smaller than the last");
		last = sum;
	}
	__atomic_fetch_add(&sums->finished, 1, __ATOMIC_RELEASE);
}

static void sums_run(void *arg, uint64_t n)
{
	struct sums *sums = arg;
	uint64_t turn = __atomic_fetch_add(&sums->turn, 1, __ATOMIC_RELAXED);

	if (turn % sums->threads)
		sums_write(sums, turn / sums->threads);
	else
		sums_read(sums, n);
	__atomic_fetch_add(&sums->count, n, __ATOMIC_RELAXED);
}

static struct sums *sums_new(const struct bench_run *run)
{
	struct sums *sums = calloc(1, sizeof(*sums));

	if (!sums)
		measure_die("sums", "no memory");
	sums->threads = run->threads;
	return sums;
}

static void *sums_setup(struct bench_run *run)
{
	struct sums *sums = sums_new(run);

	sums->domain = platform_domain_real();
	sums->slab = platform_slab(sums->domain);
	if (cpuslab_counter_init(&sums->counter, sums->slab))
		measure_die("sums", "no counter");
	sums->add = sums_add;
	sums->sum = sums_sum;
	return sums;
}

static void sums_teardown(void *arg)
{
	struct sums *sums = arg;

	cpuslab_counter_fini(&sums->counter);
	cpuslab_slab_destroy(sums->slab);
	cpuslab_domain_destroy(sums->domain);
	free(sums);
}

static void *sums_array_setup(struct bench_run *run)
{
	struct sums *sums = sums_new(run);
	size_t bytes = measure_cpu_end() * sizeof(*sums->slots);

	sums->slots = aligned_alloc(SLOTS_LINE, bytes);
	if (!sums->slots)
		measure_die("sums", "no memory");
	memset(sums->slots, 0, bytes);
	sums->add = sums_array_add;
	sums->sum = sums_array_sum;
	return sums;
}

static void sums_array_teardown(void *arg)
{
	struct sums *sums = arg;

	free(sums->slots);
	free(sums);
}

#define SUMS_BODY(name_, setup_, teardown_)                                    \
	{                                                                      \
		.how = { .name = name_,                                        \
			 .run = sums_run,                                      \
			 .count = sums_count },                                \
		.flags = BENCH_THREADS, .setup = setup_, .teardown = teardown_ \
	}

const struct bench_body sums_bodies[] = {
	SUMS_BODY("sums/cpuslab", sums_setup, sums_teardown),
	SUMS_BODY("sums/array", sums_array_setup, sums_array_teardown),
	{ .how = { .name = NULL } },
};
