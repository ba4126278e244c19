/* SPDX-License-Identifier: MIT */
/*
 * rcu_thread.c - destructors that the RCU thread calls may use as much stack as
 * slab.h says; grace periods end in a process with many threads.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>

#include <cpuslab/cpuslab.h>

#include "private.h"
#include "torture/torture.h"

#define WORKER_BYTES (60u << 10)

static pthread_t worker_main;     /* the main thread */
static uint64_t worker_dtors;     /* W dtor */
static uint64_t worker_elsewhere; /* W dtor: calls in other threads than main */

/* From the top of the frame downward, as calls would use it. */
static void worker_fill(volatile char *bytes, size_t size)
{
	while (size--)
		bytes[size] = 1;
}

static void worker_dtor(void *object, uint32_t cpu, void *arg)
{
	volatile char bytes[WORKER_BYTES];

	(void)object;
	(void)cpu;
	(void)arg;
	worker_fill(bytes, sizeof(bytes));
	if (!pthread_equal(pthread_self(), worker_main))
		cpuslab_fetch_add_u64(&worker_elsewhere, 1);
	cpuslab_fetch_add_u64(&worker_dtors, 1);
}

static void test_destructor_with_60_kib_of_stack(void)
{
	static const struct cpuslab_type type = {
		.name = "hungry",
		.size = 8,
		.counters = 1,
		.dtor = worker_dtor,
	};
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	struct cpuslab_percpu handle;

	worker_main = pthread_self();
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
	TORTURE_OK(cpuslab_alloc(slab, &type, &handle));
	TORTURE_OK(cpuslab_free_rcu(slab, &handle));
	/* No thread waits for the grace period: only the RCU thread ends it. */
	while (!cpuslab_load_acquire_u64(&worker_dtors))
		sched_yield();
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
	TORTURE_CHECK(worker_elsewhere == worker_dtors);
}

/* ---- membarrier is forbidden when there are threads already -------------- */

#define WORKER_THREADS 1100
#define WORKER_STACK ((size_t)128 << 10) /* the least of some machines */

static sem_t worker_over;
static bool worker_adds;

static void *worker_idle(void *arg)
{
	while (sem_wait(&worker_over))
		continue;
	return arg;
}

/* Runs all the time, and sums. */
static void *worker_sums(void *arg)
{
	while (__atomic_load_n(&worker_adds, __ATOMIC_RELAXED))
		TORTURE_CHECK(cpuslab_counter_sum(arg) == 3);
	return arg;
}

/*
 * The process has many threads and may use one CPU, so that not each look for
 * CPUs asks them all. Nevertheless grace periods end.
 */
static void test_many_threads_when_membarrier_is_forbidden(void)
{
	pthread_t threads[WORKER_THREADS], sums;
	pthread_attr_t attr;
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	struct cpuslab_counter counter, freed;
	uint32_t cpu, i;

	TORTURE_CHECK(torture_cpus(&cpu, 1));
	TORTURE_CHECK(torture_pin(cpu));
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
	TORTURE_OK(cpuslab_counter_init(&counter, slab));
	TORTURE_OK(cpuslab_counter_init(&freed, slab));
	cpuslab_counter_add(&counter, 3);
	worker_adds = true;
	TORTURE_OK(pthread_create(&sums, NULL, worker_sums, &counter));
	pthread_attr_init(&attr);
	TORTURE_OK(pthread_attr_setstacksize(&attr, WORKER_STACK));
	for (i = 0; i < WORKER_THREADS; i++)
		TORTURE_OK(
			pthread_create(&threads[i], &attr, worker_idle, NULL));
	pthread_attr_destroy(&attr);
	TORTURE_OK(cpuslab_domain_resync(domain));
	cpuslab__fence_no_membarrier = true;
	TORTURE_OK(cpuslab_free_rcu(slab, &freed.handle));
	TORTURE_OK(cpuslab_port_rcu_barrier());
	cpuslab__fence_no_membarrier = false;
	__atomic_store_n(&worker_adds, false, __ATOMIC_RELAXED);
	TORTURE_OK(pthread_join(sums, NULL));
	for (i = 0; i < WORKER_THREADS; i++)
		sem_post(&worker_over);
	for (i = 0; i < WORKER_THREADS; i++)
		TORTURE_OK(pthread_join(threads[i], NULL));
	cpuslab_counter_fini(&counter);
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
	torture_unpin();
}

int main(int argc, char **argv)
{
	torture_begin(argc, argv, "The thread that runs callbacks.");
	test_many_threads_when_membarrier_is_forbidden();
	test_destructor_with_60_kib_of_stack();
	return torture_end();
}
