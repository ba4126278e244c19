/* SPDX-License-Identifier: MIT */
/*
 * fork_handlers.c - fork handlers of the program, before and after cpuslab's:
 * they call cpuslab; one waits for a thread that waits for cpuslab. A fork with
 * a mutex that another thread holds, a child without fork handlers.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cpuslab/cpuslab.h>

#include "private.h"
#include "torture/torture.h"

#define HANDLERS_ABSENT 5u /* a CPU that does not exist */
#define HANDLERS_SECONDS 30u

static struct cpuslab_domain *domain;
static struct cpuslab_slab *slab;
static struct cpuslab_counter counter;

/* Everything works. */
static void handlers_use(void)
{
	struct cpuslab_counter other;
	struct cpuslab_stats stats;

	TORTURE_CHECK(cpuslab_counter_sum(&counter) >= 3);
	TORTURE_OK(cpuslab_counter_init(&other, slab));
	cpuslab_counter_add(&other, 1);
	TORTURE_CHECK(cpuslab_counter_sum(&other) == 1);
	cpuslab_counter_fini(&other);
	cpuslab_stats_get(slab, &stats);
	TORTURE_CHECK(stats.objects >= 1);
	TORTURE_OK(cpuslab_domain_add_complete(domain, HANDLERS_ABSENT));
	TORTURE_OK(cpuslab_domain_remove(domain, HANDLERS_ABSENT));
	TORTURE_OK(cpuslab_slab_check(slab));
}

/* ---- handlers that call cpuslab ------------------------------------------ */

static int handlers_mask; /* which of the handlers below do something */
static int handlers_ran;

static void handlers_run(int which)
{
	if (!(handlers_mask & which))
		return;
	handlers_use();
	handlers_ran |= which;
}

static void handlers_prepare_first(void)
{
	handlers_run(1);
}

static void handlers_parent_first(void)
{
	handlers_run(2);
}

static void threads_start(void);
static bool threads_in_handler;

static void handlers_child_first(void)
{
	handlers_run(4);
	if (threads_in_handler)
		threads_start();
}

static void handlers_prepare_last(void)
{
	handlers_run(8);
}

static void handlers_parent_last(void)
{
	handlers_run(16);
}

static void handlers_child_last(void)
{
	handlers_run(32);
}

static void test_handlers_call_cpuslab(void)
{
	pid_t pid;

	for (handlers_mask = 1; handlers_mask < 64; handlers_mask++) {
		handlers_ran = 0;
		pid = fork();
		if (!pid) {
			alarm(HANDLERS_SECONDS);
			TORTURE_CHECK(handlers_ran == (handlers_mask & 055));
			handlers_use();
			_exit(0);
		}
		TORTURE_CHECK(handlers_ran == (handlers_mask & 033));
		TORTURE_OK(torture_await(pid));
	}
	handlers_mask = 0;
}

/* ---- a handler that waits for another thread ----------------------------- */

static pthread_mutex_t handlers_lock = PTHREAD_MUTEX_INITIALIZER;
static bool handlers_lock_in_fork, handlers_held;

static void handlers_take_lock(void)
{
	if (handlers_lock_in_fork)
		pthread_mutex_lock(&handlers_lock);
}

static void handlers_give_lock(void)
{
	if (handlers_lock_in_fork)
		pthread_mutex_unlock(&handlers_lock);
}

/* Holds the program's lock and needs cpuslab's mutexes. */
static void *handlers_holder(void *arg)
{
	const struct timespec until_the_fork_waits = { 0, 100000000 };

	pthread_mutex_lock(&handlers_lock);
	__atomic_store_n(&handlers_held, true, __ATOMIC_RELEASE);
	nanosleep(&until_the_fork_waits, NULL);
	handlers_use();
	pthread_mutex_unlock(&handlers_lock);
	return arg;
}

static void test_a_handler_waits_for_a_thread_that_uses_cpuslab(void)
{
	pthread_t thread;
	pid_t pid;

	TORTURE_OK(pthread_create(&thread, NULL, handlers_holder, NULL));
	while (!__atomic_load_n(&handlers_held, __ATOMIC_ACQUIRE))
		sched_yield();
	handlers_lock_in_fork = true;
	pid = fork();
	handlers_lock_in_fork = false;
	if (!pid) {
		alarm(HANDLERS_SECONDS);
		handlers_use();
		_exit(0);
	}
	TORTURE_OK(torture_await(pid));
	TORTURE_OK(pthread_join(thread, NULL));
}

/* ---- a mutex that another thread holds ----------------------------------- */

static struct cpuslab_slab *held_slab;
static struct cpuslab_counter held_counter;
static bool held_inside, held_over;

/* The program's callback waits for the thread that forks. */
static int held_ctor(void *object, uint32_t cpu, void *arg)
{
	(void)object;
	(void)arg;
	if (cpu != CPUSLAB_SHARED)
		return CPUSLAB_OK;
	__atomic_store_n(&held_inside, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&held_over, __ATOMIC_ACQUIRE))
		usleep(1000);
	return CPUSLAB_OK;
}

static const struct cpuslab_type held_type = {
	.name = "held",
	.size = 8,
	.ctor = held_ctor,
};

static void *held_allocator(void *arg)
{
	struct cpuslab_percpu handle;

	TORTURE_OK(cpuslab_alloc(held_slab, &held_type, &handle));
	TORTURE_OK(cpuslab_free(held_slab, &handle));
	return arg;
}

#define HELD_THREADS 4

/* One of them has the stack, and so the id, of the holder. */
static void *held_thread(void *arg)
{
	TORTURE_IS(cpuslab_slab_check(held_slab), -CPUSLAB_EBUSY);
	handlers_use();
	pthread_barrier_wait(arg);
	return NULL;
}

static void held_threads(void)
{
	pthread_t threads[HELD_THREADS];
	pthread_barrier_t barrier;
	int i;

	TORTURE_OK(pthread_barrier_init(&barrier, NULL, HELD_THREADS));
	for (i = 0; i < HELD_THREADS; i++)
		TORTURE_OK(pthread_create(&threads[i], NULL, held_thread,
					  &barrier));
	for (i = 0; i < HELD_THREADS; i++)
		TORTURE_OK(pthread_join(threads[i], NULL));
}

static void held_child(void)
{
	struct cpuslab_percpu handle;
	struct cpuslab_stats stats;
	int i;

	alarm(HANDLERS_SECONDS);
	for (i = 0; i < 100; i++)
		cpuslab_counter_add(&held_counter, 1);
	TORTURE_CHECK(cpuslab_counter_sum(&held_counter) == 105);
	TORTURE_IS(cpuslab_alloc(held_slab, &held_type, &handle),
		   -CPUSLAB_EBUSY);
	TORTURE_IS(cpuslab_free(held_slab, &held_counter.handle),
		   -CPUSLAB_EBUSY);
	TORTURE_IS(cpuslab_slab_trim(held_slab, 0), -CPUSLAB_EBUSY);
	TORTURE_IS(cpuslab_slab_check(held_slab), -CPUSLAB_EBUSY);
	cpuslab_stats_get(held_slab, &stats);
	held_threads();
	handlers_use(); /* the other slab, and the domain of both */
	torture_quiet();
	cpuslab_slab_destroy(held_slab);
	handlers_use();
	_exit(0);
}

/* Without fork handlers: the child has to find out by itself. */
static pid_t held_bare_fork(void)
{
	return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static void
test_a_mutex_is_held_by_a_thread_that_waits_for_the_fork(pid_t (*forks)(void))
{
	pthread_t thread;
	pid_t pid;

	held_inside = held_over = false;
	TORTURE_OK(cpuslab_slab_create(&held_slab, domain, NULL));
	TORTURE_OK(cpuslab_counter_init(&held_counter, held_slab));
	cpuslab_counter_add(&held_counter, 5);
	TORTURE_OK(pthread_create(&thread, NULL, held_allocator, NULL));
	while (!__atomic_load_n(&held_inside, __ATOMIC_ACQUIRE))
		sched_yield();
	pid = forks();
	if (!pid)
		held_child();
	__atomic_store_n(&held_over, true, __ATOMIC_RELEASE);
	TORTURE_OK(torture_await(pid));
	TORTURE_OK(pthread_join(thread, NULL));
	cpuslab_counter_fini(&held_counter);
	cpuslab_slab_destroy(held_slab);
}

/* ---- a child that starts threads ----------------------------------------- */

#define THREADS 4u
#define THREADS_FORKS 20u
#define THREADS_ALLOCS 100u

static pthread_t threads[THREADS];

/* So that the mutex is held most of the time. */
static int threads_ctor(void *object, uint32_t cpu, void *arg)
{
	(void)object;
	(void)arg;
	if (cpu == CPUSLAB_SHARED)
		usleep(20);
	return CPUSLAB_OK;
}

static const struct cpuslab_type threads_type = {
	.name = "threads",
	.size = 8,
	.ctor = threads_ctor,
};

static void *threads_run(void *arg)
{
	struct cpuslab_percpu handle;
	uint32_t i;

	for (i = 0; i < THREADS_ALLOCS; i++) {
		TORTURE_OK(cpuslab_alloc(slab, &threads_type, &handle));
		TORTURE_OK(cpuslab_free_rcu(slab, &handle));
	}
	return arg;
}

static void threads_start(void)
{
	uint32_t i;

	for (i = 0; i < THREADS; i++)
		TORTURE_OK(
			pthread_create(&threads[i], NULL, threads_run, NULL));
	usleep(1000);
}

static void threads_child(void)
{
	uint32_t i;

	alarm(HANDLERS_SECONDS);
	for (i = 0; i < THREADS; i++)
		TORTURE_OK(pthread_join(threads[i], NULL));
	handlers_use();
	_exit(0);
}

/* In a fork handler before cpuslab's, or without fork handlers. */
static void test_a_child_starts_threads(bool bare)
{
	uint32_t i;
	pid_t pid;

	for (i = 0; i < THREADS_FORKS; i++) {
		threads_in_handler = !bare;
		pid = bare ? held_bare_fork() : fork();
		threads_in_handler = false;
		if (!pid && bare)
			threads_start();
		if (!pid)
			threads_child();
		TORTURE_OK(torture_await(pid));
	}
}

/* ---- threads that wait for a fork ---------------------------------------- */

#define PASS_NS_MAX 500000000u

static bool pass_in_fork;
#define PASS_THREADS 3u
static pthread_t pass_threads[PASS_THREADS];

static void *pass_waits_for_mutex(void *arg)
{
	cpuslab__fork_wait(cpuslab__fork_turn());
	return arg;
}

static void *pass_waits_for_fork(void *arg)
{
	cpuslab__fork_let_pass();
	return arg;
}

/* All is reserved: the handlers of cpuslab have run. */
static void pass_prepare(void)
{
	uint32_t i;

	if (!pass_in_fork)
		return;
	TORTURE_OK(pthread_create(&pass_threads[0], NULL, pass_waits_for_mutex,
				  NULL));
	usleep(50000);
	for (i = 1; i < PASS_THREADS; i++)
		TORTURE_OK(pthread_create(&pass_threads[i], NULL,
					  pass_waits_for_fork, NULL));
	usleep(50000);
}

static void test_all_threads_that_wait_for_a_fork_continue(void)
{
	uint64_t begun;
	uint32_t i;
	pid_t pid;

	pass_in_fork = true;
	pid = fork();
	if (!pid)
		_exit(0);
	pass_in_fork = false;
	begun = cpuslab_port_clock();
	for (i = 0; i < PASS_THREADS; i++)
		TORTURE_OK(pthread_join(pass_threads[i], NULL));
	TORTURE_CHECK(cpuslab_port_clock() - begun < PASS_NS_MAX);
	TORTURE_OK(torture_await(pid));
}

int main(int argc, char **argv)
{
	torture_begin(argc, argv, "Fork handlers of the program.");
	/* TSan's malloc() may hang in the child of a process with threads. */
	torture_skip_under(TORTURE_VALGRIND | TORTURE_EMULATOR | TORTURE_TSAN);
	torture_fake_limit(8);
	TORTURE_OK(pthread_atfork(handlers_prepare_first, handlers_parent_first,
				  handlers_child_first));
	TORTURE_OK(pthread_atfork(pass_prepare, NULL, NULL));
	TORTURE_OK(pthread_atfork(handlers_take_lock, handlers_give_lock,
				  handlers_give_lock));
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(pthread_atfork(handlers_prepare_last, handlers_parent_last,
				  handlers_child_last));
	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
	TORTURE_OK(cpuslab_counter_init(&counter, slab));
	cpuslab_counter_add(&counter, 3);
	test_handlers_call_cpuslab();
	test_a_handler_waits_for_a_thread_that_uses_cpuslab();
	test_a_mutex_is_held_by_a_thread_that_waits_for_the_fork(fork);
	test_a_mutex_is_held_by_a_thread_that_waits_for_the_fork(
		held_bare_fork);
	test_a_child_starts_threads(false);
	test_a_child_starts_threads(true);
	test_all_threads_that_wait_for_a_fork_continue();
	cpuslab_counter_fini(&counter);
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
	return torture_end();
}
