/* SPDX-License-Identifier: MIT */
/*
 * cpus.c - affinity that narrows and widens, CPU numbers beyond every count,
 * and false lists of CPUs.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cpuslab/counter.h>
#include <cpuslab/cpumask.h>

#include "discover.h"
#include "torture/fake.h"
#include "torture/torture.h"

static struct cpuslab_domain *domain;
static struct cpuslab_slab *slab;
static struct cpuslab_counter counter;

static void cpus_begin(void)
{
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
	TORTURE_OK(cpuslab_counter_init(&counter, slab));
}

static void cpus_end(void)
{
	TORTURE_OK(cpuslab_domain_check(domain));
	TORTURE_OK(cpuslab_slab_check(slab));
	cpuslab_counter_fini(&counter);
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
	cpuslab__discover_set_affinity(NULL);
	fake_remove();
	torture_unpin();
}

static bool cpus_has(uint32_t cpu)
{
	const struct cpuslab_cpumask *set = cpuslab_cpumask_get(domain);
	bool has = cpuslab_cpumask_has(set, cpu);

	cpuslab_cpumask_put(set);
	return has;
}

static uint32_t cpus_count(void)
{
	const struct cpuslab_cpumask *set = cpuslab_cpumask_get(domain);
	uint32_t count = cpuslab_cpumask_count(set);

	cpuslab_cpumask_put(set);
	return count;
}

/* As "taskset -a": the library's own threads change as well. */
static void cpus_narrow(const uint32_t *cpus, uint32_t count)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;
	cpu_set_t set;

	TORTURE_CHECK(dir);
	CPU_ZERO(&set);
	while (count--)
		CPU_SET(cpus[count], &set);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			sched_setaffinity(atoi(entry->d_name), sizeof(set),
					  &set);
	closedir(dir);
}

static void test_affinity_narrows_and_widens(void)
{
	uint32_t cpus[64], count = torture_cpus(cpus, 64);
	struct cpuslab_stats stats;

	cpus_begin();
	if (count > 1) {
		torture_pin(cpus[1]);
		cpuslab_counter_add(&counter, 5);
		cpus_narrow(cpus, 1);
		cpuslab_counter_add(&counter, 7);
		TORTURE_OK(cpuslab_domain_resync(domain));
		TORTURE_CHECK(cpus_count() == 1);
		TORTURE_CHECK(!cpus_has(cpus[1]));
		TORTURE_CHECK(torture_settle(slab));
		cpuslab_stats_get(slab, &stats);
		TORTURE_CHECK(stats.in_use == (torture_atomic() ? count : 1));
		TORTURE_CHECK(cpuslab_counter_sum(&counter) == 12);
		/* Unannounced: the first add there admits the CPU. */
		torture_pin(cpus[1]);
		cpuslab_counter_add(&counter, 1);
		cpus_narrow(cpus, count);
		TORTURE_OK(cpuslab_domain_resync(domain));
		TORTURE_CHECK(cpus_has(cpus[0]));
		TORTURE_CHECK(cpus_has(cpus[1]));
		TORTURE_CHECK(cpuslab_counter_sum(&counter) == 13);
	}
	cpus_end();
}

/* A container's files list fewer CPUs than the thread runs on. */
static void cpus_with_false_list(const char *possible)
{
	uint32_t cpus[64], count = torture_cpus(cpus, 64), i;
	struct cpuslab_stats stats;

	fake_begin();
	if (possible) {
		fake_put("devices/system/cpu/possible", possible);
		fake_put("devices/system/cpu/online", possible);
		fake_put("devices/system/cpu/present", possible);
	}
	fake_use(true, false);
	cpus_begin();
	TORTURE_CHECK(cpuslab_domain_limit(domain) > cpus[count - 1]);
	for (i = 0; i < count; i++) {
		torture_pin(cpus[i]);
		cpuslab_counter_add(&counter, 1);
	}
	cpuslab_stats_get(slab, &stats);
	TORTURE_CHECK(stats.shared_ops == 0);
	TORTURE_CHECK(cpuslab_counter_sum(&counter) == count);
	cpus_end();
}

static void test_openvz_lxcfs_ids_beyond_the_count(void)
{
	cpus_with_false_list("0\n");
	cpus_with_false_list("0-0\n");
	cpus_with_false_list("garbage");
	cpus_with_false_list("\n");
}

static void test_tcmalloc_245_no_sys(void)
{
	cpus_with_false_list(NULL);
}

/* ---- masks of machines that this is not --------------------------------- */

static uint32_t cpus_mask[3];

static int cpus_affinity(pid_t thread, size_t bytes, cpu_set_t *mask)
{
	int i;

	(void)thread;
	memset(mask, 0, bytes);
	for (i = 0; i < 3; i++)
		CPU_SET_S(cpus_mask[i], bytes, mask);
	return 0;
}

static void cpus_elsewhere(const char *possible, uint32_t a, uint32_t b,
			   uint32_t c)
{
	fake_begin();
	if (possible)
		fake_put("devices/system/cpu/possible", possible);
	fake_use(true, false);
	cpus_mask[0] = a;
	cpus_mask[1] = b;
	cpus_mask[2] = c;
	cpuslab__discover_set_affinity(cpus_affinity);
	cpus_begin();
	TORTURE_CHECK(cpuslab_domain_limit(domain) > c);
	TORTURE_CHECK(cpus_count() == 3);
	TORTURE_CHECK(cpus_has(a) && cpus_has(b) && cpus_has(c));
	/* A region for so many would leave a 32-bit program little space. */
	TORTURE_CHECK(sizeof(void *) > 4 || c < 256 ||
		      counter.handle.object & CPUSLAB__HANDLE_DIRECTORY);
	/* The thread really runs on a CPU that the domain does not have. */
	cpuslab_counter_add(&counter, 3);
	TORTURE_CHECK(cpuslab_counter_sum(&counter) == 3);
	TORTURE_OK(cpuslab_domain_resync(domain));
	TORTURE_CHECK(cpuslab_counter_sum(&counter) == 3);
	cpus_end();
}

static void test_dotnet_126763_more_than_1024_cpus(void)
{
	cpus_elsewhere("0-2047\n", 1023, 1024, 2047);
	cpus_elsewhere("0-8191\n", 63, 4096, 8191);
	cpus_elsewhere("0-65533\n", 1, 40000, 65533);
}

static void test_jemalloc_2996_taskset_150_to_153(void)
{
	cpus_elsewhere("0-3\n", 150, 151, 153);
	cpus_elsewhere(NULL, 150, 151, 153);
}

static void test_tcmalloc_188_267_cpu_beyond_the_count(void)
{
	fake_begin();
	fake_put("devices/system/cpu/possible", "0-63\n");
	fake_use(true, false);
	cpus_begin();
	TORTURE_CHECK(cpus_count() < 64);
	TORTURE_OK(cpuslab_domain_add_start(domain, 63));
	TORTURE_OK(cpuslab_domain_add_complete(domain, 63));
	TORTURE_CHECK(cpus_has(63));
	TORTURE_IS(cpuslab_domain_add_start(domain, 64), -CPUSLAB_ERANGE);
	TORTURE_IS(cpuslab_domain_add_complete(domain, CPUSLAB_NO_CPU),
		   -CPUSLAB_ERANGE);
	cpuslab_counter_add(&counter, 1);
	TORTURE_CHECK(cpuslab_counter_sum(&counter) == 1);
	cpus_end();
}

int main(int argc, char **argv)
{
	torture_begin(argc, argv, "Which CPUs the process may use.");
	test_affinity_narrows_and_widens();
	test_openvz_lxcfs_ids_beyond_the_count();
	test_tcmalloc_245_no_sys();
	test_dotnet_126763_more_than_1024_cpus();
	test_jemalloc_2996_taskset_150_to_153();
	test_tcmalloc_188_267_cpu_beyond_the_count();
	return torture_end();
}
