/* SPDX-License-Identifier: MIT */
/*
 * torture_threads.c - detached and joined threads that begin and end in every
 * way: with their first operation in a destructor, after one, or in a signal
 * handler; cancelled; with a fork. No count is lost, and nothing crashes.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cpuslab/atomic.h>
#include <cpuslab/counter.h>
#include <cpuslab/port.h>

#include "torture/torture.h"

#define PARENTS 4u
#define ALIVE 16u /* detached threads of each parent at once, at most */
#define ROUNDS 3u /* of destructors; POSIX promises one more */

static struct cpuslab_domain *domain;
static struct cpuslab_slab *slab;
static struct cpuslab_counter counter;
static uint64_t adds, lives, handled, forks;
static pthread_key_t key_before, key_after; /* than the library's */

struct parent {
	uint32_t tids[ALIVE]; /* of threads, which may have ended */
	uint64_t random;
	sem_t alive;
};

static void add(void)
{
	TORTURE_OK(cpuslab_counter_add(&counter, 1));
	cpuslab_fetch_add_u64(&adds, 1);
}

static void handler(int signal)
{
	(void)signal;
	add();
	cpuslab_fetch_add_u64(&handled, 1);
}

/* In a thread that begins or ends; the handler may have been called before. */
static void destructor(pthread_key_t key, void *round)
{
	add();
	if ((uintptr_t)round < ROUNDS)
		pthread_setspecific(key, (void *)((uintptr_t)round + 1));
}

static void destructor_before(void *round)
{
	destructor(key_before, round);
}

static void destructor_after(void *round)
{
	destructor(key_after, round);
}

static void *child_thread(void *arg)
{
	add();
	return arg;
}

/* The child has the registration of the thread that forked it. */
static void fork_here(void)
{
	uint64_t sum;
	pthread_t thread;
	pid_t child = fork();

	if (!child) {
		sum = cpuslab_counter_sum(&counter);
		add();
		if (!pthread_create(&thread, NULL, child_thread, NULL))
			pthread_join(thread, NULL);
		_exit(cpuslab_counter_sum(&counter) < sum + 2);
	}
	TORTURE_OK(torture_await(child));
	cpuslab_fetch_add_u64(&forks, 1);
}

static void leave(uint32_t how)
{
	switch (how) {
	case 0:
		pthread_exit(NULL);
	case 1:
		pthread_cancel(pthread_self());
		pthread_testcancel();
		break;
	default:
		break;
	}
}

static void ended(void *arg)
{
	sem_post(&((struct parent *)arg)->alive);
}

static void *run(void *arg)
{
	struct parent *parent = arg;
	uint64_t random = torture_stream(cpuslab_fetch_add_u64(&lives, 1));
	uint32_t how = torture_below(&random, 1000);

	pthread_cleanup_push(ended, parent);
	cpuslab_store_release_u32(&parent->tids[how % ALIVE],
				  (uint32_t)syscall(SYS_gettid));
	if (how % 2)
		pthread_setspecific(key_before, (void *)1);
	if (how % 3)
		add();
	if (how % 5)
		pthread_setspecific(key_after, (void *)1);
	if (how == 999)
		fork_here();
	leave(how % 7);
	pthread_cleanup_pop(1);
	return NULL;
}

/* Interrupt a thread, wherever it is. */
static void interrupt(struct parent *parent)
{
	uint32_t tid = cpuslab_load_acquire_u32(
		&parent->tids[torture_below(&parent->random, ALIVE)]);

	if (tid)
		syscall(SYS_tgkill, getpid(), tid, TORTURE_SIGNAL);
}

static void *parent_run(void *arg)
{
	struct parent *parent = arg;
	pthread_attr_t attr;
	pthread_t thread;
	uint32_t i;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	while (torture_running()) {
		while (sem_wait(&parent->alive))
			continue;
		if (torture_below(&parent->random, 8)) {
			while (pthread_create(&thread, &attr, run, parent))
				usleep(100);
		} else {
			TORTURE_OK(pthread_create(&thread, NULL, run, parent));
			TORTURE_OK(pthread_join(thread, NULL));
		}
		for (i = 0; i < ALIVE; i++)
			interrupt(parent);
	}
	for (i = 0; i < ALIVE; i++)
		while (sem_wait(&parent->alive))
			continue;
	return NULL;
}

/* Detached threads are in their destructors when their parents have ended. */
static void await_threads(uint32_t until)
{
	torture_phase(20);
	while (cpuslab_port_threads() > until && torture_running())
		usleep(1000);
}

int main(int argc, char **argv)
{
	static struct parent parents[PARENTS];
	pthread_t threads[PARENTS];
	struct cpuslab_stats stats;
	uint32_t i, before;

	TORTURE_OK(pthread_key_create(&key_before, destructor_before));
	torture_begin(argc, argv, "Threads begin and end in every way.");
	torture_skip_under(TORTURE_SANITIZER | TORTURE_VALGRIND |
			   TORTURE_EMULATOR);
	torture_handler(handler);
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
	TORTURE_OK(cpuslab_counter_init(&counter, slab));
	TORTURE_OK(pthread_key_create(&key_after, destructor_after));
	before = cpuslab_port_threads();
	for (i = 0; i < PARENTS; i++) {
		parents[i].random = torture_stream(100 + i);
		sem_init(&parents[i].alive, 0, ALIVE);
		TORTURE_OK(pthread_create(&threads[i], NULL, parent_run,
					  &parents[i]));
	}
	for (i = 0; i < PARENTS; i++)
		TORTURE_OK(pthread_join(threads[i], NULL));
	await_threads(before);
	cpuslab_stats_get(slab, &stats);
	printf("  registered by %s: %llu threads, %llu forks, %llu signals, "
	       "%llu adds, %llu shared\n",
	       stats.registration, (unsigned long long)lives,
	       (unsigned long long)forks, (unsigned long long)handled,
	       (unsigned long long)adds, (unsigned long long)stats.shared_ops);
	TORTURE_CHECK(cpuslab_counter_sum(&counter) == adds);
	cpuslab_counter_fini(&counter);
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
	return torture_end();
}
