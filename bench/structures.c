/* SPDX-License-Identifier: MIT */
/*
 * structures.c - the bodies for cpuslab's structures.
 */
#include "platform.h"

#include <stdlib.h>

#include "lists.h"

#define STRUCTURES_BUCKETS 4096u
#define STRUCTURES_BOX 1024u
#define STRUCTURES_BATCH 64u

struct structures_work {
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	struct cpuslab_cache cache;
	struct cpuslab_histogram histogram;
	struct cpuslab_refcount refcount;
	struct cpuslab_approx approx;
	struct cpuslab_steering steering;
	struct cpuslab_mailbox mailbox;
	uint32_t here;  /* a CPU with an open mailbox */
	uint64_t count; /* W each thread when it ends, atomically */
};

static void structures_done(struct structures_work *work, uint64_t done)
{
	__atomic_fetch_add(&work->count, done, __ATOMIC_RELAXED);
}

static uint64_t structures_count(void *arg)
{
	return ((struct structures_work *)arg)->count;
}

/* ---- the loops ----------------------------------------------------------- */

static void *structures_malloc(void *arg)
{
	(void)arg;
	return malloc(LISTS_OBJECT);
}

static void structures_free(void *arg, void *object)
{
	(void)arg;
	free(object);
}

static BENCH_NOINLINE void structures_cache(void *arg, uint64_t n)
{
	struct structures_work *work = arg;
	uint64_t i, done = 0;

	for (i = 0; i < n; i++) {
		void *object = cpuslab_cache_alloc(&work->cache);

		done += object != NULL;
		cpuslab_cache_free(&work->cache, object);
	}
	structures_done(work, done);
}

static BENCH_NOINLINE void structures_histogram(void *arg, uint64_t n)
{
	struct structures_work *work = arg;
	uint64_t i;

	/* Values of many magnitudes, like latencies. */
	for (i = 0; i < n; i++)
		cpuslab_histogram_record(&work->histogram, i & 0xfff);
}

static uint64_t structures_histogram_count(void *arg)
{
	struct structures_work *work = arg;
	uint64_t *counts = calloc(work->histogram.buckets, sizeof(*counts));
	uint64_t total;

	if (!counts)
		measure_die("histogram", "no memory");
	total = cpuslab_histogram_read(&work->histogram, counts);
	free(counts);
	return total;
}

static BENCH_NOINLINE void structures_refcount(void *arg, uint64_t n)
{
	struct structures_work *work = arg;
	uint64_t i, done = 0;

	for (i = 0; i < n; i++) {
		if (!cpuslab_refcount_try_get(&work->refcount))
			continue;
		done += !cpuslab_refcount_put(&work->refcount);
	}
	structures_done(work, done);
}

static BENCH_NOINLINE void structures_approx(void *arg, uint64_t n)
{
	struct structures_work *work = arg;
	uint64_t i;

	for (i = 0; i < n; i++)
		cpuslab_approx_add(&work->approx, 1);
}

static uint64_t structures_approx_count(void *arg)
{
	return cpuslab_approx_sum(&((struct structures_work *)arg)->approx);
}

/* All lookups in one read section. */
static BENCH_NOINLINE void structures_steering(void *arg, uint64_t n)
{
	struct structures_work *work = arg;
	uint64_t i, done = 0;

	cpuslab_read_enter();
	for (i = 0; i < n; i++)
		done += cpuslab_steering_lookup(&work->steering, i, NULL) !=
			CPUSLAB_NO_CPU;
	cpuslab_read_exit();
	structures_done(work, done);
}

static BENCH_NOINLINE void structures_mailbox(void *arg, uint64_t n)
{
	struct cpuslab_message message = { 0 };
	struct structures_work *work = arg;
	uint64_t i, done = 0;

	for (i = 0; i < n; i++) {
		if (cpuslab_mailbox_send(&work->mailbox, work->here, &message))
			continue;
		done += !cpuslab_mailbox_receive(&work->mailbox, work->here,
						 &message);
	}
	structures_done(work, done);
}

/* ---- setup and teardown -------------------------------------------------- */

static void structures_init(struct structures_work *work)
{
	static const struct cpuslab_cache_config cache = {
		.alloc = structures_malloc,
		.free = structures_free,
	};
	static const struct cpuslab_steering_config steering = {
		.buckets = STRUCTURES_BUCKETS,
		.targets = PLATFORM_LIMIT,
	};

	if (cpuslab_cache_init(&work->cache, work->slab, &cache) ||
	    cpuslab_histogram_init(&work->histogram, work->slab, 5, 40) ||
	    cpuslab_refcount_init(&work->refcount, work->slab, NULL) ||
	    cpuslab_approx_init(&work->approx, work->slab, STRUCTURES_BATCH) ||
	    cpuslab_steering_init(&work->steering, &steering) ||
	    cpuslab_steering_attach(&work->steering, work->domain) ||
	    cpuslab_mailbox_init(&work->mailbox, work->domain, STRUCTURES_BOX))
		measure_die("setup", "cannot create a structure");
}

static void *structures_setup(struct bench_run *run)
{
	struct structures_work *work = calloc(1, sizeof(*work));

	(void)run;
	if (!work)
		measure_die("setup", "no memory");
	work->domain = platform_domain_real();
	work->slab = platform_slab(work->domain);
	work->here = measure_nth(0);
	structures_init(work);
	return work;
}

static void structures_teardown(void *arg)
{
	struct structures_work *work = arg;

	cpuslab_mailbox_fini(&work->mailbox);
	cpuslab_steering_fini(&work->steering);
	cpuslab_approx_fini(&work->approx);
	cpuslab_refcount_fini(&work->refcount);
	cpuslab_histogram_fini(&work->histogram);
	cpuslab_cache_fini(&work->cache);
	cpuslab_slab_destroy(work->slab);
	cpuslab_domain_destroy(work->domain);
	free(work);
}

#define STRUCTURES_BODY(name_, flags_, count_)                                 \
	{                                                                      \
		.how = { .name = #name_ "/cpuslab",                            \
			 .run = structures_##name_,                            \
			 .count = count_ },                                    \
		.flags = flags_, .setup = structures_setup,                    \
		.teardown = structures_teardown                                \
	}

const struct bench_body structures_bodies[] = {
	STRUCTURES_BODY(cache, BENCH_THREADS, structures_count),
	STRUCTURES_BODY(histogram, BENCH_THREADS, structures_histogram_count),
	STRUCTURES_BODY(refcount, BENCH_THREADS, structures_count),
	STRUCTURES_BODY(approx, BENCH_THREADS, structures_approx_count),
	STRUCTURES_BODY(steering, BENCH_THREADS, structures_count),
	/* With two receivers, one may find the other's message half sent. */
	STRUCTURES_BODY(mailbox, 0, structures_count),
	{ .how = { .name = NULL } },
};
