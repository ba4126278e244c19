// SPDX-License-Identifier: MIT
/*
 * percid.c - memory by concurrency id, and the same by CPU number, while 8
 * threads wander over all CPUs. Then all but one end, and trims follow.
 *
 *	percid SECONDS		each often moves itself to a random CPU
 *	percid SECONDS stay	they run where the kernel lets them run, and
 *				longer before they sleep
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cpuslab/cpuslab.h>

#include "common.h"

#define THREADS 8
#define COUNTERS 2048   /* an object of 16 KiB, as a histogram */
#define MOVES_ADDS 200u /* in one turn */
#define STAYS_ADDS 20000u

static const struct cpuslab_type type = {
	.name = "counters",
	.size = COUNTERS * sizeof(uint64_t),
	.counters = COUNTERS,
};

static struct cpuslab_domain *domain, *empty;
static struct cpuslab_slab *by_cid, *trimmed, *by_cpu, *by_all;
static struct cpuslab_percid cid, again;
static struct cpuslab_percpu cpu, all;
static uint32_t left = THREADS; /* W main: threads with a higher number end */
static uint64_t added[THREADS + 1];
static uint32_t turn_adds = MOVES_ADDS;

static void add(uint64_t *done, uint32_t random)
{
	size_t offset = random % COUNTERS * sizeof(uint64_t);

	cpuslab_percid_add(&cid, offset, 1);
	cpuslab_percid_add(&again, offset, 1);
	cpuslab_add(&cpu, offset, 1);
	cpuslab_add(&all, offset, 1);
	++*done;
}

static void *wander(void *arg)
{
	uint32_t number = (uint32_t)(uintptr_t)arg, random = number + 1, i;
	uint64_t online = cpus_file("/sys/devices/system/cpu/online");

	while (number < cpuslab_load_relaxed_u32(&left)) {
		for (i = 0; i < turn_adds; i++) {
			random = random * 1664525 + 1013904223;
			add(&added[number], random >> 8);
		}
		if (turn_adds == MOVES_ADDS) {
			cpus_pin(0, online & 1ull << (random >> 26));
			cpus_pin(0, online);
		}
		usleep(random >> 20);
	}
	return NULL;
}

static struct cpuslab_stats stats_of(struct cpuslab_slab *slab)
{
	struct cpuslab_stats stats;

	cpuslab_stats_get(slab, &stats);
	return stats;
}

static uint32_t report(unsigned int second)
{
	struct cpuslab_slab *const slabs[] = { by_cid, trimmed, by_cpu,
					       by_all };
	size_t i;

	printf("| %u |", second);
	for (i = 0; i < sizeof(slabs) / sizeof(slabs[0]); i++) {
		struct cpuslab_stats stats = stats_of(slabs[i]);

		printf(" %u, %u KiB |", stats.in_use,
		       (unsigned int)(stats.committed_bytes >> 10));
	}
	printf("\n");
	fflush(stdout);
	return stats_of(by_cid).in_use;
}

static void settle(struct cpuslab_slab *slab)
{
	while (stats_of(slab).draining)
		usleep(10000);
}

static void begin(void)
{
	const struct cpuslab_domain_config none = {
		.flags = CPUSLAB_DOMAIN_START_EMPTY,
	};
	const struct cpuslab_slab_config config = {
		.name = "by id",
		.flags = CPUSLAB_SLAB_PERCID,
	};

	must(cpuslab_domain_create(&domain, NULL), "domain");
	must(cpuslab_domain_create(&empty, &none), "domain");
	must(cpuslab_slab_create(&by_cid, domain, &config), "slab");
	must(cpuslab_slab_create(&trimmed, domain, &config), "slab");
	must(cpuslab_slab_create(&by_cpu, empty, NULL), "slab");
	must(cpuslab_slab_create(&by_all, domain, NULL), "slab");
	must(cpuslab_percid_alloc(by_cid, &type, &cid), "object");
	must(cpuslab_percid_alloc(trimmed, &type, &again), "object");
	must(cpuslab_alloc(by_cpu, &type, &cpu), "object");
	must(cpuslab_alloc(by_all, &type, &all), "object");
}

static void check_sums(const char *name)
{
	uint64_t total = 0, sum = 0, sum_again = 0, sum_cpu = 0;
	size_t i;

	for (i = 0; i <= THREADS; i++)
		total += added[i];
	for (i = 0; i < COUNTERS; i++) {
		sum += cpuslab_percid_sum(&cid, i * sizeof(uint64_t));
		sum_again += cpuslab_percid_sum(&again, i * sizeof(uint64_t));
		sum_cpu += cpuslab_sum(&cpu, i * sizeof(uint64_t));
	}
	check(sum == total && sum_again == total && sum_cpu == total, name,
	      "added %llu, sums %llu, %llu, by CPU %llu",
	      (unsigned long long)total, (unsigned long long)sum,
	      (unsigned long long)sum_again, (unsigned long long)sum_cpu);
}

/* Linux 6.19 and later promise no more ids than threads. */
static bool bounded(void)
{
	struct utsname name;
	int major, minor;

	uname(&name);
	if (sscanf(name.release, "%d.%d", &major, &minor) != 2)
		return false;
	printf("Linux %s\n", name.release);
	return major > 6 || (major == 6 && minor >= 19);
}

int main(int argc, char **argv)
{
	unsigned int seconds = argc > 1 ? (unsigned int)atoi(argv[1]) : 10, i;
	bool is_bounded = bounded();
	pthread_t threads[THREADS];
	uint32_t most = 0, now;

	if (argc > 2)
		turn_adds = STAYS_ADDS;
	begin();
	printf("%s\n", stats_of(by_cid).by_cid ? "the kernel has ids" :
						 "the kernel has no ids");
	puts("| seconds | by id | by id, trimmed each second | by CPU, on "
	     "first use | by CPU |");
	for (i = 0; i < THREADS; i++)
		must(-pthread_create(&threads[i], NULL, wander,
				     (void *)(uintptr_t)i),
		     "thread");
	for (i = 1; i <= seconds; i++) {
		sleep(1);
		now = report(i);
		must(cpuslab_slab_trim(trimmed, 0) < 0, "trim");
		most = now > most ? now : most;
	}
	/* This thread, which only looks, has an id as well. */
	if (is_bounded)
		check(most <= THREADS + 1, "no more ids than threads",
		      "%u blocks", most);
	cpuslab_store_relaxed_u32(&left, 1);
	for (i = 1; i < THREADS; i++)
		must(-pthread_join(threads[i], NULL), "join");
	puts("7 of the threads have ended, then a trim");
	sleep(1);
	must(cpuslab_slab_trim(by_cid, 0), "trim");
	settle(by_cid);
	now = report(seconds + 1);
	sleep(1);
	now = report(seconds + 2);
	if (is_bounded)
		check(now <= 3, "memory follows the threads", "%u blocks", now);
	cpuslab_store_relaxed_u32(&left, 0);
	must(-pthread_join(threads[0], NULL), "join");
	check_sums("every add is there once");
	must(cpuslab_slab_trim(by_cid, CPUSLAB_TRIM_QUIESCENT), "trim");
	settle(by_cid);
	if (stats_of(by_cid).by_cid)
		check(!report(seconds + 3), "a quiescent trim frees all",
		      "blocks remain");
	check_sums("... also after the trim");
	add(&added[THREADS], 0);
	check_sums("... and after one more add");
	return 0;
}
