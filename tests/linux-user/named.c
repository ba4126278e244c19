/* SPDX-License-Identifier: MIT */
/*
 * named.c - the first use of named objects: by threads at once, in a signal
 * handler, in the allocator, around a fork.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cpuslab/cpuslab.h>

#include "torture/step.h"
#include "torture/torture.h"

#define NAMED_THREADS 4
#define NAMED_ADDS 2000u
#define NAMED_ROUNDS 100
#define NAMED_TRIES 256u /* adds until another try */

static struct cpuslab_counter hits = CPUSLAB_COUNTER_INIT("hits");
static struct cpuslab_gauge level = CPUSLAB_GAUGE_INIT("level");
static struct cpuslab_counter handled = CPUSLAB_COUNTER_INIT("handled");
static struct cpuslab_counter allocated = CPUSLAB_COUNTER_INIT("allocated");

static __thread volatile sig_atomic_t named_in_handler;
static bool named_raises, named_counts; /* what calloc() does */
static uint64_t named_mallocs;          /* in handlers */
static uint64_t named_counted;          /* by calloc() */

#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) &&                    \
	!defined(__SANITIZE_THREAD__) && !__has_feature(address_sanitizer) &&  \
	!__has_feature(thread_sanitizer) && !__has_feature(memory_sanitizer)
#define NAMED_MALLOC 1
static pthread_mutex_t named_lock = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
extern void *__libc_calloc(size_t count, size_t bytes);

/* In place of the C library's, which the library allocates with. */
void *calloc(size_t count, size_t bytes)
{
	if (named_in_handler)
		named_mallocs++;
	errno = EDOM;
	if (named_raises && !named_in_handler)
		raise(TORTURE_SIGNAL);
	if (named_counts) {
		TORTURE_OK(pthread_mutex_lock(&named_lock));
		named_counted++;
		cpuslab_counter_add(&allocated, 1);
		TORTURE_OK(pthread_mutex_unlock(&named_lock));
	}
	return __libc_calloc(count, bytes);
}
#else
#define NAMED_MALLOC 0
#endif

/* Does the library use calloc() above? valgrind replaces it by its own. */
static bool named_sees_calloc(void)
{
	return NAMED_MALLOC && !torture_is_under(TORTURE_VALGRIND);
}

static bool named_has_copies(const struct cpuslab_counter *counter)
{
	return !cpuslab_percpu_is_null(&counter->handle);
}

static void named_handler(int signal)
{
	(void)signal;
	named_in_handler = 1;
	errno = 4711;
	TORTURE_OK(cpuslab_counter_add(&handled, 1));
	TORTURE_CHECK(cpuslab_counter_sum(&handled) >= 1);
	TORTURE_CHECK(errno == 4711);
	named_in_handler = 0;
}

/* ---- threads ------------------------------------------------------------- */

static pthread_barrier_t named_barrier;

static void *named_thread(void *arg)
{
	uint64_t last = 0, sum;
	uint32_t i;

	pthread_barrier_wait(&named_barrier);
	for (i = 0; i < NAMED_ADDS; i++) {
		TORTURE_OK(cpuslab_counter_add(&hits, 1));
		TORTURE_OK(cpuslab_gauge_add(&level, 1));
		TORTURE_OK(cpuslab_gauge_sub(&level, 1));
		if (i % 64)
			continue;
		sum = cpuslab_counter_sum(&hits);
		TORTURE_CHECK(sum > last);
		TORTURE_CHECK(cpuslab_gauge_sum(&level) >= 0);
		last = sum;
		if (arg)
			TORTURE_CHECK(cpuslab_default());
	}
	return NULL;
}

static void test_threads_begin_at_once(void)
{
	pthread_t threads[NAMED_THREADS];
	uint64_t total = 0;
	int round, i;

	pthread_barrier_init(&named_barrier, NULL, NAMED_THREADS);
	for (round = 0; round < NAMED_ROUNDS; round++) {
		for (i = 0; i < NAMED_THREADS; i++)
			TORTURE_OK(pthread_create(
				&threads[i], NULL, named_thread,
				(round + i) % 3 ? NULL : threads));
		for (i = 0; i < NAMED_THREADS; i++)
			TORTURE_OK(pthread_join(threads[i], NULL));
		total += NAMED_THREADS * NAMED_ADDS;
		TORTURE_CHECK(cpuslab_counter_sum(&hits) == total);
		TORTURE_CHECK(named_has_copies(&hits));
		TORTURE_CHECK(cpuslab_gauge_sum(&level) == 0);
		cpuslab_default_destroy();
		TORTURE_CHECK(!named_has_copies(&hits));
	}
	TORTURE_CHECK(cpuslab_counter_sum(&hits) == total);
	cpuslab_default_destroy();
	pthread_barrier_destroy(&named_barrier);
}

/*
 * As lib/core/named.c fills in a handle, step by step: only in atomic mode an
 * operation may ever use an atomic on the block of a CPU.
 */
static void test_a_handle_is_filled_in(void)
{
	static uint8_t live[UINT16_MAX + 1];
	struct cpuslab_percpu made, filled;
	int step;

	memset(live, 1, sizeof(live));
	TORTURE_OK(cpuslab_counter_add(&hits, 1));
	TORTURE_CHECK(cpuslab_default() && named_has_copies(&hits));
	made = hits.handle;
	filled = made;
	filled.extent = NULL;
	filled.object = 0;
	filled.live = NULL;
	filled.limit = 0;
	for (step = 0; step < 5; step++) {
		if (step == 1)
			filled.extent = made.extent;
		if (step == 2)
			filled.object = made.object;
		if (step == 3)
			filled.live = made.live;
		if (step == 4)
			filled.limit = made.limit;
		TORTURE_CHECK(cpuslab_port_uses_atomics() ||
			      !cpuslab_port_atomic_at(&filled, live, 0));
		hits.handle = filled;
		TORTURE_OK(cpuslab_counter_add(&hits, 1));
		hits.handle = made;
		TORTURE_CHECK(cpuslab_counter_sum(&hits) == (uint64_t)step + 2);
	}
	cpuslab_default_destroy();
}

/* ---- signal handlers ----------------------------------------------------- */

static void test_a_handler_does_not_allocate(void)
{
	uint32_t i;

	for (i = 0; i < 2 * NAMED_TRIES; i++)
		raise(TORTURE_SIGNAL);
	TORTURE_CHECK(!named_has_copies(&handled));
	TORTURE_CHECK(!named_mallocs);
	TORTURE_CHECK(cpuslab_default());
	TORTURE_CHECK(named_has_copies(&handled));
	raise(TORTURE_SIGNAL);
	TORTURE_CHECK(cpuslab_counter_sum(&handled) == 2 * NAMED_TRIES + 1);
	cpuslab_default_destroy();
}

/* Handlers interrupt each allocation for the default slab. */
static void test_a_handler_interrupts_the_allocator(void)
{
	named_raises = true;
	TORTURE_CHECK(cpuslab_default());
	named_raises = false;
	TORTURE_CHECK(!named_mallocs);
	TORTURE_CHECK(cpuslab_counter_sum(&handled) > 5 ||
		      !named_sees_calloc());
	cpuslab_default_destroy();
}

/* A handler, which may leave the operation, runs after it. */
static void test_no_handler_interrupts_a_first_use(void)
{
	named_raises = true;
	TORTURE_OK(cpuslab_counter_add(&hits, 1));
	named_raises = false;
	TORTURE_CHECK(named_has_copies(&hits));
	TORTURE_CHECK(cpuslab_counter_sum(&handled) == named_sees_calloc());
	cpuslab_default_destroy();
}

static void named_block(int signal, int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	TORTURE_OK(pthread_sigmask(how, &set, NULL));
}

/* A thread that only seems to be in a handler, and one that does not. */
static void test_blocked_signals(void)
{
	uint32_t i;

	named_block(TORTURE_SIGNAL, SIG_BLOCK);
	for (i = 0; i < 2 * NAMED_TRIES; i++)
		cpuslab_counter_add(&hits, 1);
	TORTURE_CHECK(cpuslab_counter_sum(&hits) == 2 * NAMED_TRIES);
	TORTURE_CHECK(!named_has_copies(&hits));
	named_block(TORTURE_SIGNAL, SIG_UNBLOCK);
	named_block(SIGSEGV, SIG_BLOCK);
	TORTURE_CHECK(cpuslab_counter_sum(&hits) == 2 * NAMED_TRIES);
	TORTURE_CHECK(!named_has_copies(&hits));
	named_block(SIGSEGV, SIG_UNBLOCK);
	named_block(SIGTERM, SIG_BLOCK);
	named_block(SIGPIPE, SIG_BLOCK);
	for (i = 0; i < NAMED_TRIES; i++)
		cpuslab_counter_add(&hits, 1);
	TORTURE_CHECK(named_has_copies(&hits));
	TORTURE_CHECK(cpuslab_counter_sum(&hits) == 3 * NAMED_TRIES);
	cpuslab_default_destroy();
}

/* ---- allocators, cancellation, forks ------------------------------------- */

/*
 * An allocator that counts its calls under its lock is called by the count, but
 * not while it holds the lock: there is a sum without it first.
 */
static void test_the_allocator_counts(void)
{
	named_counts = true;
	cpuslab_counter_sum(&allocated);
	TORTURE_CHECK(named_has_copies(&allocated));
	free(calloc(1, 100));
	TORTURE_OK(cpuslab_counter_add(&hits, 1));
	TORTURE_CHECK(cpuslab_default());
	free(calloc(1, 100));
	named_counts = false;
	TORTURE_CHECK(cpuslab_counter_sum(&allocated) == named_counted);
	TORTURE_CHECK(named_has_copies(&hits));
	cpuslab_default_destroy();
}

static void *named_cancelled(void *arg)
{
	pthread_cancel(pthread_self());
	errno = 815;
	TORTURE_OK(cpuslab_counter_add(&hits, 1));
	TORTURE_CHECK(errno == 815);
	*(bool *)arg = named_has_copies(&hits);
	for (;;)
		pthread_testcancel();
}

static void test_a_use_is_no_cancellation_point(void)
{
	bool made = false;
	pthread_t thread;

	TORTURE_OK(pthread_create(&thread, NULL, named_cancelled, &made));
	TORTURE_OK(pthread_join(thread, NULL));
	TORTURE_CHECK(made);
	cpuslab_default_destroy();
}

static void named_child(uint64_t before)
{
	uint32_t i;

	for (i = 0; i < NAMED_TRIES; i++)
		TORTURE_OK(cpuslab_counter_add(&hits, 1));
	TORTURE_CHECK(cpuslab_counter_sum(&hits) == before + NAMED_TRIES);
	TORTURE_CHECK(named_has_copies(&hits));
	cpuslab_default_destroy();
	TORTURE_CHECK(cpuslab_counter_sum(&hits) == before + NAMED_TRIES);
	_exit(0);
}

/* Before the first use, and after it. */
static void test_a_child_continues(void)
{
	uint64_t i;
	pid_t child;

	for (i = 0; i < 3; i++) {
		child = fork();
		if (!child)
			named_child(i);
		TORTURE_OK(torture_await(child));
		cpuslab_counter_add(&hits, 1);
	}
	TORTURE_CHECK(cpuslab_counter_sum(&hits) == 3);
	cpuslab_default_destroy();
}

/* The parent's thread is in the middle of a use, which does not go on here. */
static void named_child_of_step(bool ends)
{
	alarm(20);
	if (!ends) {
		TORTURE_OK(cpuslab_counter_add(&hits, 1));
		TORTURE_CHECK(cpuslab_default());
		TORTURE_CHECK(named_has_copies(&hits));
	}
	cpuslab_counter_fini(&hits);
	TORTURE_CHECK(!named_has_copies(&hits));
	cpuslab_default_destroy();
	_exit(0);
}

/* As the handler of a fault leaves it that jumps out of a use. */
static void test_a_fini_ends(void)
{
	alarm(20);
	TORTURE_OK(cpuslab_counter_add(&hits, 1));
	cpuslab_default_destroy();
	hits.named.process = cpuslab_port_process_epoch();
	cpuslab_counter_fini(&hits);
	TORTURE_CHECK(cpuslab_counter_sum(&hits) == 1);
	TORTURE_CHECK(named_has_copies(&hits));
	cpuslab_default_destroy();
}

static uint32_t named_steps;

static void named_forks(void)
{
	const bool listed = cpuslab_load_relaxed_u64(&hits.named.process);
	pid_t child;
	int ends;

	/* Not at each of the instructions that look at signals. */
	if (named_steps++ % 16 && !listed)
		return;
	for (ends = 0; ends < 2; ends++) {
		child = fork();
		if (!child)
			named_child_of_step(ends);
		TORTURE_OK(torture_await(child));
	}
}

/* At each instruction of a use that puts the object on the list. */
static void test_a_fork_at_each_step(void)
{
	named_block(TORTURE_SIGNAL, SIG_BLOCK);
	step_begin(named_forks);
	cpuslab_counter_add(&hits, 1);
	step_end();
	named_block(TORTURE_SIGNAL, SIG_UNBLOCK);
	TORTURE_CHECK(!named_has_copies(&hits));
	TORTURE_CHECK(!step_possible() || named_steps > 100);
	TORTURE_CHECK(cpuslab_counter_sum(&hits) == 1);
	TORTURE_CHECK(named_has_copies(&hits));
	cpuslab_default_destroy();
}

static bool named_over;

static void *named_busy(void *arg)
{
	while (!__atomic_load_n(&named_over, __ATOMIC_RELAXED)) {
		cpuslab_counter_add(&handled, 1);
		cpuslab_default_destroy();
	}
	return arg;
}

/* Children of a process in which another thread creates the slab. */
static void test_forks_during_the_first_use(void)
{
	pthread_t thread;
	pid_t child;
	int i;

	TORTURE_OK(pthread_create(&thread, NULL, named_busy, NULL));
	for (i = 0; i < 50; i++) {
		child = fork();
		if (!child) {
			uint64_t k, sum = cpuslab_counter_sum(&hits);

			for (k = 0; k < 4; k++)
				cpuslab_counter_add(&hits, 1);
			TORTURE_CHECK(cpuslab_counter_sum(&hits) == sum + 4);
			_exit(0);
		}
		TORTURE_OK(torture_await(child));
	}
	__atomic_store_n(&named_over, true, __ATOMIC_RELAXED);
	TORTURE_OK(pthread_join(thread, NULL));
	cpuslab_default_destroy();
}

int main(int argc, char **argv)
{
	torture_begin(argc, argv, "The first use of named objects.");
	torture_handler(named_handler);
	torture_run_apart(test_a_handle_is_filled_in);
	torture_run_apart(test_a_handler_does_not_allocate);
	torture_run_apart(test_a_handler_interrupts_the_allocator);
	torture_run_apart(test_no_handler_interrupts_a_first_use);
	torture_run_apart(test_blocked_signals);
	torture_run_apart(test_the_allocator_counts);
	torture_run_apart(test_a_use_is_no_cancellation_point);
	torture_run_apart(test_a_child_continues);
	torture_run_apart(test_a_fini_ends);
	torture_run_apart(test_a_fork_at_each_step);
	/* A sanitizer's malloc() may hang in the child of threads. */
	if (!torture_is_under(TORTURE_VALGRIND | TORTURE_SANITIZER))
		torture_run_apart(test_forks_during_the_first_use);
	test_threads_begin_at_once();
	return torture_end();
}
