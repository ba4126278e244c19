/* SPDX-License-Identifier: MIT */
/*
 * first.c - the first sum, snapshot and read section of a thread, in a signal
 * handler and without memory: it asks for none.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <cpuslab/cpuslab.h>

#include "torture/torture.h"

#define FIRST_THREADS 64u
#define FIRST_STACK ((size_t)256 << 10)

static struct cpuslab_domain *domain;
static struct cpuslab_slab *slab;
static struct cpuslab_counter counter;
static sem_t first_ready, first_go;
static uint32_t first_done, first_mallocs;
static __thread volatile sig_atomic_t first_in_handler;

#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer) ||       \
	defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
/* These have a malloc() of their own; the test is skipped. */
#elif defined(__GLIBC__)
extern void *__libc_malloc(size_t bytes);

/* In place of the C library's: counts the calls from handlers. */
void *malloc(size_t bytes)
{
	if (first_in_handler)
		__atomic_fetch_add(&first_mallocs, 1, __ATOMIC_RELAXED);
	return __libc_malloc(bytes);
}
#endif

static void first_handler(int signal)
{
	const struct cpuslab_cpumask *mask;

	(void)signal;
	first_in_handler = 1;
	errno = 4711;
	TORTURE_CHECK(cpuslab_counter_sum(&counter) >= 1);
	mask = cpuslab_cpumask_get(domain);
	TORTURE_CHECK(cpuslab_cpumask_count(mask) >= 1);
	cpuslab_cpumask_put(mask);
	cpuslab_read_enter();
	cpuslab_read_exit();
	cpuslab_counter_add(&counter, 1);
	TORTURE_CHECK(errno == 4711);
	first_in_handler = 0;
	__atomic_fetch_add(&first_done, 1, __ATOMIC_RELAXED);
}

static void *first_run(void *arg)
{
	sem_post(&first_ready);
	while (sem_wait(&first_go))
		continue;
	raise(TORTURE_SIGNAL);
	return arg;
}

int main(int argc, char **argv)
{
	const struct rlimit none = { 1, 1 };
	pthread_t threads[FIRST_THREADS];
	pthread_attr_t attr;
	uint32_t i;

	torture_begin(argc, argv, "The first sum of a thread.");
	torture_skip_under(TORTURE_VALGRIND | TORTURE_EMULATOR |
			   TORTURE_SANITIZER | TORTURE_TSAN);
	torture_handler(first_handler);
	sem_init(&first_ready, 0, 0);
	sem_init(&first_go, 0, 0);
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
	TORTURE_OK(cpuslab_counter_init(&counter, slab));
	cpuslab_counter_add(&counter, 1);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, FIRST_STACK);
	for (i = 0; i < FIRST_THREADS; i++)
		TORTURE_OK(pthread_create(&threads[i], &attr, first_run, NULL));
	for (i = 0; i < FIRST_THREADS; i++)
		TORTURE_OK(sem_wait(&first_ready));
	TORTURE_OK(setrlimit(RLIMIT_AS, &none));
	for (i = 0; i < FIRST_THREADS; i++)
		sem_post(&first_go);
	for (i = 0; i < FIRST_THREADS; i++)
		TORTURE_OK(pthread_join(threads[i], NULL));
	TORTURE_CHECK(first_done == FIRST_THREADS);
	TORTURE_CHECK(!first_mallocs);
	TORTURE_CHECK(cpuslab_counter_sum(&counter) == FIRST_THREADS + 1);
	cpuslab_counter_fini(&counter);
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
	return torture_end();
}
