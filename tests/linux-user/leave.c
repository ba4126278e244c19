/* SPDX-License-Identifier: MIT */
/*
 * leave.c - leaving a call other than by return: a signal handler jumps out of
 * sums and operations; threads are cancelled in calls, with a callback of the
 * program in them that is a cancellation point.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <time.h>

#include <cpuslab/cpuslab.h>

#include "torture/torture.h"

#define LEAVE_JUMPS 2000u
#define LEAVE_TIMER_NS 50000
#define LEAVE_ABSENT 5u /* a CPU that does not exist */
#define LEAVE_THREADS 200u

static struct cpuslab_domain *domain;
static struct cpuslab_slab *slab;
static struct cpuslab_counter counter;

static void leave_nap(long ns)
{
	const struct timespec nap = { 0, ns };

	nanosleep(&nap, NULL);
}

/* Grace periods end, and every mutex can be taken. */
static void leave_all_works(void)
{
	struct cpuslab_counter other;

	TORTURE_OK(cpuslab_counter_init(&other, slab));
	cpuslab_counter_add(&other, 1);
	TORTURE_OK(cpuslab_domain_add_complete(domain, LEAVE_ABSENT));
	TORTURE_OK(cpuslab_domain_remove(domain, LEAVE_ABSENT));
	TORTURE_OK(cpuslab_free_rcu(slab, &other.handle));
	TORTURE_CHECK(torture_settle(slab));
	TORTURE_OK(cpuslab_domain_resync(domain));
	TORTURE_OK(cpuslab_slab_check(slab));
}

/* ---- a handler that jumps out -------------------------------------------- */

static sigjmp_buf leave_out;
static volatile sig_atomic_t leave_may;

static void leave_handler(int signal)
{
	(void)signal;
	if (leave_may)
		siglongjmp(leave_out, 1);
}

static void test_a_sum_is_abandoned(void)
{
	static volatile uint32_t jumps;
	struct torture_timer timer;

	torture_handler(leave_handler);
	torture_timer_start(&timer, LEAVE_TIMER_NS);
	if (sigsetjmp(leave_out, 1))
		jumps++;
	while (jumps < LEAVE_JUMPS) {
		leave_may = 1;
		cpuslab_counter_add(&counter, 0);
		cpuslab_counter_sum(&counter);
		leave_may = 0;
	}
	leave_may = 0;
	torture_timer_stop(&timer);
	leave_all_works();
	TORTURE_CHECK(cpuslab_counter_sum(&counter) == 7);
}

/* ---- cancellation -------------------------------------------------------- */

static int leave_ctor(void *object, uint32_t cpu, void *arg)
{
	(void)object;
	(void)arg;
	if (cpu != CPUSLAB_SHARED)
		leave_nap(100000); /* a cancellation point */
	return CPUSLAB_OK;
}

static const struct cpuslab_type leave_type = {
	.name = "slow",
	.size = 8,
	.ctor = leave_ctor,
};

static void *leave_resyncs(void *arg)
{
	(void)arg;
	for (;;)
		cpuslab_domain_resync(domain);
	return NULL;
}

static void *leave_changes(void *arg)
{
	(void)arg;
	for (;;) {
		cpuslab_domain_add_complete(domain, LEAVE_ABSENT);
		cpuslab_domain_remove(domain, LEAVE_ABSENT);
		cpuslab_domain_trim(domain, 0);
		pthread_testcancel();
	}
	return NULL;
}

static void *leave_allocates(void *arg)
{
	struct cpuslab_percpu handle;

	(void)arg;
	for (;;) {
		TORTURE_OK(cpuslab_alloc(slab, &leave_type, &handle));
		TORTURE_OK(cpuslab_free_rcu(slab, &handle));
		pthread_testcancel();
	}
	return NULL;
}

static void *leave_destroys(void *arg)
{
	struct cpuslab_slab *own;

	(void)arg;
	for (;;) {
		struct cpuslab_counter other;

		TORTURE_OK(cpuslab_slab_create(&own, domain, NULL));
		TORTURE_OK(cpuslab_counter_init(&other, own));
		TORTURE_OK(cpuslab_free_rcu(own, &other.handle));
		cpuslab_slab_destroy(own);
		pthread_testcancel();
	}
	return NULL;
}

static void test_threads_are_cancelled(void)
{
	void *(*const calls[])(void *) = { leave_resyncs, leave_changes,
					   leave_allocates, leave_destroys };
	pthread_t thread;
	void *result;
	uint32_t i;

	for (i = 0; i < LEAVE_THREADS; i++) {
		TORTURE_OK(pthread_create(&thread, NULL, calls[i % 4], NULL));
		leave_nap(100000 + 1000 * (long)i);
		TORTURE_OK(pthread_cancel(thread));
		TORTURE_OK(pthread_join(thread, &result));
		TORTURE_CHECK(result == PTHREAD_CANCELED);
		leave_all_works();
	}
}

int main(int argc, char **argv)
{
	torture_begin(argc, argv, "Calls that are left other than by return.");
	torture_skip_under(TORTURE_VALGRIND | TORTURE_EMULATOR);
	torture_fake_limit(8);
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
	TORTURE_OK(cpuslab_counter_init(&counter, slab));
	cpuslab_counter_add(&counter, 7);
	test_a_sum_is_abandoned();
	/* ASan takes the stack of a cancelled thread for one in use. */
	if (!torture_is_under(TORTURE_SANITIZER))
		test_threads_are_cancelled();
	cpuslab_counter_fini(&counter);
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
	return torture_end();
}
