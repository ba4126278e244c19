/* SPDX-License-Identifier: MIT */
/*
 * real.h - what the files of the part with real CPUs share.
 */
#ifndef CPUSLAB_DEMO_REAL_H
#define CPUSLAB_DEMO_REAL_H

#include <pthread.h>

#include <cpuslab/cpuslab.h>
#include <cpuslab/hotplug.h>

#define REAL_ADDS 4u /* operations for each event */

struct real {
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	struct cpuslab_hotplug *hotplug;
	struct cpuslab_counter events;
	struct cpuslab_counter bytes;
	struct cpuslab_gauge in_progress;
	uint64_t seed;
	uint32_t *cpus; /* those that this program may use */
	uint32_t cpu_count;
	uint32_t stop; /* W main; R all */
};

/* A thread that counts and moves. */
struct real_worker {
	struct real *real;
	pthread_t thread;
	uint64_t random;
	uint64_t events; /* W worker, after each batch; R any */
	uint64_t bytes;
	uint64_t hops;
};

/* The thread that lets CPUs come and go, as the slab sees it. */
struct real_churn {
	struct real *real;
	pthread_t thread;
	uint64_t random;
	uint64_t calls;
	uint64_t removals;
	uint64_t unexpected; /* results */
	int last;            /* of them */
};

/* splitmix64 */
static inline uint64_t real_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

void *real_work(void *worker);
void *real_churn_run(void *churn);

#endif /* CPUSLAB_DEMO_REAL_H */
