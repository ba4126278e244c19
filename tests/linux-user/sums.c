/* SPDX-License-Identifier: MIT */
/*
 * sums.c - sums over many CPUs while releases replace and free what they read.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <stdio.h>

#include <cpuslab/cpuslab.h>
#include <cpuslab/port.h>

#include "torture/torture.h"

#define SUMS_CPUS 4096u /* a sum of as many lasts longer than a release */
#define SUMS_FEWER 64u  /* where memory is checked */

static struct cpuslab_domain *domain;
static struct cpuslab_slab *slab;
static struct cpuslab_counter counter;
static uint64_t sums_made;

/* Nothing is added, so each sum is the same. */
static void *sums_run(void *arg)
{
	while (torture_running()) {
		TORTURE_CHECK(cpuslab_counter_sum(&counter) == 1);
		__atomic_fetch_add(&sums_made, 1, __ATOMIC_RELAXED);
	}
	return arg;
}

static void sums_release(uint32_t cpu)
{
	TORTURE_OK(cpuslab_domain_add_complete(domain, cpu));
	TORTURE_OK(cpuslab_domain_remove(domain, cpu));
	if (torture_atomic())
		cpuslab_slab_trim(slab, 0);
	TORTURE_OK(cpuslab_port_rcu_barrier());
}

/* The memory of a summary is that of an earlier one. */
static void sums_begin_at_zero(uint32_t cpu)
{
	struct cpuslab_counter later;

	sums_release(cpu);
	sums_release(cpu);
	TORTURE_OK(cpuslab_counter_init(&later, slab));
	sums_release(cpu);
	TORTURE_IS((long)cpuslab_counter_sum(&later), 0);
	cpuslab_counter_fini(&later);
}

int main(int argc, char **argv)
{
	const bool fewer = torture_is_under(TORTURE_SANITIZER | TORTURE_TSAN);
	uint32_t cpus = fewer ? SUMS_FEWER : SUMS_CPUS, cpu;
	uint64_t releases = 0;
	pthread_t thread;

	torture_begin(argc, argv, "Sums during releases.");
	torture_skip_under(TORTURE_VALGRIND | TORTURE_EMULATOR);
	torture_fake_limit(cpus + 1);
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
	TORTURE_OK(cpuslab_counter_init(&counter, slab));
	for (cpu = 0; cpu < cpus; cpu++)
		TORTURE_CHECK(cpuslab_domain_add_complete(domain, cpu) >= 0);
	/* Numbers that were freed and cleared name CPU 0. */
	torture_pin(0);
	cpuslab_counter_add(&counter, 1);
	torture_unpin();
	sums_begin_at_zero(cpus);
	TORTURE_OK(pthread_create(&thread, NULL, sums_run, NULL));
	while (torture_running()) {
		sums_release(cpus);
		releases++;
	}
	TORTURE_OK(pthread_join(thread, NULL));
	printf("  %llu sums, %llu releases\n", (unsigned long long)sums_made,
	       (unsigned long long)releases);
	cpuslab_counter_fini(&counter);
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
	return torture_end();
}
