/* SPDX-License-Identifier: MIT */
/*
 * object.c - what must not depend on the number of possible CPUs: creating
 * slabs and objects, and sums.
 *
 * It names no system, so the benchmark on simulated CPUs includes it.
 */
#include "platform.h"

#include <stdlib.h>

#include "lists.h"

#define OBJECT_MOST_SLABS 256u
#define OBJECT_MOST_OBJECTS 4096u
#define OBJECT_SUMMED 7u

struct object_work {
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	struct cpuslab_slab *slabs[OBJECT_MOST_SLABS];
	struct cpuslab_percpu handles[OBJECT_MOST_OBJECTS];
	struct cpuslab_counter counter;
	uint64_t count;
};

static uint64_t object_count(void *arg)
{
	return ((struct object_work *)arg)->count;
}

/* ---- allocation: from an empty slab, so from new memory --------------- */

static void object_alloc_before(void *arg, uint64_t n)
{
	struct object_work *work = arg;

	(void)n;
	work->slab = platform_slab(work->domain);
}

static void object_alloc(void *arg, uint64_t n)
{
	struct object_work *work = arg;
	uint64_t i;

	for (i = 0; i < n; i++)
		work->count += cpuslab_alloc(work->slab, &platform_template,
					     &work->handles[i]) == CPUSLAB_OK;
}

static bool object_is_initialised(const struct cpuslab_percpu *handle)
{
	uint32_t cpu, found = 0;

	for (cpu = cpuslab_remote_next(handle, 0); cpu != CPUSLAB_NO_CPU;
	     cpu = cpuslab_remote_next(handle, cpu + 1)) {
		if (memcmp(cpuslab_remote(handle, cpu), platform_template.image,
			   platform_template.size))
			return false;
		found++;
	}
	return found == 2;
}

static void object_alloc_after(void *arg, uint64_t n)
{
	struct object_work *work = arg;
	uint64_t i;

	for (i = 0; i < n; i++) {
		cpuslab_read_enter();
		if (!object_is_initialised(&work->handles[i]))
			measure_die("alloc", "an object is not initialised");
		cpuslab_read_exit();
		cpuslab_free(work->slab, &work->handles[i]);
	}
	cpuslab_slab_destroy(work->slab);
}

/* ---- slabs, with and without the first object ------------------------ */

static void object_create(void *arg, uint64_t n)
{
	struct object_work *work = arg;
	uint64_t i;

	for (i = 0; i < n; i++)
		work->count += cpuslab_slab_create(&work->slabs[i],
						   work->domain,
						   NULL) == CPUSLAB_OK;
}

static void object_create_first(void *arg, uint64_t n)
{
	struct object_work *work = arg;
	uint64_t i;

	for (i = 0; i < n; i++)
		work->count += cpuslab_slab_create(&work->slabs[i],
						   work->domain,
						   NULL) == CPUSLAB_OK &&
			       cpuslab_alloc(work->slabs[i], &platform_template,
					     &work->handles[i]) == CPUSLAB_OK;
}

static void object_create_after(void *arg, uint64_t n)
{
	struct object_work *work = arg;
	uint64_t i;

	for (i = 0; i < n; i++)
		cpuslab_slab_destroy(work->slabs[i]);
}

static void object_create_first_after(void *arg, uint64_t n)
{
	struct object_work *work = arg;
	uint64_t i;

	for (i = 0; i < n; i++)
		cpuslab_free(work->slabs[i], &work->handles[i]);
	object_create_after(arg, n);
}

/* ---- sums ------------------------------------------------------------ */

static BENCH_NOINLINE void object_sum(void *arg, uint64_t n)
{
	struct object_work *work = arg;
	uint64_t i, total = 0;

	for (i = 0; i < n; i++)
		total += cpuslab_counter_sum(&work->counter);
	work->count += total / OBJECT_SUMMED;
}

/* ---- bodies ---------------------------------------------------------- */

static void *object_setup_in(struct cpuslab_domain *domain)
{
	struct object_work *work = calloc(1, sizeof(*work));

	if (!work)
		measure_die("setup", "no memory");
	work->domain = domain;
	work->slab = platform_slab(work->domain);
	if (cpuslab_counter_init(&work->counter, work->slab))
		measure_die("sum", "no counter");
	cpuslab_counter_add(&work->counter, OBJECT_SUMMED);
	return work;
}

static void *object_setup(struct bench_run *run)
{
	return object_setup_in(platform_domain((uint32_t)run->arg));
}

static void *object_setup_full(struct bench_run *run)
{
	return object_setup_in(platform_domain_full((uint32_t)run->arg));
}

static void object_teardown(void *arg)
{
	struct object_work *work = arg;

	cpuslab_counter_fini(&work->counter);
	cpuslab_slab_destroy(work->counter.slab);
	cpuslab_domain_destroy(work->domain);
	free(work);
}

#define OBJECT_BODY(name_, setup_, ...)                                        \
	{                                                                      \
		.how = { .name = name_, .count = object_count, __VA_ARGS__ },  \
		.arg_name = "limit", .args = { PLATFORM_LIMITS },              \
		.arg_count = 6, .setup = setup_, .teardown = object_teardown   \
	}

const struct bench_body object_bodies[] = {
	OBJECT_BODY("alloc/cpuslab", object_setup, .run = object_alloc,
		    .before = object_alloc_before, .after = object_alloc_after,
		    .most = OBJECT_MOST_OBJECTS),
	OBJECT_BODY("create/cpuslab", object_setup, .run = object_create,
		    .after = object_create_after, .most = OBJECT_MOST_SLABS),
	OBJECT_BODY("create+alloc/cpuslab", object_setup,
		    .run = object_create_first,
		    .after = object_create_first_after,
		    .most = OBJECT_MOST_SLABS),
	OBJECT_BODY("sum/cpuslab", object_setup, .run = object_sum),
	OBJECT_BODY("sum/cpuslab-all-in-use", object_setup_full,
		    .run = object_sum),
	{ .how = { .name = NULL } },
};
