/* SPDX-License-Identifier: MIT */
/*
 * rivals.c - what a program uses that does not use cpuslab.
 *
 * Slots are a line each and the array is large enough for any processor, so
 * that no rival pays for false sharing or a bound check that it could do
 * without.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "add.h"

#include <pthread.h>
#include <sched.h>

#define RIVALS_CPUS 65536

struct rivals_slot {
	uint64_t value;
	char pad[CPUSLAB_CACHE_LINE - sizeof(uint64_t)];
};

struct rivals_locked {
	pthread_mutex_t mutex;
	uint64_t value;
};

static struct rivals_slot rivals_slots[RIVALS_CPUS];
static struct rivals_slot rivals_shared;
static struct rivals_locked rivals_locked = { PTHREAD_MUTEX_INITIALIZER, 0 };
static __thread uint64_t rivals_local;

/* Whoever measures is pinned: adds to another slot would be missed here. */
static uint64_t rivals_slots_count(void *arg)
{
	struct rivals_slot *slots = arg;

	return slots[sched_getcpu()].value;
}

static BENCH_NOINLINE void rivals_getcpu(void *arg, uint64_t n)
{
	struct rivals_slot *slots = arg;
	uint64_t i;

	for (i = 0; i < n; i++)
		__atomic_fetch_add(&slots[sched_getcpu()].value, 1,
				   __ATOMIC_RELAXED);
}

#ifdef RSEQ_SIG
static BENCH_NOINLINE void rivals_cpu_id(void *arg, uint64_t n)
{
	struct rivals_slot *slots = arg;
	const char *thread = __builtin_thread_pointer();
	const struct rseq *rseq = (const void *)(thread + __rseq_offset);
	uint64_t i;

	for (i = 0; i < n; i++) {
		uint32_t cpu = *(const volatile uint32_t *)&rseq->cpu_id;

		__atomic_fetch_add(&slots[cpu].value, 1, __ATOMIC_RELAXED);
	}
}
#endif

static BENCH_NOINLINE void rivals_atomic(void *arg, uint64_t n)
{
	struct rivals_slot *slot = arg;
	uint64_t i;

	for (i = 0; i < n; i++)
		__atomic_fetch_add(&slot->value, 1, __ATOMIC_RELAXED);
}

static uint64_t rivals_slot_count(void *arg)
{
	return ((struct rivals_slot *)arg)->value;
}

static BENCH_NOINLINE void rivals_mutex(void *arg, uint64_t n)
{
	struct rivals_locked *locked = arg;
	uint64_t i;

	for (i = 0; i < n; i++) {
		pthread_mutex_lock(&locked->mutex);
		locked->value++;
		pthread_mutex_unlock(&locked->mutex);
	}
}

static uint64_t rivals_mutex_count(void *arg)
{
	return ((struct rivals_locked *)arg)->value;
}

/* The barrier forbids what no other loop here could do: one add of n. */
static BENCH_NOINLINE void rivals_thread(void *arg, uint64_t n)
{
	uint64_t i;

	(void)arg;
	for (i = 0; i < n; i++) {
		rivals_local++;
		__asm__ __volatile__("" : : : "memory");
	}
}

static uint64_t rivals_thread_count(void *arg)
{
	(void)arg;
	return rivals_local;
}

static const struct add_rival rivals_with_rseq[] = {
	{ { .name = "sched_getcpu + atomic",
	    .arg = rivals_slots,
	    .run = rivals_getcpu,
	    .count = rivals_slots_count },
	  0.35 },
#ifdef RSEQ_SIG
	{ { .name = "rseq cpu_id + atomic",
	    .arg = rivals_slots,
	    .run = rivals_cpu_id,
	    .count = rivals_slots_count },
	  0 },
#endif
	{ { .name = "one shared atomic",
	    .arg = &rivals_shared,
	    .run = rivals_atomic,
	    .count = rivals_slot_count },
	  0 },
	{ { .name = "pthread mutex",
	    .arg = &rivals_locked,
	    .run = rivals_mutex,
	    .count = rivals_mutex_count },
	  0 },
	{ { .name = "thread-local increment",
	    .arg = NULL,
	    .run = rivals_thread,
	    .count = rivals_thread_count },
	  0 },
	{ { .name = NULL }, 0 },
};

/* Without rseq there is no cpu_id to read, and no goal was set. */
static const struct add_rival rivals_without_rseq[] = {
	{ { .name = "sched_getcpu + atomic",
	    .arg = rivals_slots,
	    .run = rivals_getcpu,
	    .count = rivals_slots_count },
	  0 },
	{ { .name = "one shared atomic",
	    .arg = &rivals_shared,
	    .run = rivals_atomic,
	    .count = rivals_slot_count },
	  0 },
	{ { .name = NULL }, 0 },
};

const struct add_rival *add_rivals(void)
{
	return cpuslab_port_atomic() ? rivals_without_rseq : rivals_with_rseq;
}
