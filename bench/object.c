/* SPDX-License-Identifier: MIT */
/*
 * object.c - what must not depend on the number of possible CPUs: creating
 * slabs and objects, and sums.
 */
#include "platform.h"

#include <stdlib.h>

#include "lists.h"

#define OBJECT_MOST_SLABS 256u
#define OBJECT_MOST_OBJECTS 4096u
#define OBJECT_SUMMED 7u
#define OBJECT_WORDS 4u /* that a sum reads with two CPUs in use */

struct object_work {
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	struct cpuslab_slab *slabs[OBJECT_MOST_SLABS];
	struct cpuslab_percpu handles[OBJECT_MOST_OBJECTS];
	struct cpuslab_counter counter;
	uint64_t words[OBJECT_WORDS];
	uint64_t sum; /* of the counter, or the words */
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
	work->count += total / work->sum;
}

/* A loop that is called, over words at equal distances. */
static BENCH_NOINLINE uint64_t object_loop(const char *words, uint32_t count,
					   size_t distance)
{
	uint64_t total = 0;
	uint32_t i;

	for (i = 0; i < count; i++, words += distance)
		total += cpuslab_load_acquire_u64((const void *)words);
	return total;
}

static void object_called_loop(void *arg, uint64_t n)
{
	struct object_work *work = arg;
	uint64_t i, total = 0;

	for (i = 0; i < n; i++)
		total += object_loop((const char *)work->words, OBJECT_WORDS,
				     sizeof(work->words[0]));
	work->count += total / work->sum;
}

/* Over the copies of a counter, which lie at equal distances. */
static void object_loop_all(void *arg, uint64_t n)
{
	struct object_work *work = arg;
	const char *first, *second;
	uint64_t i, total = 0;
	uint32_t cpus = cpuslab_domain_limit(work->domain);

	cpuslab_read_enter();
	first = cpuslab_remote(&work->counter.handle, 0);
	second = cpuslab_remote(&work->counter.handle, 1);
	for (i = 0; i < n; i++)
		total += object_loop(first, cpus, (size_t)(second - first));
	cpuslab_read_exit();
	work->count += total / work->sum;
}

/* ---- bodies ---------------------------------------------------------- */

static struct object_work *object_setup_in(struct cpuslab_domain *domain)
{
	struct object_work *work = calloc(1, sizeof(*work));

	if (!work)
		measure_die("setup", "no memory");
	work->domain = domain;
	work->slab = platform_slab(work->domain);
	if (cpuslab_counter_init(&work->counter, work->slab))
		measure_die("sum", "no counter");
	return work;
}

static void *object_setup(struct bench_run *run)
{
	struct object_work *work =
		object_setup_in(platform_domain((uint32_t)run->arg));

	work->sum = OBJECT_SUMMED;
	cpuslab_counter_add(&work->counter, work->sum);
	return work;
}

static void object_teardown(void *arg)
{
	struct object_work *work = arg;

	cpuslab_counter_fini(&work->counter);
	cpuslab_slab_destroy(work->counter.slab);
	cpuslab_domain_destroy(work->domain);
	free(work);
}

static void *object_setup_words(struct bench_run *run)
{
	struct object_work *work = calloc(1, sizeof(*work));
	uint32_t i;

	(void)run;
	if (!work)
		measure_die("sum", "no memory");
	work->sum = OBJECT_WORDS;
	for (i = 0; i < OBJECT_WORDS; i++)
		work->words[i] = 1;
	return work;
}

/* Bodies that are compared use the same pages. */
static struct object_work *object_full;
static uint32_t object_full_users;

/* Each copy has been written to, and is needed for a right sum. */
static void object_touch(struct object_work *work, uint32_t cpus)
{
	uint32_t cpu;

	work->sum = cpus;
	cpuslab_read_enter();
	for (cpu = 0; cpu < cpus; cpu++)
		cpuslab_store_relaxed_u64(
			platform_copy(&work->counter.handle, cpu), 1);
	cpuslab_read_exit();
}

static void *object_setup_full(struct bench_run *run)
{
	uint32_t cpus = (uint32_t)run->arg;

	if (!object_full_users++) {
		object_full = object_setup_in(platform_domain_full(cpus));
		object_touch(object_full, cpus);
	}
	if (cpuslab_domain_limit(object_full->domain) != cpus)
		measure_die("sum", "is compared with another limit");
	return object_full;
}

static void object_teardown_full(void *arg)
{
	if (!--object_full_users)
		object_teardown(arg);
}

#define OBJECT_BODY(name_, setup_, teardown_, ...)                             \
	{                                                                      \
		.how = { .name = name_, .count = object_count, __VA_ARGS__ },  \
		.arg_name = "limit", .args = { PLATFORM_LIMITS },              \
		.arg_count = 6, .setup = setup_, .teardown = teardown_         \
	}

const struct bench_body object_bodies[] = {
	OBJECT_BODY("alloc/cpuslab", object_setup, object_teardown,
		    .run = object_alloc, .before = object_alloc_before,
		    .after = object_alloc_after, .most = OBJECT_MOST_OBJECTS),
	OBJECT_BODY("create/cpuslab", object_setup, object_teardown,
		    .run = object_create, .after = object_create_after,
		    .most = OBJECT_MOST_SLABS),
	OBJECT_BODY("create+alloc/cpuslab", object_setup, object_teardown,
		    .run = object_create_first,
		    .after = object_create_first_after,
		    .most = OBJECT_MOST_SLABS),
	OBJECT_BODY("sum/cpuslab", object_setup, object_teardown,
		    .run = object_sum),
	OBJECT_BODY("sum/cpuslab-all-in-use", object_setup_full,
		    object_teardown_full, .run = object_sum),
	OBJECT_BODY("sum/loop-all-in-use", object_setup_full,
		    object_teardown_full, .run = object_loop_all),
	{ .how = { .name = "sum/called-loop",
		   .run = object_called_loop,
		   .count = object_count },
	  .setup = object_setup_words,
	  .teardown = free },
	{ .how = { .name = NULL } },
};
