/* SPDX-License-Identifier: MIT */
/*
 * rcu_thread.c - destructors that the RCU thread calls may use as much stack as
 * slab.h says.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sched.h>

#include <cpuslab/cpuslab.h>

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

int main(int argc, char **argv)
{
	torture_begin(argc, argv,
		      "The stack of the RCU thread is large enough.");
	test_destructor_with_60_kib_of_stack();
	return torture_end();
}
