/* SPDX-License-Identifier: MIT */
/*
 * rival_slots.c - add and compare-and-store without a lock and without cpuslab.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#define URCU_INLINE_SMALL_FUNCTIONS

#include "slots.h"

#include <ck_pr.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <urcu-bp.h>
#if defined(__has_include)
#if __has_include(<sys/rseq.h>)
#include <sys/rseq.h>
#endif
#endif

struct rival_gated {
	uint64_t gate;
	uint64_t value;
} __attribute__((aligned(SLOTS_LINE)));

/* Allocated, because mlockall() would also lock static arrays. */
static struct rival {
	struct slots_slot *slots;
	struct slots_slot *zeros; /* compared with 0, and stay 0 */
	struct rival_gated *gates;
	struct slots_slot shared;
	struct slots_slot done; /* count of bodies whose slots do not count */
} rival;

static __thread uint64_t rival_local;

static void *rival_lines(void)
{
	size_t bytes = (size_t)measure_cpu_end() * SLOTS_LINE;
	void *lines = aligned_alloc(SLOTS_LINE, bytes);

	if (!lines)
		measure_die("slots", "no memory");
	return memset(lines, 0, bytes);
}

/* Created once, never freed. */
static void *rival_setup(struct bench_run *run)
{
	(void)run;
	if (!rival.slots) {
		rival.slots = rival_lines();
		rival.zeros = rival_lines();
		rival.gates = rival_lines();
	}
	return &rival;
}

static uint64_t rival_slots_count(void *arg)
{
	uint64_t sum = 0;
	uint32_t cpu;

	(void)arg;
	for (cpu = 0; cpu < measure_cpu_end(); cpu++)
		sum += rival.slots[cpu].value;
	return sum;
}

static uint64_t rival_shared_count(void *arg)
{
	return ((struct rival *)arg)->shared.value;
}

static uint64_t rival_done_count(void *arg)
{
	return ((struct rival *)arg)->done.value;
}

/* ---- add ------------------------------------------------------------- */

static BENCH_NOINLINE void rival_getcpu(void *arg, uint64_t n)
{
	struct slots_slot *slots = ((struct rival *)arg)->slots;
	uint64_t i;

	for (i = 0; i < n; i++)
		__atomic_fetch_add(&slots[sched_getcpu()].value, 1,
				   __ATOMIC_RELAXED);
}

static BENCH_NOINLINE void rival_ck_pr(void *arg, uint64_t n)
{
	struct slots_slot *slots = ((struct rival *)arg)->slots;
	uint64_t i;

	for (i = 0; i < n; i++)
		ck_pr_add_64(&slots[sched_getcpu()].value, 1);
}

static BENCH_NOINLINE void rival_urcu(void *arg, uint64_t n)
{
	struct slots_slot **current = &((struct rival *)arg)->slots;
	uint64_t i;

	for (i = 0; i < n; i++) {
		struct slots_slot *slots;

		urcu_bp_read_lock();
		slots = rcu_dereference(*current);
		__atomic_fetch_add(&slots[sched_getcpu()].value, 1,
				   __ATOMIC_RELAXED);
		urcu_bp_read_unlock();
	}
}

#ifdef RSEQ_SIG
static const char *rival_cpu_id_unfit(const struct bench_run *run)
{
	(void)run;
	return __rseq_size ? NULL : "the C library registered no rseq";
}

static BENCH_NOINLINE void rival_cpu_id(void *arg, uint64_t n)
{
	struct slots_slot *slots = ((struct rival *)arg)->slots;
	const char *thread = __builtin_thread_pointer();
	const struct rseq *rseq = (const void *)(thread + __rseq_offset);
	uint64_t i;

	for (i = 0; i < n; i++) {
		uint32_t cpu = *(const volatile uint32_t *)&rseq->cpu_id;

		__atomic_fetch_add(&slots[cpu].value, 1, __ATOMIC_RELAXED);
	}
}
#endif

static BENCH_NOINLINE void rival_atomic(void *arg, uint64_t n)
{
	struct slots_slot *slot = &((struct rival *)arg)->shared;
	uint64_t i;

	for (i = 0; i < n; i++)
		__atomic_fetch_add(&slot->value, 1, __ATOMIC_RELAXED);
}

/* The barrier keeps the compiler from turning the loop into one add. */
static BENCH_NOINLINE void rival_thread(void *arg, uint64_t n)
{
	struct slots_slot *done = &((struct rival *)arg)->done;
	uint64_t i, before = rival_local;

	for (i = 0; i < n; i++) {
		rival_local++;
		__asm__ __volatile__("" : : : "memory");
	}
	__atomic_fetch_add(&done->value, rival_local - before,
			   __ATOMIC_RELAXED);
}

/* ---- compare and store: 0 for 0, like the other bodies ----------------- */

static inline bool rival_swap(struct slots_slot *slot)
{
	uint64_t expect = 0;

	return __atomic_compare_exchange_n(&slot->value, &expect, 0, false,
					   __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

static BENCH_NOINLINE void rival_getcpu_swap(void *arg, uint64_t n)
{
	struct rival *work = arg;
	struct slots_slot *zeros = work->zeros;
	uint64_t i, hits = 0;

	for (i = 0; i < n; i++)
		hits += rival_swap(&zeros[sched_getcpu()]);
	__atomic_fetch_add(&work->done.value, hits, __ATOMIC_RELAXED);
}

static BENCH_NOINLINE void rival_ck_swap(void *arg, uint64_t n)
{
	struct rival *work = arg;
	struct slots_slot *zeros = work->zeros;
	uint64_t i, hits = 0;

	for (i = 0; i < n; i++)
		hits += ck_pr_cas_64(&zeros[sched_getcpu()].value, 0, 0);
	__atomic_fetch_add(&work->done.value, hits, __ATOMIC_RELAXED);
}

static BENCH_NOINLINE void rival_atomic_swap(void *arg, uint64_t n)
{
	struct rival *work = arg;
	struct slots_slot *zeros = work->zeros;
	uint64_t i, hits = 0;

	for (i = 0; i < n; i++)
		hits += rival_swap(&zeros[0]);
	__atomic_fetch_add(&work->done.value, hits, __ATOMIC_RELAXED);
}

/* ---- add if a gate is open: two words change as one -------------------- */

static uint64_t rival_gates_count(void *arg)
{
	const struct rival_gated *gates = ((struct rival *)arg)->gates;
	uint64_t sum = 0;
	uint32_t cpu;

	for (cpu = 0; cpu < measure_cpu_end(); cpu++)
		sum += gates[cpu].value;
	return sum;
}

/* A gate under a read section: closing it takes a grace period. */
static BENCH_NOINLINE void rival_urcu_gate(void *arg, uint64_t n)
{
	struct rival_gated *gates = ((struct rival *)arg)->gates;
	uint64_t i;

	for (i = 0; i < n; i++) {
		struct rival_gated *gated;

		urcu_bp_read_lock();
		gated = &gates[sched_getcpu()];
		if (!__atomic_load_n(&gated->gate, __ATOMIC_RELAXED))
			__atomic_fetch_add(&gated->value, 1, __ATOMIC_RELAXED);
		urcu_bp_read_unlock();
	}
}

#define SLOTS_BODY(name_, run_, count_, unfit_)                                \
	{                                                                      \
		.how = { .name = name_, .run = run_, .count = count_ },        \
		.flags = BENCH_THREADS, .unfit = unfit_, .setup = rival_setup  \
	}

const struct bench_body slots_bodies[] = {
	SLOTS_BODY("add/getcpu-atomic", rival_getcpu, rival_slots_count, NULL),
#ifdef RSEQ_SIG
	SLOTS_BODY("add/rseq-cpu-id-atomic", rival_cpu_id, rival_slots_count,
		   rival_cpu_id_unfit),
#endif
	SLOTS_BODY("add/getcpu-ck_pr", rival_ck_pr, rival_slots_count, NULL),
	SLOTS_BODY("add/urcu-atomic", rival_urcu, rival_slots_count, NULL),
	SLOTS_BODY("add/shared-atomic", rival_atomic, rival_shared_count, NULL),
	SLOTS_BODY("add/thread-local", rival_thread, rival_done_count, NULL),
	SLOTS_BODY("add_if/urcu-atomic", rival_urcu_gate, rival_gates_count,
		   NULL),
	SLOTS_BODY("cmpstore/getcpu-atomic", rival_getcpu_swap,
		   rival_done_count, NULL),
	SLOTS_BODY("cmpstore/getcpu-ck_pr", rival_ck_swap, rival_done_count,
		   NULL),
	SLOTS_BODY("cmpstore/shared-atomic", rival_atomic_swap,
		   rival_done_count, NULL),
	{ .how = { .name = NULL } },
};
