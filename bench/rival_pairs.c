/* SPDX-License-Identifier: MIT */
/*
 * rival_pairs.c - take an object and return it, without a stack for each CPU:
 * Concurrency Kit's stack and ring, which all threads share, and malloc.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "slots.h"

#include <ck_ring.h>
#include <ck_stack.h>
#include <stdlib.h>
#include <string.h>

#define PAIRS_NODES 1024u
#define PAIRS_RING 2048u

static struct {
	struct ck_stack stack __attribute__((aligned(SLOTS_LINE)));
	struct ck_ring ring;
	struct ck_ring_buffer slots[PAIRS_RING];
	struct ck_stack_entry nodes[PAIRS_NODES];
	uint64_t done __attribute__((aligned(SLOTS_LINE)));
} pairs;

static uint64_t pairs_count(void *arg)
{
	(void)arg;
	return pairs.done;
}

static void *pairs_setup(struct bench_run *run)
{
	uint32_t i;

	(void)run;
	ck_stack_init(&pairs.stack);
	ck_ring_init(&pairs.ring, PAIRS_RING);
	for (i = 0; i < PAIRS_NODES; i++) {
		ck_stack_push_mpmc(&pairs.stack, &pairs.nodes[i]);
		ck_ring_enqueue_mpmc(&pairs.ring, pairs.slots, &pairs.nodes[i]);
	}
	return NULL;
}

static BENCH_NOINLINE void pairs_ck_stack(void *arg, uint64_t n)
{
	uint64_t i, done = 0;

	(void)arg;
	for (i = 0; i < n; i++) {
		struct ck_stack_entry *node = ck_stack_pop_mpmc(&pairs.stack);

		if (!node)
			continue;
		ck_stack_push_mpmc(&pairs.stack, node);
		done++;
	}
	__atomic_fetch_add(&pairs.done, done, __ATOMIC_RELAXED);
}

static BENCH_NOINLINE void pairs_ck_ring(void *arg, uint64_t n)
{
	uint64_t i, done = 0;

	(void)arg;
	for (i = 0; i < n; i++) {
		void *node;

		if (!ck_ring_dequeue_mpmc(&pairs.ring, pairs.slots, &node))
			continue;
		done += ck_ring_enqueue_mpmc(&pairs.ring, pairs.slots, node);
	}
	__atomic_fetch_add(&pairs.done, done, __ATOMIC_RELAXED);
}

static BENCH_NOINLINE void pairs_malloc(void *arg, uint64_t n)
{
	uint64_t i, done = 0;

	(void)arg;
	for (i = 0; i < n; i++) {
		void *object = malloc(LISTS_OBJECT);

		/* Keep the compiler from removing the pair. */
		__asm__ __volatile__("" : "+r"(object) : : "memory");
		/* The same object.
		 * NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		done += object != NULL;
		free(object);
	}
	__atomic_fetch_add(&pairs.done, done, __ATOMIC_RELAXED);
}

#define PAIRS_BODY(name_, run_, setup_)                                        \
	{                                                                      \
		.how = { .name = name_, .run = run_, .count = pairs_count },   \
		.flags = BENCH_THREADS, .setup = setup_                        \
	}

const struct bench_body pairs_bodies[] = {
	PAIRS_BODY("stack/ck_stack", pairs_ck_stack, pairs_setup),
	PAIRS_BODY("stack/ck_ring", pairs_ck_ring, pairs_setup),
	PAIRS_BODY("stack/malloc", pairs_malloc, NULL),
	{ .how = { .name = NULL } },
};
