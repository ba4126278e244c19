/* SPDX-License-Identifier: MIT */
/*
 * rival_structures.c - alternatives to the structures: malloc, jemalloc, a
 * shared atomic, an array, Concurrency Kit's ring.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "slots.h"

#include <ck_pr.h>
#include <ck_ring.h>
#include <dlfcn.h>
#include <stdlib.h>

#define STRUCTURES_TARGETS 4096u
#define STRUCTURES_RING 1024u

/* As large as struct cpuslab_message. */
struct structures_message {
	uint64_t word[3];
};

CK_RING_PROTOTYPE(words, structures_message)

static struct {
	uint64_t references __attribute__((aligned(SLOTS_LINE)));
	uint32_t *targets __attribute__((aligned(SLOTS_LINE)));
	uint64_t mask;
	struct ck_ring ring;
	struct structures_message slots[STRUCTURES_RING];
	uint64_t done __attribute__((aligned(SLOTS_LINE)));
} structures;

static void structures_done(uint64_t done)
{
	__atomic_fetch_add(&structures.done, done, __ATOMIC_RELAXED);
}

static uint64_t structures_count(void *arg)
{
	(void)arg;
	return structures.done;
}

/* ---- alloc and free ----------------------------------------------------- */

const struct lists_allocator *lists_malloc(void)
{
	static const struct lists_allocator allocator = { malloc, free };

	return &allocator;
}

/* The program's own malloc stays that of glibc. */
const struct lists_allocator *lists_jemalloc(void)
{
	static struct lists_allocator allocator;
	void *library;

	if (allocator.alloc)
		return &allocator;
	library = dlopen("libjemalloc.so.2",
			 RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
	if (!library)
		return NULL;
	allocator.alloc = (void *(*)(size_t))dlsym(library, "malloc");
	allocator.free = (void (*)(void *))dlsym(library, "free");
	if (!allocator.alloc || !allocator.free)
		measure_die("jemalloc", "has no malloc");
	return &allocator;
}

/* Both allocators are called through a pointer. */
static BENCH_NOINLINE void
structures_alloc_free(const struct lists_allocator *allocator, uint64_t n)
{
	uint64_t i, done = 0;

	for (i = 0; i < n; i++) {
		void *object = allocator->alloc(LISTS_OBJECT);

		done += object != NULL;
		allocator->free(object);
	}
	structures_done(done);
}

static void structures_malloc(void *arg, uint64_t n)
{
	(void)arg;
	structures_alloc_free(lists_malloc(), n);
}

static void structures_jemalloc(void *arg, uint64_t n)
{
	const struct lists_allocator *jemalloc = lists_jemalloc();

	(void)arg;
	if (jemalloc)
		structures_alloc_free(jemalloc, n);
}

static const char *structures_jemalloc_unfit(const struct bench_run *run)
{
	(void)run;
	return lists_jemalloc() ? NULL : LISTS_NO_JEMALLOC;
}

/* ---- a reference count -------------------------------------------------- */

static BENCH_NOINLINE void structures_references(void *arg, uint64_t n)
{
	uint64_t i, done = 0;

	(void)arg;
	for (i = 0; i < n; i++) {
		ck_pr_add_64(&structures.references, 1);
		done += ck_pr_faa_64(&structures.references, (uint64_t)-1) > 0;
	}
	structures_done(done);
}

/* ---- an array ----------------------------------------------------------- */

static void *structures_array_setup(struct bench_run *run)
{
	(void)run;
	if (!structures.targets)
		structures.targets =
			calloc(STRUCTURES_TARGETS, sizeof(*structures.targets));
	if (!structures.targets)
		measure_die("steering", "no memory");
	structures.mask = STRUCTURES_TARGETS - 1;
	return &structures;
}

/* Its fields are loaded each time, like those of the table. */
static BENCH_NOINLINE void structures_array(void *arg, uint64_t n)
{
	uint64_t i, done = 0;

	(void)arg;
	for (i = 0; i < n; i++) {
		const uint32_t *targets = ck_pr_load_ptr(&structures.targets);
		uint64_t mask = ck_pr_load_64(&structures.mask);

		done += targets[i & mask] != UINT32_MAX;
	}
	structures_done(done);
}

/* ---- a ring ------------------------------------------------------------- */

static void *structures_ring_setup(struct bench_run *run)
{
	(void)run;
	ck_ring_init(&structures.ring, STRUCTURES_RING);
	return NULL;
}

static BENCH_NOINLINE void structures_ring(void *arg, uint64_t n)
{
	struct structures_message message = { { 0 } };
	uint64_t i, done = 0;

	(void)arg;
	for (i = 0; i < n; i++) {
		if (!CK_RING_ENQUEUE_MPMC(words, &structures.ring,
					  structures.slots, &message))
			continue;
		done += CK_RING_DEQUEUE_MPMC(words, &structures.ring,
					     structures.slots, &message);
	}
	structures_done(done);
}

#define STRUCTURES_BODY(name_, run_, setup_, ...)                              \
	{                                                                      \
		.how = { .name = name_,                                        \
			 .run = run_,                                          \
			 .count = structures_count },                          \
		.setup = setup_, __VA_ARGS__                                   \
	}

const struct bench_body rival_structures_bodies[] = {
	STRUCTURES_BODY("cache/malloc", structures_malloc, NULL,
			.flags = BENCH_THREADS),
	STRUCTURES_BODY("cache/jemalloc", structures_jemalloc, NULL,
			.flags = BENCH_THREADS,
			.unfit = structures_jemalloc_unfit),
	STRUCTURES_BODY("refcount/atomic", structures_references, NULL,
			.flags = BENCH_THREADS),
	STRUCTURES_BODY("steering/array", structures_array,
			structures_array_setup, .flags = BENCH_THREADS),
	STRUCTURES_BODY("mailbox/ck_ring", structures_ring,
			structures_ring_setup, .flags = 0),
	{ .how = { .name = NULL } },
};
