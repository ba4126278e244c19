/* SPDX-License-Identifier: MIT */
/*
 * blocked.c - membarrier is blocked by a seccomp filter, so the library pins a
 * thread to the CPU instead. If the CPU is busy the block is retained; if no
 * thread can be there, nothing need be done. No count is lost either way.
 *
 * The program installs the filter and executes itself.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cpuslab/counter.h>
#include <cpuslab/port.h>
#include <cpuslab/refcount.h>

#include "torture/filter.h"
#include "torture/torture.h"

#define BLOCKED_LIMIT 8u
#define BLOCKED_ABSENT 5u /* a CPU that does not exist */
#define BLOCKED_ENV "CPUSLAB_TEST_BLOCKED"

static struct cpuslab_domain *blocked_domain;
static struct cpuslab_slab *blocked_slab;
static struct cpuslab_counter blocked_counter;
static uint64_t blocked_added;

static void blocked_exec(char **argv)
{
	static const unsigned int call = SYS_membarrier;

	setenv(BLOCKED_ENV, "1", 1);
	filter_install(&call, 1, SECCOMP_RET_ERRNO | EPERM);
	execv("/proc/self/exe", argv);
	torture_skip("/proc/self/exe cannot be executed");
}

/* Add on every CPU until the end. */
static void *blocked_worker(void *arg)
{
	uint64_t random = torture_stream((uintptr_t)arg);
	uint64_t added = 0;

	while (torture_running()) {
		cpuslab_counter_add(&blocked_counter, 1);
		if (!(++added % 1000))
			torture_migrate(&random);
	}
	cpuslab_fetch_add_u64(&blocked_added, added);
	return NULL;
}

/*
 * Real CPUs are removed and added; each release pins a thread. On a busy
 * machine that can time out, so continue until one release has succeeded.
 */
static uint64_t blocked_storm(void)
{
	uint32_t cpus[64], count = torture_cpus(cpus, 64);
	uint64_t random = torture_stream(9), rounds = 0, late = 0;
	struct cpuslab_stats stats = { 0 };

	while (torture_running() || (!stats.releases && late++ < 200)) {
		uint32_t cpu = cpus[torture_below(&random, count)];

		TORTURE_OK(cpuslab_domain_remove(blocked_domain, cpu));
		TORTURE_OK(cpuslab_domain_add_complete(blocked_domain, cpu));
		rounds++;
		cpuslab_stats_get(blocked_slab, &stats);
	}
	printf("  %llu rounds, %llu releases, %llu deferred\n",
	       (unsigned long long)rounds, (unsigned long long)stats.releases,
	       (unsigned long long)stats.release_deferred);
	return stats.releases;
}

static void test_blocked_membarrier_release_by_a_visit(void)
{
	pthread_t threads[2];
	uintptr_t i;

	for (i = 0; i < 2; i++)
		TORTURE_OK(pthread_create(&threads[i], NULL, blocked_worker,
					  (void *)i));
	if (!torture_atomic())
		TORTURE_CHECK(blocked_storm() > 0);
	for (i = 0; i < 2; i++)
		TORTURE_OK(pthread_join(threads[i], NULL));
	TORTURE_CHECK(cpuslab_counter_sum(&blocked_counter) == blocked_added);
}

/* A CPU that no thread can be on needs no visit, so that a kill succeeds. */
static void test_blocked_membarrier_skips_what_nobody_can_use(void)
{
	struct cpuslab_refcount refcount;

	TORTURE_OK(cpuslab_domain_add_complete(blocked_domain, BLOCKED_ABSENT));
	TORTURE_OK(cpuslab_refcount_init(&refcount, blocked_slab, NULL));
	TORTURE_OK(cpuslab_refcount_kill(&refcount));
	cpuslab_refcount_fini(&refcount);
	TORTURE_OK(cpuslab_domain_remove(blocked_domain, BLOCKED_ABSENT));
	TORTURE_IS(cpuslab_domain_trim(blocked_domain, 0),
		   torture_atomic() ? CPUSLAB_RETAINED : CPUSLAB_OK);
	TORTURE_OK(cpuslab_domain_trim(blocked_domain, CPUSLAB_TRIM_QUIESCENT));
	TORTURE_CHECK(torture_settle(blocked_slab));
	TORTURE_CHECK(cpuslab_counter_sum(&blocked_counter) == blocked_added);
}

/* ---- a CPU that a real-time thread occupies ------------------------------ */

#define BLOCKED_BUSY_NS 700000000u

static uint32_t blocked_busy; /* the CPU; W before the thread is created */
static uint32_t blocked_is_busy;

/* False: it may not. */
static bool blocked_occupy(void)
{
	const struct sched_param param = { .sched_priority = 1 };

	return torture_pin(blocked_busy) &&
	       !pthread_setschedparam(pthread_self(), SCHED_FIFO, &param);
}

static void *blocked_hog(void *arg)
{
	bool occupied = blocked_occupy();
	uint64_t until = cpuslab_port_clock() + BLOCKED_BUSY_NS;

	cpuslab_store_release_u32(&blocked_is_busy, occupied ? 1 : 2);
	while (occupied && cpuslab_port_clock() < until)
		continue;
	return arg;
}

static bool blocked_is_visitor(const char *thread)
{
	char path[300], name[16] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%s/comm", thread);
	file = fopen(path, "r");
	if (file) {
		TORTURE_CHECK(fscanf(file, "%15s", name) == 1);
		fclose(file);
	}
	return !strcmp(name, "cpuslab/fence");
}

static int blocked_visitors(void)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;
	int count = 0;

	TORTURE_CHECK(dir);
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.' &&
			 blocked_is_visitor(entry->d_name);
	closedir(dir);
	return count;
}

static void blocked_dtor(void *object, uint32_t cpu, void *arg)
{
	(void)object;
	(void)cpu;
	cpuslab_fetch_add_u32(arg, 1);
}

/* Sums were in no sections from the start, so a grace period visits no CPU. */
static void blocked_destroy(void)
{
	uint32_t calls = 0;
	const struct cpuslab_type type = { .name = "destroyed",
					   .size = 8,
					   .dtor = blocked_dtor,
					   .arg = &calls };
	struct cpuslab_percpu handle;
	struct cpuslab_slab *slab;

	TORTURE_OK(cpuslab_slab_create(&slab, blocked_domain, NULL));
	TORTURE_OK(cpuslab_alloc(slab, &type, &handle));
	TORTURE_OK(cpuslab_free_rcu(slab, &handle));
	cpuslab_slab_destroy(slab);
	TORTURE_CHECK(cpuslab_load_relaxed_u32(&calls));
}

/* The CPU is retained; no thread is left that waits for it. */
static void blocked_visit_in_vain(void)
{
	struct cpuslab_stats before, after;

	cpuslab_stats_get(blocked_slab, &before);
	TORTURE_OK(cpuslab_domain_remove(blocked_domain, blocked_busy));
	cpuslab_stats_get(blocked_slab, &after);
	TORTURE_CHECK(after.release_deferred > before.release_deferred);
	TORTURE_CHECK(after.releases == before.releases);
	TORTURE_CHECK(after.retained == before.retained + 1);
	/* The kernel may list one that was joined for a moment. */
	while (blocked_visitors())
		usleep(1000);
	blocked_destroy();
}

static void test_blocked_membarrier_keeps_what_cannot_be_visited(void)
{
	uint32_t cpus[64];
	pthread_t hog;

	if (torture_cpus(cpus, 64) < 2 || torture_atomic())
		return;
	TORTURE_CHECK(torture_pin(cpus[0]));
	blocked_busy = cpus[1];
	TORTURE_OK(pthread_create(&hog, NULL, blocked_hog, NULL));
	while (!cpuslab_load_acquire_u32(&blocked_is_busy))
		usleep(1000);
	if (blocked_is_busy == 1)
		blocked_visit_in_vain();
	else
		printf("  SKIP: SCHED_FIFO is not permitted\n");
	TORTURE_OK(pthread_join(hog, NULL));
	torture_unpin();
	TORTURE_OK(cpuslab_domain_trim(blocked_domain, 0));
	TORTURE_CHECK(torture_settle(blocked_slab));
	TORTURE_CHECK(cpuslab_counter_sum(&blocked_counter) == blocked_added);
}

int main(int argc, char **argv)
{
	if (argc == 1 && !getenv(BLOCKED_ENV) && !getenv("CPUSLAB_VALGRIND"))
		blocked_exec(argv);
	torture_begin(argc, argv, "Releases without membarrier.");
	torture_skip_under(TORTURE_VALGRIND);
	TORTURE_CHECK(syscall(SYS_membarrier, 0, 0, 0) < 0);
	torture_phase(torture_seconds() / 2);
	torture_fake_limit(BLOCKED_LIMIT);
	TORTURE_OK(cpuslab_domain_create(&blocked_domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&blocked_slab, blocked_domain, NULL));
	TORTURE_OK(cpuslab_counter_init(&blocked_counter, blocked_slab));
	test_blocked_membarrier_keeps_what_cannot_be_visited();
	test_blocked_membarrier_release_by_a_visit();
	test_blocked_membarrier_skips_what_nobody_can_use();
	TORTURE_OK(cpuslab_slab_check(blocked_slab));
	cpuslab_counter_fini(&blocked_counter);
	cpuslab_slab_destroy(blocked_slab);
	cpuslab_domain_destroy(blocked_domain);
	return torture_end();
}
