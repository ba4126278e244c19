/* SPDX-License-Identifier: MIT */
/*
 * rival_readers.c - read data that is rarely replaced, with liburcu,
 * Concurrency Kit's epochs and a mutex; and ask the system for the set of CPUs.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#define URCU_INLINE_SMALL_FUNCTIONS

#include "slots.h"

#include <ck_epoch.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <urcu-bp.h>

struct readers_set {
	uint64_t count;
};

static struct readers_set readers_set = { 1 };
static struct readers_set *readers_current = &readers_set;
static pthread_mutex_t readers_mutex = PTHREAD_MUTEX_INITIALIZER;
static ck_epoch_t readers_epoch;
static uint64_t readers_done;

static uint64_t readers_count(void *arg)
{
	(void)arg;
	return readers_done;
}

static void readers_add(uint64_t total)
{
	__atomic_fetch_add(&readers_done, total, __ATOMIC_RELAXED);
}

static BENCH_NOINLINE void readers_urcu(void *arg, uint64_t n)
{
	uint64_t i, total = 0;

	(void)arg;
	for (i = 0; i < n; i++) {
		urcu_bp_read_lock();
		total += rcu_dereference(readers_current)->count;
		urcu_bp_read_unlock();
	}
	readers_add(total);
}

static void *readers_epoch_setup(struct bench_run *run)
{
	static bool ready;

	(void)run;
	if (!ready)
		ck_epoch_init(&readers_epoch);
	ready = true;
	return NULL;
}

/* A thread's record outlives it, and a later thread reuses it. */
static ck_epoch_record_t *readers_record(void)
{
	ck_epoch_record_t *record = ck_epoch_recycle(&readers_epoch, NULL);

	if (record)
		return record;
	record = aligned_alloc(SLOTS_LINE, (sizeof(*record) + SLOTS_LINE - 1) /
						   SLOTS_LINE * SLOTS_LINE);
	if (!record)
		measure_die("ck_epoch", "no memory");
	ck_epoch_register(&readers_epoch, record, NULL);
	return record;
}

static BENCH_NOINLINE void readers_ck_epoch(void *arg, uint64_t n)
{
	ck_epoch_record_t *record = readers_record();
	uint64_t i, total = 0;

	(void)arg;
	for (i = 0; i < n; i++) {
		ck_epoch_begin(record, NULL);
		total +=
			((struct readers_set *)ck_pr_load_ptr(&readers_current))
				->count;
		ck_epoch_end(record, NULL);
	}
	ck_epoch_unregister(record);
	readers_add(total);
}

static BENCH_NOINLINE void readers_lock(void *arg, uint64_t n)
{
	uint64_t i, total = 0;

	(void)arg;
	for (i = 0; i < n; i++) {
		pthread_mutex_lock(&readers_mutex);
		total += readers_current->count;
		pthread_mutex_unlock(&readers_mutex);
	}
	readers_add(total);
}

/* 16384 bits: more CPUs than any machine has. */
static BENCH_NOINLINE void readers_affinity(void *arg, uint64_t n)
{
	uint64_t i, total = 0;
	cpu_set_t sets[16];

	(void)arg;
	for (i = 0; i < n; i++)
		total += !sched_getaffinity(0, sizeof(sets), sets) &&
			 CPU_COUNT_S(sizeof(sets), sets) > 0;
	readers_add(total);
}

#define READERS_BODY(name_, run_, setup_)                                      \
	{                                                                      \
		.how = { .name = name_, .run = run_, .count = readers_count }, \
		.flags = BENCH_THREADS, .setup = setup_                        \
	}

const struct bench_body readers_bodies[] = {
	READERS_BODY("snapshot/urcu", readers_urcu, NULL),
	READERS_BODY("snapshot/ck_epoch", readers_ck_epoch,
		     readers_epoch_setup),
	READERS_BODY("snapshot/mutex", readers_lock, NULL),
	READERS_BODY("snapshot/sched_getaffinity", readers_affinity, NULL),
	{ .how = { .name = NULL } },
};
