/* SPDX-License-Identifier: MIT */
/*
 * container.c - as in a container with a quota of CPU time: a few threads
 * wander over all CPUs. Copies by concurrency id are about as many as threads,
 * copies by CPU number as many as CPUs.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cpuslab/cpuslab.h>

#include "demo.h"
#include "report.h"

#define CONTAINER_THREADS 8u
#define CONTAINER_ADDS 1000u   /* between two moves */
#define CONTAINER_PATIENCE 2.0 /* seconds until memory is freed */

struct container {
	struct cpuslab_domain *domain;
	struct cpuslab_slab *by_id, *by_cpu;
	struct cpuslab_percid_counter ids;
	struct cpuslab_counter cpus;
	uint64_t adds, moves; /* W threads when they end, atomically */
	uint32_t stop;
	uint32_t threads;
	cpu_set_t allowed;
};

static void *container_thread(void *arg)
{
	struct container *container = arg;
	uint64_t adds = 0, moves = 0;
	cpu_set_t one;
	int cpu = 0;
	uint32_t i;

	while (!cpuslab_load_acquire_u32(&container->stop)) {
		for (i = 0; i < CONTAINER_ADDS; i++) {
			cpuslab_percid_counter_add(&container->ids, 1);
			cpuslab_counter_add(&container->cpus, 1);
		}
		adds += CONTAINER_ADDS;
		do
			cpu = (cpu + 1) % CPU_SETSIZE;
		while (!CPU_ISSET(cpu, &container->allowed));
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		moves += !sched_setaffinity(0, sizeof(one), &one);
	}
	cpuslab_fetch_add_u64(&container->adds, adds);
	cpuslab_fetch_add_u64(&container->moves, moves);
	return NULL;
}

static void container_run(struct container *container, double seconds)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	pthread_t threads[CONTAINER_THREADS];
	double start = demo_clock();
	uint32_t i, ran = 0;

	report_wait("threads wander");
	while (ran < container->threads &&
	       !pthread_create(&threads[ran], NULL, container_thread,
			       container))
		ran++;
	while (demo_clock() - start < seconds) {
		nanosleep(&pause, NULL);
		report_tick();
	}
	cpuslab_store_release_u32(&container->stop, 1);
	for (i = 0; i < ran; i++)
		pthread_join(threads[i], NULL);
	container->threads = ran;
	report_wait_end();
}

static uint32_t container_blocks(const char *label, struct cpuslab_slab *slab,
				 uint32_t most)
{
	struct cpuslab_stats stats;
	char text[64];

	cpuslab_stats_get(slab, &stats);
	snprintf(text, sizeof(text), "%u cop%s, %s", stats.in_use,
		 stats.in_use == 1 ? "y" : "ies",
		 report_bytes(stats.committed_bytes).text);
	report_bar(label, stats.in_use, most, text);
	return stats.in_use;
}

/* The threads have ended: what is left of the copies by id? */
static void container_trim(struct container *container, uint32_t most)
{
	double start = demo_clock();
	struct cpuslab_stats stats;
	int result = cpuslab_slab_trim(container->by_id, 0);

	do
		cpuslab_stats_get(container->by_id, &stats);
	while (stats.draining && demo_clock() - start < CONTAINER_PATIENCE);
	report_count("copies_after_trim",
		     container_blocks("... after a trim", container->by_id,
				      most));
	report_check(result >= 0 && cpuslab_percid_counter_sum(
					    &container->ids) == container->adds,
		     "a trim when threads have ended loses none");
}

static void container_report(struct container *container)
{
	uint32_t cpus = (uint32_t)CPU_COUNT(&container->allowed);
	struct cpuslab_stats stats;

	report_say("   %u thread%s on %u CPUs, %s moves\n", container->threads,
		   container->threads == 1 ? "" : "s", cpus,
		   report_grouped(container->moves).text);
	report_count("threads", container->threads);
	report_count("copies_by_cpu",
		     container_blocks("by CPU number", container->by_cpu,
				      cpus));
	report_count("copies_by_id", container_blocks("by concurrency id",
						      container->by_id, cpus));
	cpuslab_stats_get(container->by_id, &stats);
	container_trim(container, cpus);
	if (!stats.by_cid)
		report_say("   This system has no concurrency ids (Linux "
			   "before 6.3, or atomic mode):\n"
			   "   both are by CPU number.\n");
	report_check(cpuslab_percid_counter_sum(&container->ids) ==
				     container->adds &&
			     cpuslab_counter_sum(&container->cpus) ==
				     container->adds,
		     "both counted each of %s adds",
		     report_grouped(container->adds).text);
}

static int container_init(struct container *container)
{
	static const struct cpuslab_slab_config config = {
		.name = "by id",
		.flags = CPUSLAB_SLAB_PERCID,
	};
	uint32_t cpus;
	int err = cpuslab_domain_create(&container->domain, NULL);

	if (sched_getaffinity(0, sizeof(container->allowed),
			      &container->allowed))
		CPU_SET(0, &container->allowed);
	cpus = (uint32_t)CPU_COUNT(&container->allowed);
	container->threads = cpus / 2 > CONTAINER_THREADS ? CONTAINER_THREADS :
			     cpus / 2                     ? cpus / 2 :
							    1;
	if (!err)
		err = cpuslab_slab_create(&container->by_id, container->domain,
					  &config);
	if (!err)
		err = cpuslab_slab_create(&container->by_cpu, container->domain,
					  NULL);
	if (!err)
		err = cpuslab_percid_counter_init(&container->ids,
						  container->by_id);
	if (!err)
		err = cpuslab_counter_init(&container->cpus, container->by_cpu);
	return err;
}

void demo_container(double seconds)
{
	struct container container;
	int err;

	memset(&container, 0, sizeof(container));
	report_part("container", "6. In a container: few threads, many CPUs");
	err = container_init(&container);
	if (err) {
		report_check(false, "no counters: %s", cpuslab_strerror(err));
		return;
	}
	container_run(&container, seconds);
	container_report(&container);
	cpuslab_counter_fini(&container.cpus);
	cpuslab_percid_counter_fini(&container.ids);
	cpuslab_slab_destroy(container.by_cpu);
	cpuslab_slab_destroy(container.by_id);
	cpuslab_domain_destroy(container.domain);
}
