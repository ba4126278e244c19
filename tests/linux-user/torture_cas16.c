/* SPDX-License-Identifier: MIT */
/*
 * torture_cas16.c - two words change together, in threads, in signal handlers
 * that interrupt them, and in children that are forked meanwhile. First several
 * threads wait for one that is stopped by a fault, and one is cancelled there.
 *
 * Each pair is {n, 2 * n} after n swaps. An alarm ends a child that waits for a
 * thread that it does not have.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cas16.h"

#include "torture/torture.h"

#define CAS16_WORKERS 4
#define CAS16_PAIRS 3u
#define CAS16_TIMER_NS 150000
#define CAS16_CHILD_SECONDS 20u
#define CAS16_CHILD_SWAPS 100

struct cas16_actor {
	uint64_t random CPUSLAB_ALIGNED(CPUSLAB_CACHE_LINE);
	uint64_t swaps[CAS16_PAIRS]; /* W this actor */
};

static struct cpuslab_pair cas16_pairs[CAS16_PAIRS];
static struct cas16_actor cas16_actors[CAS16_WORKERS][2];
static bool cas16_child; /* may have inherited half a swap */
static uint64_t cas16_forks;
static __thread struct cas16_actor *cas16_over;

static bool cas16_try(struct cpuslab_pair *pair)
{
	struct cpuslab_pair was, now;
	bool done;

	was.second = cpuslab_load_acquire_u64(&pair->second);
	was.first = cpuslab_load_acquire_u64(&pair->first);
	now.first = was.first + 1;
	now.second = was.second + 2;
	errno = EDOM;
	done = cpuslab__cas16(pair, was, now);
	TORTURE_CHECK(errno == EDOM);
	TORTURE_CHECK(!done || cas16_child || was.second == 2 * was.first);
	return done;
}

static void cas16_step(struct cas16_actor *actor)
{
	uint32_t i = torture_below(&actor->random, CAS16_PAIRS);

	actor->swaps[i] += cas16_try(&cas16_pairs[i]);
}

static void cas16_handler(int signal)
{
	(void)signal;
	if (cas16_over)
		cas16_step(cas16_over);
}

static void *cas16_worker(void *arg)
{
	struct cas16_actor *actor = arg;
	struct torture_timer timer;

	cas16_over = actor + 1;
	torture_timer_start(&timer, CAS16_TIMER_NS);
	while (torture_running())
		cas16_step(actor);
	torture_timer_stop(&timer);
	cas16_over = NULL;
	return NULL;
}

static void cas16_in_child(void)
{
	uint32_t i;

	alarm(CAS16_CHILD_SECONDS);
	cas16_child = true;
	for (i = 0; i < CAS16_PAIRS * CAS16_CHILD_SWAPS; i++)
		TORTURE_CHECK(cas16_try(&cas16_pairs[i % CAS16_PAIRS]));
	_exit(0);
}

static void cas16_fork(void)
{
	pid_t child = fork();
	int status;

	TORTURE_CHECK(child >= 0);
	if (!child)
		cas16_in_child();
	TORTURE_CHECK(waitpid(child, &status, 0) == child);
	TORTURE_IS(status, 0);
	cas16_forks++;
}

static void cas16_exact(void)
{
	uint64_t swaps, total = 0;
	uint32_t i, actor;

	for (i = 0; i < CAS16_PAIRS; i++) {
		swaps = 0;
		for (actor = 0; actor < CAS16_WORKERS; actor++)
			swaps += cas16_actors[actor][0].swaps[i] +
				 cas16_actors[actor][1].swaps[i];
		TORTURE_CHECK(cas16_pairs[i].first == swaps);
		TORTURE_CHECK(cas16_pairs[i].second == 2 * swaps);
		total += swaps;
	}
	printf("  %llu swaps, %llu forks\n", (unsigned long long)total,
	       (unsigned long long)cas16_forks);
}

/* ---- waiting ------------------------------------------------------------- */

#define CAS16_SLEEPERS 3
#define CAS16_POLL_US 1000

/* In a page that may not be accessed at first: a swap faults. */
static struct cpuslab_pair *cas16_guarded;
static uint32_t cas16_faults; /* threads that have faulted */
static bool cas16_go;

/* The faulting thread holds the lock. */
static void cas16_fault(int signal)
{
	(void)signal;
	cpuslab_fetch_add_u32(&cas16_faults, 1);
	while (!__atomic_load_n(&cas16_go, __ATOMIC_ACQUIRE))
		usleep(CAS16_POLL_US);
	mprotect(cas16_guarded, sizeof(*cas16_guarded), PROT_READ | PROT_WRITE);
}

static void *cas16_guarded_swap(void *tid)
{
	const struct cpuslab_pair was = { 0, 0 }, now = { 1, 2 };

	__atomic_store_n((pid_t *)tid, (pid_t)syscall(SYS_gettid),
			 __ATOMIC_RELEASE);
	return cpuslab__cas16(cas16_guarded, was, now) ? tid : NULL;
}

static void cas16_await_sleep(const pid_t *tid)
{
	char path[64], text[256], *end;
	FILE *file;

	do {
		usleep(CAS16_POLL_US);
		snprintf(path, sizeof(path), "/proc/self/task/%d/stat",
			 (int)__atomic_load_n(tid, __ATOMIC_ACQUIRE));
		file = fopen(path, "r");
		end = file && fgets(text, sizeof(text), file) ?
			      strrchr(text, ')') :
			      NULL;
		if (file)
			fclose(file);
	} while (!end || strncmp(end, ") S", 3) != 0);
}

static void cas16_guard(void)
{
	cas16_faults = 0;
	cas16_go = false;
	cas16_guarded = mmap(NULL, sizeof(*cas16_guarded), PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TORTURE_CHECK(cas16_guarded != MAP_FAILED);
	signal(SIGSEGV, cas16_fault);
}

static void cas16_let_go(void)
{
	alarm(CAS16_CHILD_SECONDS);
	__atomic_store_n(&cas16_go, true, __ATOMIC_RELEASE);
}

static void cas16_unguard(void)
{
	alarm(0);
	signal(SIGSEGV, SIG_DFL);
	munmap(cas16_guarded, sizeof(*cas16_guarded));
}

/* Several sleep until one holder is done; each wakes the next. */
static void cas16_sleepers(void)
{
	pthread_t threads[CAS16_SLEEPERS + 1];
	pid_t tids[CAS16_SLEEPERS + 1] = { 0 };
	void *done;
	int i, swapped = 0;

	cas16_guard();
	for (i = 0; i <= CAS16_SLEEPERS; i++) {
		TORTURE_OK(pthread_create(&threads[i], NULL, cas16_guarded_swap,
					  &tids[i]));
		cas16_await_sleep(&tids[i]);
	}
	TORTURE_CHECK(cpuslab_load_acquire_u32(&cas16_faults) > 0);
	cas16_let_go();
	for (i = 0; i <= CAS16_SLEEPERS; i++) {
		TORTURE_OK(pthread_join(threads[i], &done));
		swapped += done != NULL;
	}
	TORTURE_CHECK(swapped == 1);
	cas16_unguard();
}

static void *cas16_cancelled_swap(void *tid)
{
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	for (;;)
		cas16_guarded_swap(tid);
	return NULL;
}

static void *cas16_later_swap(void *arg)
{
	while (!cas16_try(cas16_guarded))
		continue;
	return arg;
}

/* With a lock the thread has it; without, it ends in the handler. */
static void cas16_cancelled(void)
{
	pthread_t thread, later;
	pid_t tid = 0;
	void *result;

	cas16_guard();
	TORTURE_OK(pthread_create(&thread, NULL, cas16_cancelled_swap, &tid));
	while (!cpuslab_load_acquire_u32(&cas16_faults))
		usleep(CAS16_POLL_US);
	TORTURE_OK(pthread_cancel(thread));
	cas16_let_go();
	TORTURE_OK(pthread_join(thread, &result));
	TORTURE_CHECK(result == PTHREAD_CANCELED);
	TORTURE_OK(pthread_create(&later, NULL, cas16_later_swap, NULL));
	TORTURE_OK(pthread_join(later, NULL));
	cas16_unguard();
}

int main(int argc, char **argv)
{
	pthread_t threads[CAS16_WORKERS];
	int i;

	torture_begin(argc, argv, "Two words change together.");
	/* TSan does not run the handler where the fault is. */
	if (!torture_is_under(TORTURE_VALGRIND | TORTURE_EMULATOR |
			      TORTURE_TSAN))
		cas16_sleepers();
	/* ASan takes the stack of a cancelled thread for one in use. */
	if (!torture_is_under(TORTURE_VALGRIND | TORTURE_EMULATOR |
			      TORTURE_SANITIZER))
		cas16_cancelled();
	torture_handler(cas16_handler);
	for (i = 0; i < CAS16_WORKERS; i++) {
		cas16_actors[i][0].random = torture_stream((uint64_t)i);
		cas16_actors[i][1].random = torture_stream((uint64_t)i + 50);
		TORTURE_OK(pthread_create(&threads[i], NULL, cas16_worker,
					  cas16_actors[i]));
	}
	while (torture_running())
		if (torture_is_under(TORTURE_EMULATOR))
			usleep(10000);
		else
			cas16_fork();
	while (i--)
		TORTURE_OK(pthread_join(threads[i], NULL));
	cas16_exact();
	return torture_end();
}
