/* SPDX-License-Identifier: MIT */
/*
 * real_threads.c - threads that count and move, and one that announces that
 * CPUs come and leave. The machine's own CPUs stay as they are.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "real.h"

#define REAL_BATCH 500
#define REAL_PAUSE_NS 20000000 /* longest pause between two changes */

/* Move to another CPU. */
static void real_hop(struct real_worker *worker)
{
	const struct real *real = worker->real;
	uint32_t cpu =
		real->cpus[real_random(&worker->random) % real->cpu_count];
	cpu_set_t *set = CPU_ALLOC(cpu + 1);
	size_t bytes = CPU_ALLOC_SIZE(cpu + 1);

	if (!set)
		return;
	CPU_ZERO_S(bytes, set);
	CPU_SET_S(cpu, bytes, set);
	/* It fails if the affinity was narrowed meanwhile: stay. */
	if (!sched_setaffinity(0, bytes, set))
		worker->hops++;
	CPU_FREE(set);
}

void *real_work(void *arg)
{
	struct real_worker *worker = arg;
	struct real *real = worker->real;
	uint64_t events = 0, bytes = 0, value;
	unsigned int i;

	while (!cpuslab_load_relaxed_u32(&real->stop)) {
		real_hop(worker);
		for (i = 0; i < REAL_BATCH; i++) {
			value = real_random(&worker->random) & 1023;
			cpuslab_gauge_add(&real->in_progress, 1);
			cpuslab_counter_add(&real->events, 1);
			cpuslab_counter_add(&real->bytes, value);
			cpuslab_gauge_sub(&real->in_progress, 1);
			bytes += value;
		}
		events += REAL_BATCH;
		cpuslab_store_release_u64(&worker->events, events);
		cpuslab_store_release_u64(&worker->bytes, bytes);
	}
	return NULL;
}

static void real_churn_note(struct real_churn *churn, int result, int expect)
{
	churn->calls++;
	if (result == expect)
		return;
	churn->unexpected++;
	churn->last = result;
}

static void real_churn_pause(struct real_churn *churn)
{
	struct timespec pause = { 0 };

	pause.tv_nsec = (long)(real_random(&churn->random) % REAL_PAUSE_NS);
	nanosleep(&pause, NULL);
}

static void real_churn_turn(struct real_churn *churn)
{
	struct real *real = churn->real;
	struct cpuslab_domain *domain = real->domain;
	uint64_t dice = real_random(&churn->random);
	uint32_t cpu = real->cpus[(dice >> 32) % real->cpu_count];

	real_churn_note(churn, cpuslab_domain_remove(domain, cpu), 0);
	churn->removals++;
	real_churn_pause(churn);
	if (!(dice & 3)) { /* an add that fails */
		real_churn_note(churn, cpuslab_domain_add_start(domain, cpu),
				0);
		real_churn_note(churn, cpuslab_domain_add_failure(domain, cpu),
				0);
	}
	if (!(dice & 12)) /* a CPU number beyond the limit */
		real_churn_note(churn,
				cpuslab_domain_add_start(
					domain,
					cpuslab_domain_limit(domain) + cpu),
				-CPUSLAB_ERANGE);
	if (dice & 48) /* else: complete without a start */
		real_churn_note(churn, cpuslab_domain_add_start(domain, cpu),
				0);
	real_churn_note(churn, cpuslab_domain_add_complete(domain, cpu), 0);
	if (!(dice & 960))
		real_churn_note(churn, cpuslab_domain_resync(domain), 0);
	real_churn_pause(churn);
}

void *real_churn_run(void *arg)
{
	struct real_churn *churn = arg;

	while (!cpuslab_load_relaxed_u32(&churn->real->stop))
		real_churn_turn(churn);
	return NULL;
}
