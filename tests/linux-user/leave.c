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
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

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

/* The image of an object, in a page that may not be read at first. */
static void *leave_image;
static size_t leave_page;

/* An admission has come to the image when the signal arrives. */
static void leave_fault(int signal)
{
	(void)signal;
	mprotect(leave_image, leave_page, PROT_READ);
	raise(SIGUSR1);
}

static void test_an_admission_is_abandoned(void)
{
	struct cpuslab_domain_config config = {
		.flags = CPUSLAB_DOMAIN_START_EMPTY,
	};
	struct cpuslab_type type = { .name = "image", .counters = 1 };
	struct cpuslab_domain *empty;
	struct cpuslab_percpu handle;
	struct cpuslab_counter other;
	struct cpuslab_slab *own;

	leave_page = (size_t)sysconf(_SC_PAGESIZE);
	leave_image = mmap(NULL, leave_page, PROT_READ,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TORTURE_CHECK(leave_image != MAP_FAILED);
	type.size = leave_page;
	type.image = leave_image;
	TORTURE_OK(cpuslab_domain_create(&empty, &config));
	TORTURE_OK(cpuslab_slab_create(&own, empty, NULL));
	TORTURE_OK(cpuslab_alloc(own, &type, &handle));
	TORTURE_OK(mprotect(leave_image, leave_page, PROT_NONE));
	signal(SIGSEGV, leave_fault);
	signal(SIGUSR1, leave_handler);
	leave_may = 1;
	if (!sigsetjmp(leave_out, 1)) {
		cpuslab_add(&handle, 0, 1);
		torture_failed(__FILE__, __LINE__, "it is not left");
	}
	leave_may = 0;
	signal(SIGSEGV, SIG_DFL);
	TORTURE_OK(cpuslab_counter_init(&other, own));
	TORTURE_OK(cpuslab_slab_check(own));
	cpuslab_counter_fini(&other);
	TORTURE_OK(cpuslab_free(own, &handle));
	cpuslab_slab_destroy(own);
	cpuslab_domain_destroy(empty);
	munmap(leave_image, leave_page);
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

static const struct cpuslab_type leave_fast_type = {
	.name = "fast",
	.size = 8,
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

/* ---- asynchronous cancellation ------------------------------------------ */

/* What ends a thread; sigprocmask() would not block it. */
#ifdef __GLIBC__
#define LEAVE_SIGCANCEL 32
#else /* musl */
#define LEAVE_SIGCANCEL 33
#endif
#define LEAVE_ASYNC_THREADS 300u

static uint32_t leave_async_state;
static bool leave_async_sum;

static void leave_sigcancel(int how)
{
	const uint64_t mask = (uint64_t)1 << (LEAVE_SIGCANCEL - 1);

	TORTURE_OK(syscall(SYS_rt_sigprocmask, how, &mask, NULL, sizeof(mask)));
}

/* The signal that ends the thread was sent before it took the mutex. */
static int leave_async_ctor(void *object, uint32_t cpu, void *arg)
{
	(void)object;
	(void)arg;
	if (cpu == CPUSLAB_SHARED) {
		leave_sigcancel(SIG_UNBLOCK);
		leave_async_state = 3;
	}
	return CPUSLAB_OK;
}

static const struct cpuslab_type leave_async_type = {
	.name = "async",
	.size = 8,
	.ctor = leave_async_ctor,
};

static void *leave_async_late(void *arg)
{
	struct cpuslab_percpu handle;

	leave_sigcancel(SIG_BLOCK);
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	__atomic_store_n(&leave_async_state, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&leave_async_state, __ATOMIC_ACQUIRE) != 2)
		continue;
	TORTURE_OK(cpuslab_alloc(slab, &leave_async_type, &handle));
	torture_failed(__FILE__, __LINE__, "it is not cancelled");
	return arg;
}

static void test_a_cancellation_that_arrives_in_a_call(void)
{
	pthread_t thread;
	void *result;

	leave_async_state = 0;
	TORTURE_OK(pthread_create(&thread, NULL, leave_async_late, NULL));
	while (__atomic_load_n(&leave_async_state, __ATOMIC_ACQUIRE) != 1)
		leave_nap(100000);
	TORTURE_OK(pthread_cancel(thread));
	__atomic_store_n(&leave_async_state, 2, __ATOMIC_RELEASE);
	TORTURE_OK(pthread_join(thread, &result));
	TORTURE_CHECK(result == PTHREAD_CANCELED);
	TORTURE_CHECK(leave_async_state == 3);
	leave_all_works();
}

/* None of these calls malloc(), which must not be left in this way. */
static void *leave_async(void *arg)
{
	struct cpuslab_percpu *handle = arg;

	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	for (;;) {
		if (leave_async_sum) {
			TORTURE_CHECK(cpuslab_counter_sum(&counter) == 7);
			continue;
		}
		TORTURE_OK(cpuslab_alloc(slab, &leave_fast_type, handle));
		TORTURE_OK(cpuslab_free(slab, handle));
		TORTURE_OK(cpuslab_slab_check(slab));
	}
	return NULL;
}

/* They may leave an object. */
static void test_threads_are_cancelled_asynchronously(void)
{
	struct cpuslab_percpu handle;
	pthread_t thread;
	void *result;
	uint32_t i;

	for (i = 0; i < LEAVE_ASYNC_THREADS; i++) {
		leave_async_sum = i % 2;
		memset(&handle, 0, sizeof(handle));
		TORTURE_OK(pthread_create(&thread, NULL, leave_async, &handle));
		leave_nap(200000 + 997 * (long)i);
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
	/* TSan does not run the handler where the fault is. */
	if (!torture_is_under(TORTURE_TSAN))
		test_an_admission_is_abandoned();
	/* ASan takes the stack of a cancelled thread for one in use. */
	if (!torture_is_under(TORTURE_SANITIZER)) {
		test_threads_are_cancelled();
		test_a_cancellation_that_arrives_in_a_call();
		test_threads_are_cancelled_asynchronously();
	}
	torture_quiet(); /* of objects that cancelled threads left */
	cpuslab_counter_fini(&counter);
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
	return torture_end();
}
