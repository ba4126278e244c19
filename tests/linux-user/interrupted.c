/* SPDX-License-Identifier: MIT */
/*
 * interrupted.c - operations whose thread is interrupted: after each of its
 * instructions, as by a debugger that steps, and now and then, as by a
 * profiler. They end, happen once, and at each of these places the stack can be
 * unwound.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <unwind.h>

#include <cpuslab/cpuslab.h>

#include "private.h"
#include "torture/step.h"
#include "torture/torture.h"

#define INTERRUPTED_STEPS 20000u /* more than any operation takes */
#define INTERRUPTED_NS 100000
#define INTERRUPTED_SAMPLES 1000u

static struct cpuslab_domain *interrupted_domain;
static struct cpuslab_slab *interrupted_slab;
static struct cpuslab_counter interrupted_counter;
static struct cpuslab_gauge interrupted_gauge;
static struct cpuslab_histogram interrupted_histogram;
static struct cpuslab_approx interrupted_approx;
static struct cpuslab_stack interrupted_stack;
static struct cpuslab_log interrupted_log;
static struct cpuslab_ring interrupted_ring, interrupted_trace;
static struct cpuslab_refcount interrupted_refcount;
static struct cpuslab_cache interrupted_cache;
static struct cpuslab_percpu interrupted_word;
static struct cpuslab_node interrupted_node;
static int interrupted_object;

/* Copied byte by byte, and with all registers. */
#define INTERRUPTED_SHORT "record"
#define INTERRUPTED_LONG "a record that takes more than one register"

/* ---- the operations ------------------------------------------------------ */

__attribute__((noinline)) static void interrupted_add(void)
{
	TORTURE_OK(cpuslab_counter_add(&interrupted_counter, 1));
}

__attribute__((noinline)) static void interrupted_gauge_add(void)
{
	TORTURE_OK(cpuslab_gauge_add(&interrupted_gauge, 1));
}

__attribute__((noinline)) static void interrupted_record(void)
{
	TORTURE_OK(cpuslab_histogram_record(&interrupted_histogram, 3));
}

__attribute__((noinline)) static void interrupted_approx_add(void)
{
	TORTURE_OK(cpuslab_approx_add(&interrupted_approx, 1));
}

__attribute__((noinline)) static void interrupted_cmpstore(void)
{
	TORTURE_OK(cpuslab_cmpstore(&interrupted_word, 0, 0, 1));
}

__attribute__((noinline)) static void interrupted_load_add(void)
{
	uint64_t old;

	TORTURE_OK(cpuslab_load_add(&interrupted_word, 8, 1, &old));
	TORTURE_CHECK(old == 0);
}

__attribute__((noinline)) static void interrupted_max(void)
{
	TORTURE_OK(cpuslab_max(&interrupted_word, 16, 1));
}

__attribute__((noinline)) static void interrupted_load(void)
{
	uint64_t word;

	TORTURE_OK(cpuslab_load(&interrupted_word, 8, &word));
	TORTURE_CHECK(word == 1);
}

__attribute__((noinline)) static void interrupted_push(void)
{
	TORTURE_OK(cpuslab_stack_push(&interrupted_stack, &interrupted_node));
}

__attribute__((noinline)) static void interrupted_pop(void)
{
	struct cpuslab_node *node;

	TORTURE_OK(cpuslab_stack_pop(&interrupted_stack, &node));
	TORTURE_CHECK(node == &interrupted_node);
}

__attribute__((noinline)) static void interrupted_append(void)
{
	TORTURE_OK(cpuslab_log_append(&interrupted_log, INTERRUPTED_SHORT,
				      sizeof(INTERRUPTED_SHORT)));
}

__attribute__((noinline)) static void interrupted_append_long(void)
{
	TORTURE_OK(cpuslab_log_append(&interrupted_log, INTERRUPTED_LONG,
				      sizeof(INTERRUPTED_LONG)));
}

__attribute__((noinline)) static void interrupted_ring_append(void)
{
	TORTURE_OK(cpuslab_ring_append(&interrupted_ring, INTERRUPTED_SHORT,
				       sizeof(INTERRUPTED_SHORT)));
}

__attribute__((noinline)) static void interrupted_ring_append_long(void)
{
	TORTURE_OK(cpuslab_ring_append(&interrupted_ring, INTERRUPTED_LONG,
				       sizeof(INTERRUPTED_LONG)));
}

/* A section over several words that is interrupted too often is refused. */
static bool interrupted_commits(int result)
{
	TORTURE_CHECK(
		result == CPUSLAB_OK || result == -CPUSLAB_EAGAIN ||
		(result == -CPUSLAB_ENOSYS && cpuslab_port_uses_atomics()));
	return !result;
}

static void interrupted_unless(int result, size_t offset)
{
	if (!interrupted_commits(result))
		TORTURE_OK(cpuslab_add(&interrupted_word, offset, 1));
}

__attribute__((noinline)) static void interrupted_cmp2store(void)
{
	interrupted_unless(
		cpuslab_cmp2store(&interrupted_word, 24, 0, 32, 0, 1), 24);
}

__attribute__((noinline)) static void interrupted_cmpcopystore(void)
{
	interrupted_unless(cpuslab_cmpcopystore(&interrupted_word, 32, 0, 40,
						INTERRUPTED_LONG,
						sizeof(INTERRUPTED_LONG), 1),
			   32);
}

__attribute__((noinline)) static void interrupted_get(void)
{
	TORTURE_CHECK(cpuslab_refcount_try_get(&interrupted_refcount));
}

__attribute__((noinline)) static void interrupted_put(void)
{
	TORTURE_CHECK(!cpuslab_refcount_put(&interrupted_refcount));
}

__attribute__((noinline)) static void interrupted_take(void)
{
	TORTURE_CHECK(cpuslab_cache_alloc(&interrupted_cache) ==
		      &interrupted_object);
}

__attribute__((noinline)) static void interrupted_give(void)
{
	cpuslab_cache_free(&interrupted_cache, &interrupted_object);
}

static void (*const interrupted_all[])(void) = {
	interrupted_add,
	interrupted_gauge_add,
	interrupted_record,
	interrupted_approx_add,
	interrupted_cmpstore,
	interrupted_push,
	interrupted_pop,
	interrupted_append,
	interrupted_get,
	interrupted_put,
	interrupted_take,
	interrupted_give,
	interrupted_take,
	interrupted_ring_append,
	interrupted_load_add,
	interrupted_max,
	interrupted_load,
	interrupted_append_long,
	interrupted_ring_append_long,
	interrupted_cmp2store,
	interrupted_cmpcopystore,
};
#define INTERRUPTED_ALL (sizeof(interrupted_all) / sizeof(interrupted_all[0]))

/* ---- the objects ------------------------------------------------------- */

static uint64_t interrupted_allocs;

static void *interrupted_backing_alloc(void *arg)
{
	(void)arg;
	interrupted_allocs++;
	return &interrupted_object;
}

static void interrupted_backing_free(void *arg, void *object)
{
	(void)arg;
	(void)object;
}

static void interrupted_begin(void)
{
	static const struct cpuslab_cache_config cache = {
		.size = sizeof(cache),
		.alloc = interrupted_backing_alloc,
		.free = interrupted_backing_free,
	};
	static const struct cpuslab_type word = {
		.name = "word",
		.size = 40 + sizeof(INTERRUPTED_LONG),
		.flags = CPUSLAB_TYPE_DISCARD
	};
	struct cpuslab_slab *slab;

	interrupted_allocs = 0;
	TORTURE_OK(cpuslab_domain_create(&interrupted_domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&slab, interrupted_domain, NULL));
	interrupted_slab = slab;
	TORTURE_OK(cpuslab_counter_init(&interrupted_counter, slab));
	TORTURE_OK(cpuslab_gauge_init(&interrupted_gauge, slab));
	TORTURE_OK(cpuslab_histogram_init(&interrupted_histogram, slab, 4, 32));
	TORTURE_OK(cpuslab_approx_init(&interrupted_approx, slab, 8));
	TORTURE_OK(cpuslab_stack_init(&interrupted_stack, slab));
	TORTURE_OK(cpuslab_log_init(&interrupted_log, slab, 256));
	TORTURE_OK(cpuslab_ring_init(&interrupted_ring, slab,
				     4 * cpuslab_port_page_size(), 0));
	TORTURE_OK(cpuslab_ring_init(&interrupted_trace, slab,
				     4 * cpuslab_port_page_size(),
				     CPUSLAB_RING_OVERWRITE));
	TORTURE_OK(cpuslab_refcount_init(&interrupted_refcount, slab, NULL));
	TORTURE_OK(cpuslab_cache_init(&interrupted_cache, slab, &cache));
	TORTURE_OK(cpuslab_alloc(slab, &word, &interrupted_word));
}

static void interrupted_end(void)
{
	TORTURE_OK(cpuslab_slab_check(interrupted_slab));
	cpuslab_free(interrupted_slab, &interrupted_word);
	cpuslab_cache_fini(&interrupted_cache);
	cpuslab_refcount_fini(&interrupted_refcount);
	cpuslab_ring_fini(&interrupted_trace);
	cpuslab_ring_fini(&interrupted_ring);
	cpuslab_log_fini(&interrupted_log);
	cpuslab_stack_fini(&interrupted_stack);
	cpuslab_approx_fini(&interrupted_approx);
	cpuslab_histogram_fini(&interrupted_histogram);
	cpuslab_gauge_fini(&interrupted_gauge);
	cpuslab_counter_fini(&interrupted_counter);
	cpuslab_slab_destroy(interrupted_slab);
	cpuslab_domain_destroy(interrupted_domain);
}

static bool interrupted_is_record(const void *data, uint32_t bytes)
{
	return (bytes == sizeof(INTERRUPTED_SHORT) &&
		!memcmp(data, INTERRUPTED_SHORT, bytes)) ||
	       (bytes == sizeof(INTERRUPTED_LONG) &&
		!memcmp(data, INTERRUPTED_LONG, bytes));
}

static uint64_t interrupted_records(void)
{
	uint32_t cpu = 0, limit = cpuslab_domain_limit(interrupted_domain);
	uint64_t records = 0, cursor;
	const void *data;
	uint32_t bytes;

	for (; cpu <= limit; cpu++) {
		cursor = 0;
		while (!cpuslab_log_read(&interrupted_log,
					 cpu < limit ? cpu : CPUSLAB_SHARED,
					 &cursor, &data, &bytes)) {
			TORTURE_CHECK(interrupted_is_record(data, bytes));
			records++;
		}
	}
	return records;
}

static uint64_t interrupted_ring_records(void)
{
	uint32_t cpu = 0, limit = cpuslab_domain_limit(interrupted_domain);
	struct cpuslab_ring_view view;
	uint64_t records = 0, at;
	const void *data;
	uint32_t bytes;

	cpuslab_read_enter();
	for (; cpu <= limit; cpu++) {
		if (cpuslab_ring_view_init(&view, &interrupted_ring,
					   cpu < limit ? cpu : CPUSLAB_SHARED))
			continue;
		at = cpuslab_ring_consumed(&view);
		while (cpuslab_ring_next(&view, &at, cpuslab_ring_tail(&view),
					 &data, &bytes)) {
			TORTURE_CHECK(interrupted_is_record(data, bytes));
			records++;
		}
	}
	cpuslab_read_exit();
	return records;
}

/* Each operation has happened once. */
static void interrupted_check(void)
{
	struct cpuslab_node *node;

	TORTURE_CHECK(cpuslab_counter_sum(&interrupted_counter) == 1);
	TORTURE_CHECK(cpuslab_gauge_sum(&interrupted_gauge) == 1);
	TORTURE_CHECK(cpuslab_approx_sum(&interrupted_approx) == 1);
	TORTURE_CHECK(cpuslab_sum(&interrupted_histogram.handle, 3 * 8) == 1);
	TORTURE_CHECK(cpuslab_sum(&interrupted_word, 0) == 1);
	TORTURE_CHECK(cpuslab_sum(&interrupted_word, 8) == 1);
	TORTURE_CHECK(cpuslab_sum(&interrupted_word, 16) == 1);
	TORTURE_CHECK(cpuslab_sum(&interrupted_word, 24) == 1);
	TORTURE_CHECK(cpuslab_sum(&interrupted_word, 32) == 1);
	TORTURE_CHECK(interrupted_records() == 2);
	TORTURE_CHECK(interrupted_ring_records() == 2);
	TORTURE_CHECK(interrupted_allocs == 1);
	TORTURE_CHECK(cpuslab_stack_pop(&interrupted_stack, &node));
	TORTURE_OK(cpuslab_refcount_kill(&interrupted_refcount));
	TORTURE_CHECK(cpuslab_refcount_is_zero(&interrupted_refcount));
}

/* ---- the call stack ------------------------------------------------------ */

int main(int argc, char **argv);

/* The abort handlers, of which main() calls none. */
extern const char __start___rseq_failure[] __attribute__((weak));
extern const char __stop___rseq_failure[] __attribute__((weak));

static volatile unsigned int interrupted_times, interrupted_lost;

struct interrupted_frames {
	uintptr_t last;
	bool complete; /* as far as main() */
	bool foreign;  /* interrupted where there are no data: in a PLT, say */
};

static bool interrupted_aborted(uintptr_t pc)
{
	return pc >= (uintptr_t)__start___rseq_failure &&
	       pc < (uintptr_t)__stop___rseq_failure;
}

static _Unwind_Reason_Code interrupted_frame(struct _Unwind_Context *context,
					     void *arg)
{
	struct interrupted_frames *frames = arg;
	int exact = 0;
	uintptr_t pc = _Unwind_GetIPInfo(context, &exact);
	/* It looks at the byte before, which is in the call. */
	const void *function =
		_Unwind_FindEnclosingFunction((void *)(exact ? pc + 1 : pc));

	if (function == (const void *)(uintptr_t)main)
		frames->complete = !interrupted_aborted(frames->last);
	else if (exact && !function)
		frames->foreign = !interrupted_aborted(pc);
	frames->last = pc;
	return _URC_NO_REASON;
}

/* In a signal handler. */
static void interrupted_unwind(void)
{
	struct interrupted_frames frames = { 0, false, false };

	_Unwind_Backtrace(interrupted_frame, &frames);
	interrupted_times++;
	interrupted_lost += !frames.complete && !frames.foreign;
}

/* ---- as by a debugger ---------------------------------------------------- */

static void interrupted_step(void)
{
	TORTURE_CHECK(interrupted_times < INTERRUPTED_STEPS);
	interrupted_unwind();
}

/* Inline: main() calls the operations. */
__attribute__((always_inline)) static inline void test_single_steps(void)
{
	size_t i;

	interrupted_begin();
	for (i = 0; i < INTERRUPTED_ALL; i++) {
		interrupted_times = interrupted_lost = 0;
		step_begin(interrupted_step);
		interrupted_all[i]();
		step_end();
		printf("  operation %zu: %u steps\n", i, interrupted_times);
		TORTURE_CHECK(interrupted_lost == 0);
	}
	interrupted_check();
	interrupted_end();
}

/* ---- as by a profiler ---------------------------------------------------- */

static void interrupted_sample(int signal)
{
	(void)signal;
	interrupted_unwind();
}

__attribute__((noinline)) static void interrupted_adds(void)
{
	struct torture_timer timer;
	uint64_t adds = 0;
	int i;

	torture_handler(interrupted_sample);
	torture_timer_start(&timer, INTERRUPTED_NS);
	while (interrupted_times < INTERRUPTED_SAMPLES)
		for (i = 0; i < 100; i++, adds++)
			cpuslab_counter_add(&interrupted_counter, 1);
	torture_timer_stop(&timer);
	TORTURE_CHECK(cpuslab_counter_sum(&interrupted_counter) == adds);
}

/* The unwinder's registers hold also in the middle of a sum. */
__attribute__((noinline)) static void interrupted_sums(void)
{
	struct torture_timer timer;
	uint64_t adds = cpuslab_counter_sum(&interrupted_counter);
	int i;

	interrupted_times = 0;
	torture_timer_start(&timer, INTERRUPTED_NS);
	while (interrupted_times < INTERRUPTED_SAMPLES)
		for (i = 0; i < 100; i++)
			TORTURE_CHECK(cpuslab_counter_sum(
					      &interrupted_counter) == adds);
	torture_timer_stop(&timer);
}

/* Every kind of section that can be repeated without an end. */
__attribute__((noinline)) static void interrupted_others(void)
{
	struct cpuslab_node *node;
	void *object;
	uint64_t old;

	TORTURE_OK(cpuslab_approx_add(&interrupted_approx, 1));
	TORTURE_OK(cpuslab_load_add(&interrupted_word, 0, 1, &old));
	TORTURE_OK(cpuslab_exchange(&interrupted_word, 8, old, &old));
	TORTURE_OK(cpuslab_max(&interrupted_word, 16, old));
	TORTURE_OK(cpuslab_load(&interrupted_word, 24, &old));
	TORTURE_CHECK(cpuslab_cmpstore(&interrupted_word, 24, old, old + 1) >=
		      0);
	TORTURE_CHECK(cpuslab_add_if(&interrupted_word, 32, 1, 1) >= 0);
	if (interrupted_commits(cpuslab_cmp2store(&interrupted_word, 24,
						  old + 1, 32, 0, old)))
		interrupted_commits(cpuslab_cmpcopystore(
			&interrupted_word, 24, old, 40, INTERRUPTED_LONG,
			sizeof(INTERRUPTED_LONG), old + 1));
	TORTURE_OK(cpuslab_stack_push(&interrupted_stack, &interrupted_node));
	TORTURE_OK(cpuslab_stack_pop(&interrupted_stack, &node));
	TORTURE_OK(cpuslab_ring_append(&interrupted_trace, INTERRUPTED_LONG,
				       sizeof(INTERRUPTED_LONG)));
	TORTURE_CHECK(cpuslab_refcount_try_get(&interrupted_refcount));
	TORTURE_CHECK(!cpuslab_refcount_put(&interrupted_refcount));
	object = cpuslab_cache_alloc(&interrupted_cache);
	cpuslab_cache_free(&interrupted_cache, object);
}

__attribute__((noinline)) static void interrupted_repeat(void)
{
	struct torture_timer timer;

	interrupted_times = 0;
	torture_timer_start(&timer, INTERRUPTED_NS);
	while (interrupted_times < INTERRUPTED_SAMPLES)
		interrupted_others();
	torture_timer_stop(&timer);
}

/* An add that was interrupted is repeated in a section. */
__attribute__((always_inline)) static inline void test_samples(void)
{
	struct cpuslab_stats stats;

	interrupted_begin();
	interrupted_times = interrupted_lost = 0;
	interrupted_adds();
	interrupted_sums();
	interrupted_repeat();
	cpuslab_stats_get(interrupted_slab, &stats);
	printf("  %u samples, %u without the caller; %llu adds were shared\n",
	       interrupted_times, interrupted_lost,
	       (unsigned long long)stats.shared_ops);
	fflush(stdout);
	TORTURE_CHECK(interrupted_lost == 0);
	TORTURE_CHECK(stats.shared_ops <= INTERRUPTED_SAMPLES / 100);
	interrupted_end();
}

int main(int argc, char **argv)
{
	torture_begin(argc, argv, "");
	/* These have no rseq. */
	torture_skip_under(TORTURE_EMULATOR | TORTURE_VALGRIND | TORTURE_TSAN);
	/* On another CPU the cache would have to allocate a second object. */
	TORTURE_CHECK(torture_pin((uint32_t)sched_getcpu()));
	test_single_steps();
	test_samples();
	/* Where blocks are in no region, the sections of the slow path. */
	cpuslab__region_refused = true;
	test_single_steps();
	test_samples();
	return torture_end();
}
