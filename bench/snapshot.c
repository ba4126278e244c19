/* SPDX-License-Identifier: MIT */
/*
 * snapshot.c - read the set of CPUs: get a snapshot, count it, put it.
 */
#include "platform.h"

#include <stdlib.h>

#include "lists.h"

struct snapshot_work {
	struct cpuslab_domain *domain;
	uint64_t cpus;
	uint64_t count; /* W each thread when it ends, atomically */
};

static void *snapshot_setup(struct bench_run *run)
{
	struct snapshot_work *work = calloc(1, sizeof(*work));

	(void)run;
	if (!work)
		measure_die("snapshot", "no memory");
	work->domain = platform_domain_real();
	work->cpus = measure_cpus();
	return work;
}

static void snapshot_teardown(void *arg)
{
	struct snapshot_work *work = arg;

	cpuslab_domain_destroy(work->domain);
	free(work);
}

static BENCH_NOINLINE void snapshot_run(void *arg, uint64_t n)
{
	struct snapshot_work *work = arg;
	uint64_t i, total = 0;

	for (i = 0; i < n; i++) {
		const struct cpuslab_cpumask *set;

		set = cpuslab_cpumask_get(work->domain);
		total += cpuslab_cpumask_count(set);
		cpuslab_cpumask_put(set);
	}
	__atomic_fetch_add(&work->count, total / work->cpus, __ATOMIC_RELAXED);
}

static uint64_t snapshot_count(void *arg)
{
	return ((struct snapshot_work *)arg)->count;
}

const struct bench_body snapshot_bodies[] = {
	{ .how = { .name = "snapshot/cpuslab",
		   .run = snapshot_run,
		   .count = snapshot_count },
	  .flags = BENCH_THREADS,
	  .setup = snapshot_setup,
	  .teardown = snapshot_teardown },
	{ .how = { .name = NULL } },
};
