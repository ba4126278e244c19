/* SPDX-License-Identifier: MIT */
/*
 * rings.c - the threads that append and consume, and the check of what was
 * consumed.
 *
 * The threads of a chunk are started before it and end after it, so that none
 * spins while another body is measured.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "rings.h"

#include <stdlib.h>
#include <string.h>

struct rings_helper {
	struct rings *rings;
	uint32_t number; /* from 1 */
};

void *rings_new(size_t bytes)
{
	struct rings *rings = aligned_alloc(
		SLOTS_LINE, (bytes + SLOTS_LINE - 1) / SLOTS_LINE * SLOTS_LINE);

	if (!rings)
		measure_die("ring", "no memory");
	memset(rings, 0, bytes);
	return rings;
}

void rings_wait(uint32_t *spins)
{
	if (++*spins % 1024 == 0)
		sched_yield();
}

void rings_made(struct rings *rings, uint64_t n)
{
	uint64_t i;

	for (i = 0; i < RINGS_WORDS; i++)
		rings->expected += n * i + (n ? n * (n - 1) / 2 : 0);
}

const char *rings_unfit(const struct bench_run *run)
{
	(void)run;
	return measure_cpus() < 2 ? "needs two CPUs" : NULL;
}

uint64_t rings_count(void *arg)
{
	struct rings *rings = arg;
	uint64_t count = __atomic_load_n(&rings->pulled, __ATOMIC_ACQUIRE);

	return rings->sum == rings->expected ? count : 0;
}

uint64_t rings_count_drained(void *arg)
{
	struct rings *rings = arg;

	rings->pull(rings);
	return rings_count(rings);
}

/* ---- threads ------------------------------------------------------------ */

static void *rings_produce(void *arg)
{
	struct rings_helper *helper = arg;
	struct rings *rings = helper->rings;
	uint32_t spins = 0;

	measure_pin(helper->number);
	__atomic_fetch_add(&rings->started, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&rings->begun, __ATOMIC_ACQUIRE))
		rings_wait(&spins);
	rings->produce(rings, helper->number, rings->part);
	free(helper);
	return NULL;
}

static void *rings_consume(void *arg)
{
	struct rings_helper *helper = arg;
	struct rings *rings = helper->rings;
	uint32_t spins = 0;

	measure_pin(helper->number);
	/* Its first read section registers the thread. */
	rings->pull(rings);
	__atomic_fetch_add(&rings->started, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&rings->ends, __ATOMIC_ACQUIRE)) {
		rings->pull(rings);
		rings_wait(&spins);
	}
	free(helper);
	return NULL;
}

static void rings_start(struct rings *rings, uint32_t helpers,
			void *(*run)(void *arg))
{
	uint32_t i, spins = 0;

	rings->started = rings->begun = rings->ends = 0;
	rings->helpers = calloc(helpers, sizeof(*rings->helpers));
	if (!rings->helpers)
		measure_die("ring", "no memory");
	for (i = 0; i < helpers; i++) {
		struct rings_helper *helper = malloc(sizeof(*helper));

		if (!helper)
			measure_die("ring", "no memory");
		helper->rings = rings;
		helper->number = i + 1;
		if (pthread_create(&rings->helpers[i], NULL, run, helper))
			measure_die("ring", "cannot start a thread");
	}
	while (__atomic_load_n(&rings->started, __ATOMIC_ACQUIRE) < helpers)
		rings_wait(&spins);
}

void rings_after(void *arg, uint64_t n)
{
	struct rings *rings = arg;
	uint32_t i;

	(void)n;
	__atomic_store_n(&rings->ends, 1, __ATOMIC_RELEASE);
	for (i = 0; i < rings->started; i++)
		pthread_join(rings->helpers[i], NULL);
	free(rings->helpers);
}

/* ---- one thread appends, another one consumes ---------------------------- */

void rings_stream_before(void *arg, uint64_t n)
{
	struct rings *rings = arg;

	(void)n;
	rings->consumer = 1;
	rings_start(rings, 1, rings_consume);
}

void rings_stream(void *arg, uint64_t n)
{
	struct rings *rings = arg;
	uint64_t end = rings->pulled + n;
	uint32_t spins = 0;

	rings->produce(rings, 0, n);
	rings_made(rings, n);
	while (__atomic_load_n(&rings->pulled, __ATOMIC_ACQUIRE) != end)
		rings_wait(&spins);
}

/* ---- each thread appends, the first one consumes ------------------------- */

void rings_many_before(void *arg, uint64_t n)
{
	struct rings *rings = arg;

	(void)n;
	rings_start(rings, rings->producers - 1, rings_produce);
}

void rings_many(void *arg, uint64_t n)
{
	struct rings *rings = arg;
	uint64_t end = rings->pulled + n, own;
	uint32_t i, spins = 0;

	rings->part = n / rings->producers;
	own = n - (rings->producers - 1) * rings->part;
	__atomic_store_n(&rings->begun, 1, __ATOMIC_RELEASE);
	rings->produce(rings, 0, own);
	rings_made(rings, own);
	for (i = 1; i < rings->producers; i++)
		rings_made(rings, rings->part);
	while (rings->pulled != end) {
		rings->pull(rings);
		rings_wait(&spins);
	}
}
