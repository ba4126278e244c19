/* SPDX-License-Identifier: MIT */
/*
 * percid.c - concurrency ids of the Linux kernel: the index is the id and not
 * the CPU number; a thread without a registration has none; what a child of a
 * fork finds; a process that may not fence; a kernel that has no ids.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cpuslab/percid.h>
#include <cpuslab/read.h>

#include "../../ports/linux-user/private.h"
#include "torture/torture.h"

#define PERCID_CPUS 64u

static struct cpuslab_domain *percid_domain;

struct percid_world {
	struct cpuslab_slab *slab;
	struct cpuslab_percid_counter counter;
	struct cpuslab_counter plain; /* in the same slab */
};

static struct cpuslab_stats percid_stats(const struct percid_world *w)
{
	struct cpuslab_stats stats;

	cpuslab_stats_get(w->slab, &stats);
	return stats;
}

static void percid_begin(struct percid_world *w)
{
	const struct cpuslab_slab_config config = {
		.flags = CPUSLAB_SLAB_PERCID,
	};

	TORTURE_OK(cpuslab_slab_create(&w->slab, percid_domain, &config));
	TORTURE_OK(cpuslab_percid_counter_init(&w->counter, w->slab));
	TORTURE_OK(cpuslab_counter_init(&w->plain, w->slab));
}

static void percid_end(struct percid_world *w)
{
	cpuslab_counter_fini(&w->plain);
	cpuslab_percid_counter_fini(&w->counter);
	TORTURE_OK(cpuslab_slab_check(w->slab));
	cpuslab_slab_destroy(w->slab);
}

static void percid_add(struct percid_world *w)
{
	TORTURE_OK(cpuslab_percid_counter_add(&w->counter, 1));
}

static uint64_t percid_copy(const struct cpuslab_percpu *handle, uint32_t id)
{
	const uint64_t *copy;
	uint64_t value = 0;

	cpuslab_read_enter();
	copy = cpuslab_remote(handle, id);
	if (copy)
		value = cpuslab_load_relaxed_u64(copy);
	cpuslab_read_exit();
	return value;
}

static uint64_t percid_both(const struct percid_world *w, uint32_t id)
{
	return percid_copy(&w->counter.handle.copies, id) +
	       percid_copy(&w->plain.handle, id);
}

/* The other CPUs have no copy, wherever a single thread runs. */
static void percid_is_the_index(void)
{
	uint32_t cpus[PERCID_CPUS], count, i, tries, seen = 0;
	struct percid_world w;

	percid_begin(&w);
	count = torture_cpus(cpus, PERCID_CPUS);
	for (i = 0; i < count; i++) {
		TORTURE_CHECK(torture_pin(cpus[i]));
		for (tries = 0; tries < 100; tries++) {
			uint32_t id = cpuslab_port_cid();
			uint64_t was = percid_both(&w, id), now;

			percid_add(&w);
			TORTURE_OK(cpuslab_counter_add(&w.plain, 1));
			now = percid_both(&w, id);
			if (cpuslab_port_cid() != id)
				continue; /* preempted */
			TORTURE_IS((long)(now - was), 2);
			seen += id != cpus[i];
		}
	}
	torture_unpin();
	TORTURE_CHECK(percid_stats(&w).shared_ops == 0);
	TORTURE_CHECK(count < 2 || seen);
	TORTURE_IS((long)cpuslab_percid_counter_sum(&w.counter),
		   100 * (long)count);
	percid_end(&w);
}

/* Its struct rseq says that its id is 0, which belongs to another thread. */
static void percid_without_registration(void)
{
	struct percid_world w;
	uint64_t i;

	percid_begin(&w);
	percid_add(&w);
	TORTURE_CHECK(torture_rseq_unregister());
	for (i = 1; i <= 100; i++) {
		TORTURE_CHECK(cpuslab_port_cid() == CPUSLAB_NO_CPU);
		percid_add(&w);
		TORTURE_CHECK(percid_stats(&w).shared_ops == i);
	}
	torture_rseq_register();
	percid_add(&w);
	TORTURE_CHECK(percid_stats(&w).shared_ops == 100);
	TORTURE_IS((long)cpuslab_percid_counter_sum(&w.counter), 102);
	percid_end(&w);
}

static pthread_barrier_t percid_barrier;

static void *percid_thread(void *arg)
{
	uint32_t i;

	for (i = 0; i < 100000; i++)
		percid_add(arg);
	pthread_barrier_wait(&percid_barrier);
	pthread_barrier_wait(&percid_barrier);
	return NULL;
}

/* Ids begin at 0 again in a child. It has its parent's blocks until a trim. */
static void percid_in_a_child(void)
{
	struct percid_world w;
	pthread_t threads[4];
	uint32_t before;
	pid_t child;
	int i;

	percid_begin(&w);
	pthread_barrier_init(&percid_barrier, NULL, 5);
	for (i = 0; i < 4; i++)
		TORTURE_OK(
			pthread_create(&threads[i], NULL, percid_thread, &w));
	pthread_barrier_wait(&percid_barrier);
	before = percid_stats(&w).in_use;
	fflush(stdout);
	child = fork();
	if (!child) {
		TORTURE_CHECK(percid_stats(&w).in_use == before);
		percid_add(&w);
		TORTURE_IS((long)cpuslab_percid_counter_sum(&w.counter),
			   400001);
		TORTURE_OK(cpuslab_slab_trim(w.slab, 0));
		TORTURE_CHECK(torture_settle(w.slab));
		TORTURE_CHECK(percid_stats(&w).in_use <= 2);
		percid_add(&w);
		TORTURE_IS((long)cpuslab_percid_counter_sum(&w.counter),
			   400002);
		TORTURE_OK(cpuslab_slab_check(w.slab));
		_exit(0);
	}
	TORTURE_IS(torture_await(child), 0);
	pthread_barrier_wait(&percid_barrier);
	for (i = 0; i < 4; i++)
		TORTURE_OK(pthread_join(threads[i], NULL));
	pthread_barrier_destroy(&percid_barrier);
	TORTURE_CHECK(percid_stats(&w).in_use == before);
	TORTURE_IS((long)cpuslab_percid_counter_sum(&w.counter), 400000);
	percid_end(&w);
}

static void *percid_until_two(void *arg)
{
	struct percid_world *w = arg;

	while (percid_stats(w).in_use < 2 && torture_running())
		percid_add(w);
	return NULL;
}

/*
 * One of two ids is not in use any more. A thread that runs on one CPU after
 * the other, as is done for CPUs, would fence no id.
 */
static void percid_without_fences(void)
{
	struct percid_world w;
	pthread_t thread;
	uint64_t sum;

	percid_begin(&w);
	torture_phase(20);
	TORTURE_OK(pthread_create(&thread, NULL, percid_until_two, &w));
	percid_until_two(&w);
	TORTURE_OK(pthread_join(thread, NULL));
	/* A thread that has been joined may not have ended yet. */
	while (cpuslab_port_threads() > 1 && torture_running())
		sched_yield();
	sum = cpuslab_percid_counter_sum(&w.counter);
	TORTURE_CHECK(percid_stats(&w).in_use >= 2);
	cpuslab__fence_no_membarrier = true;
	TORTURE_IS(cpuslab_slab_trim(w.slab, 0), CPUSLAB_RETAINED);
	cpuslab__fence_no_membarrier = false;
	TORTURE_CHECK(percid_stats(&w).in_use >= 2);
	TORTURE_OK(cpuslab_slab_trim(w.slab, 0));
	TORTURE_CHECK(torture_settle(w.slab));
	TORTURE_IS((long)percid_stats(&w).in_use, 1);
	TORTURE_OK(cpuslab_slab_trim(w.slab, CPUSLAB_TRIM_QUIESCENT));
	TORTURE_CHECK(torture_settle(w.slab));
	TORTURE_IS((long)percid_stats(&w).in_use, 0);
	TORTURE_CHECK(cpuslab_percid_counter_sum(&w.counter) == sum);
	percid_end(&w);
}

static void percid_without_ids(void)
{
	struct percid_world w;

	cpuslab__cids_refused = true;
	percid_begin(&w);
	cpuslab__cids_refused = false;
	TORTURE_CHECK(!percid_stats(&w).by_cid);
	percid_add(&w);
	TORTURE_CHECK(percid_stats(&w).in_use == percid_stats(&w).online);
	TORTURE_CHECK(percid_stats(&w).shared_ops == 0);
	TORTURE_IS((long)cpuslab_percid_counter_sum(&w.counter), 1);
	percid_end(&w);
}

int main(int argc, char **argv)
{
	uint32_t cpus[PERCID_CPUS];

	torture_begin(argc, argv, "Concurrency ids.");
	TORTURE_OK(cpuslab_domain_create(&percid_domain, NULL));
	percid_without_ids();
	if (!cpuslab_port_has_cids())
		torture_skip("the kernel has no concurrency ids");
	percid_is_the_index();
	percid_without_registration();
	percid_in_a_child();
	/* TSan has threads of its own, whose ids a trim keeps. */
	if (torture_cpus(cpus, PERCID_CPUS) >= 2 &&
	    !torture_is_under(TORTURE_TSAN))
		percid_without_fences();
	cpuslab_domain_destroy(percid_domain);
	return torture_end();
}
