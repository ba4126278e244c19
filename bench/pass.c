/* SPDX-License-Identifier: MIT */
/*
 * pass.c - objects that are freed on another CPU.
 *
 *	thread 0 -> ring -> thread 1 -> ring -> thread 2 -> ring -> thread 0
 *
 * Each thread allocates n objects for the next one and frees n of the previous
 * one. A thread alone passes them to itself.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "platform.h"

#include <ck_ring.h>
#include <sched.h>
#include <stdlib.h>

#include "lists.h"
#include "slots.h"

#define PASS_RING 256u

struct pass_ring {
	struct ck_ring ring;
	struct ck_ring_buffer slots[PASS_RING];
	char pad[SLOTS_LINE];
};

struct pass {
	void *(*alloc)(struct pass *pass);
	void (*free)(struct pass *pass, void *object);
	const struct lists_allocator *allocator;
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	struct cpuslab_cache cache;
	struct pass_ring *rings; /* [threads] */
	uint32_t threads;
	char pad[SLOTS_LINE];
	uint64_t turn;  /* W any */
	uint64_t count; /* objects freed; W each thread when it ends */
};

static uint64_t pass_count(void *arg)
{
	return __atomic_load_n(&((struct pass *)arg)->count, __ATOMIC_RELAXED);
}

/* Free what has come, up to @most objects; returns how many. */
static uint64_t pass_take(struct pass *pass, struct pass_ring *from,
			  uint64_t most)
{
	uint64_t taken = 0;
	void *object;

	while (taken < most &&
	       ck_ring_dequeue_spsc(&from->ring, from->slots, &object)) {
		pass->free(pass, object);
		taken++;
	}
	return taken;
}

static uint64_t pass_take_or_yield(struct pass *pass, struct pass_ring *from,
				   uint64_t most)
{
	uint64_t taken = pass_take(pass, from, most);

	if (!taken)
		sched_yield();
	return taken;
}

static BENCH_NOINLINE void pass_run(void *arg, uint64_t n)
{
	struct pass *pass = arg;
	uint64_t turn = __atomic_fetch_add(&pass->turn, 1, __ATOMIC_RELAXED);
	struct pass_ring *from = &pass->rings[turn % pass->threads];
	struct pass_ring *to = &pass->rings[(turn + 1) % pass->threads];
	uint64_t sent, taken = 0;

	for (sent = 0; sent < n; sent++) {
		void *object = pass->alloc(pass);

		if (!object)
			measure_die("pass", "no memory");
		while (!ck_ring_enqueue_spsc(&to->ring, to->slots, object))
			taken += pass_take_or_yield(pass, from, n - taken);
		taken += pass_take(pass, from, n - taken);
	}
	while (taken < n)
		taken += pass_take_or_yield(pass, from, n - taken);
	__atomic_fetch_add(&pass->count, taken, __ATOMIC_RELAXED);
}

static struct pass *pass_setup(const struct bench_run *run)
{
	struct pass *pass = calloc(1, sizeof(*pass));
	uint32_t i;

	if (pass)
		pass->rings = calloc(run->threads, sizeof(*pass->rings));
	if (!pass || !pass->rings)
		measure_die("pass", "no memory");
	pass->threads = run->threads;
	for (i = 0; i < pass->threads; i++)
		ck_ring_init(&pass->rings[i].ring, PASS_RING);
	return pass;
}

static void pass_teardown(void *arg)
{
	struct pass *pass = arg;

	free(pass->rings);
	free(pass);
}

/* ---- cpuslab's cache ----------------------------------------------------- */

static void *pass_backing_alloc(void *arg)
{
	(void)arg;
	return malloc(LISTS_OBJECT);
}

static void pass_backing_free(void *arg, void *object)
{
	(void)arg;
	free(object);
}

static void *pass_cache_alloc(struct pass *pass)
{
	return cpuslab_cache_alloc(&pass->cache);
}

static void pass_cache_free(struct pass *pass, void *object)
{
	cpuslab_cache_free(&pass->cache, object);
}

static void *pass_cache_setup(struct bench_run *run)
{
	static const struct cpuslab_cache_config config = {
		.alloc = pass_backing_alloc,
		.free = pass_backing_free,
	};
	struct pass *pass = pass_setup(run);

	pass->domain = platform_domain_real();
	pass->slab = platform_slab(pass->domain);
	if (cpuslab_cache_init(&pass->cache, pass->slab, &config))
		measure_die("pass", "no cache");
	pass->alloc = pass_cache_alloc;
	pass->free = pass_cache_free;
	return pass;
}

static void pass_cache_teardown(void *arg)
{
	struct pass *pass = arg;

	cpuslab_cache_fini(&pass->cache);
	cpuslab_slab_destroy(pass->slab);
	cpuslab_domain_destroy(pass->domain);
	pass_teardown(pass);
}

/* ---- allocators ---------------------------------------------------------- */

static void *pass_allocator_alloc(struct pass *pass)
{
	return pass->allocator->alloc(LISTS_OBJECT);
}

static void pass_allocator_free(struct pass *pass, void *object)
{
	pass->allocator->free(object);
}

static void *pass_allocator_setup(struct bench_run *run,
				  const struct lists_allocator *allocator)
{
	struct pass *pass = pass_setup(run);

	pass->allocator = allocator;
	pass->alloc = pass_allocator_alloc;
	pass->free = pass_allocator_free;
	return pass;
}

static void *pass_malloc_setup(struct bench_run *run)
{
	return pass_allocator_setup(run, lists_malloc());
}

static void *pass_jemalloc_setup(struct bench_run *run)
{
	return pass_allocator_setup(run, lists_jemalloc());
}

static const char *pass_jemalloc_unfit(const struct bench_run *run)
{
	(void)run;
	return lists_jemalloc() ? NULL : LISTS_NO_JEMALLOC;
}

#define PASS_BODY(name_, ...)                                                  \
	{                                                                      \
		.how = { .name = name_,                                        \
			 .run = pass_run,                                      \
			 .count = pass_count },                                \
		.flags = BENCH_THREADS, __VA_ARGS__                            \
	}

const struct bench_body pass_bodies[] = {
	PASS_BODY("pass/cpuslab", .setup = pass_cache_setup,
		  .teardown = pass_cache_teardown),
	PASS_BODY("pass/malloc", .setup = pass_malloc_setup,
		  .teardown = pass_teardown),
	PASS_BODY("pass/jemalloc", .setup = pass_jemalloc_setup,
		  .teardown = pass_teardown, .unfit = pass_jemalloc_unfit),
	{ .how = { .name = NULL } },
};
