/* SPDX-License-Identifier: MIT */
/*
 * memory.c - memory follows the CPUs in use, not the limit, also under
 * mlockall, for an unprivileged user, and where address space is scarce; and it
 * is freed again.
 *
 * Each case is a process of its own. The limits are those of a made-up /sys.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cpuslab/counter.h>
#include <cpuslab/ops.h>
#include <cpuslab/port.h>
#include <cpuslab/read.h>

#include "torture/torture.h"

#define MEMORY_OBJECTS 1000
#define MEMORY_BYTES 64
#define MEMORY_MANY 100 /* slabs */
#define MEMORY_NOBODY 65534

static const char memory_image[MEMORY_BYTES] = "template";
static const struct cpuslab_type memory_type = {
	.name = "template",
	.size = MEMORY_BYTES,
	.image = memory_image,
	.flags = CPUSLAB_TYPE_DISCARD,
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_MEASURED 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MEMORY_MEASURED 0
#endif
#endif
#ifndef MEMORY_MEASURED
#define MEMORY_MEASURED 1
#endif

/* ---- measuring --------------------------------------------------------- */

static long memory_tables(void)
{
	return torture_proc_kb("/proc/self/status", "VmPTE");
}

/* Exact, unlike VmRSS, and without pages of code that happen to be touched. */
static long memory_resident(void)
{
	return torture_proc_kb("/proc/self/smaps_rollup", "Anonymous");
}

static long memory_used(void)
{
	return memory_resident() + memory_tables();
}

struct memory_world {
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	struct cpuslab_percpu handles[MEMORY_OBJECTS];
};
static struct memory_world memory_world;

static void memory_fill(struct memory_world *w)
{
	int i;

	TORTURE_OK(cpuslab_domain_create(&w->domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&w->slab, w->domain, NULL));
	for (i = 0; i < MEMORY_OBJECTS; i++) {
		TORTURE_OK(
			cpuslab_alloc(w->slab, &memory_type, &w->handles[i]));
		TORTURE_OK(cpuslab_add(&w->handles[i], 8, 1));
	}
}

static void memory_empty(struct memory_world *w)
{
	int i;

	TORTURE_OK(cpuslab_slab_check(w->slab));
	for (i = 0; i < MEMORY_OBJECTS; i++)
		TORTURE_OK(cpuslab_free(w->slab, &w->handles[i]));
	cpuslab_slab_destroy(w->slab);
	cpuslab_domain_destroy(w->domain);
}

/* The cost of 1000 objects at @limit, in kB, after a warm-up. */
static long memory_cost(uint32_t limit, int lock)
{
	long before, cost;

	memory_fill(&memory_world);
	memory_empty(&memory_world);
	torture_fake_limit(limit);
	cpuslab_port_cpu_limit();
	if (lock && mlockall(lock))
		torture_skip("mlockall is not permitted");
	before = memory_used();
	memory_fill(&memory_world);
	cost = memory_used() - before;
	memory_empty(&memory_world);
	return cost;
}

/* ---- cases, each in a child -------------------------------------------- */

static void memory_at_most(const char *what, uint32_t limit, int lock, long kb)
{
	long cost = memory_cost(limit, lock);

	printf("  %s, limit %u: %ld kB\n", what, (unsigned int)limit, cost);
	fflush(stdout);
	if (MEMORY_MEASURED)
		TORTURE_CHECK(cost <= kb);
}

static void test_memory_does_not_follow_the_limit(void)
{
	memory_at_most("1000 objects", 4096, 0, 320);
}

static void test_memory_at_the_machines_limit(void)
{
	memory_at_most("1000 objects", 2, 0, 256);
}

static void test_memory_under_mlockall(void)
{
	memory_at_most("1000 objects, mlockall", 8192, MCL_CURRENT | MCL_FUTURE,
		       512);
}

static void memory_limit(int which, rlim_t bytes)
{
	struct rlimit limit = { bytes, bytes };

	if (setrlimit(which, &limit))
		torture_skip("a resource limit cannot be set");
}

/* Where the address space of a region is refused, all works as elsewhere. */
static void memory_without_region(const char *what)
{
	struct memory_world *w = &memory_world;
	struct cpuslab_stats stats;
	long size;
	int i;

	memory_fill(w);
	cpuslab_stats_get(w->slab, &stats);
	printf("  %s: %llu kB in blocks\n", what,
	       (unsigned long long)stats.committed_bytes / 1024);
	TORTURE_CHECK(stats.limit == 8192);
	TORTURE_CHECK(stats.shared_ops == 0);
	/* Otherwise this tests nothing: see cpuslab_port_handle_init(). */
	TORTURE_CHECK(w->handles[0].object & CPUSLAB__HANDLE_DIRECTORY);
	for (i = 0; i < MEMORY_OBJECTS; i++)
		TORTURE_CHECK(cpuslab_sum(&w->handles[i], 8) == 1);
	memory_empty(w);
	/* The C library's heap may grow once more. */
	memory_fill(w);
	memory_empty(w);
	size = torture_proc_kb("/proc/self/status", "VmSize");
	for (i = 0; i < 4; i++) {
		memory_fill(w);
		memory_empty(w);
	}
	TORTURE_CHECK(torture_proc_kb("/proc/self/status", "VmSize") <=
		      size + 64);
}

/* @worker: the thread that runs callbacks has started. */
static void memory_memlock(bool worker)
{
	long before, cost;

	if (worker) {
		memory_fill(&memory_world);
		memory_empty(&memory_world);
	}
	torture_fake_limit(8192);
	cpuslab_port_cpu_limit();
	memory_limit(RLIMIT_MEMLOCK, (rlim_t)8 << 20);
	if (!geteuid() && setuid(MEMORY_NOBODY))
		torture_skip("the user cannot be changed");
	if (mlockall(MCL_FUTURE))
		torture_skip("mlockall is not permitted");
	before = memory_used();
	memory_fill(&memory_world);
	cost = memory_used() - before;
	memory_empty(&memory_world);
	printf("  1000 objects, without a region: %ld kB\n", cost);
	/* The stack of a thread that starts is locked as well. */
	if (MEMORY_MEASURED && worker)
		TORTURE_CHECK(cost <= 512);
	memory_without_region("RLIMIT_MEMLOCK 8 MiB");
}

static void test_memory_unprivileged_memlock(void)
{
	memory_memlock(true);
}

static void test_memory_unprivileged_memlock_from_the_start(void)
{
	memory_memlock(false);
}

static void test_memory_little_address_space(void)
{
	torture_fake_limit(8192);
	cpuslab_port_cpu_limit();
	memory_limit(RLIMIT_AS,
		     ((rlim_t)torture_proc_kb("/proc/self/status", "VmSize")
		      << 10) +
			     ((rlim_t)128 << 20));
	memory_without_region("RLIMIT_AS");
}

/* A residual has room for the counters of all objects. */
static void test_memory_of_too_many_counters(void)
{
	static const struct cpuslab_type type = {
		.name = "counters",
		.size = (size_t)512 << 20,
		.counters = 1u << 26,
	};
	struct cpuslab_percpu handles[64];
	struct memory_world *w = &memory_world;
	int count = 0, err;

	TORTURE_OK(cpuslab_domain_create(&w->domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&w->slab, w->domain, NULL));
	do
		err = cpuslab_alloc(w->slab, &type, &handles[count]);
	while (!err && ++count < 64);
	TORTURE_IS(err, -CPUSLAB_ENOMEM);
	while (count--)
		TORTURE_OK(cpuslab_free(w->slab, &handles[count]));
	cpuslab_slab_destroy(w->slab);
	cpuslab_domain_destroy(w->domain);
}

/* ---- freed again -------------------------------------------------------- */

#define MEMORY_CPUS 20u
#define MEMORY_LARGE ((size_t)1 << 20)

static void memory_all(struct cpuslab_domain *domain, bool add)
{
	uint32_t i;

	for (i = 0; i < MEMORY_CPUS; i++)
		TORTURE_OK(add ? cpuslab_domain_add_complete(domain, i * 50) :
				 cpuslab_domain_remove(domain, i * 50));
	if (!add)
		TORTURE_OK(cpuslab_domain_trim(domain, CPUSLAB_TRIM_QUIESCENT));
}

static void memory_is_freed(struct memory_world *w, const void *image)
{
	const struct cpuslab_type type = {
		.name = "large",
		.size = MEMORY_LARGE,
		.image = image,
		.flags = CPUSLAB_TYPE_DISCARD,
	};
	const long all = (long)(MEMORY_CPUS * MEMORY_LARGE >> 10);
	long empty, full, again, tables = 0;
	int cycle;

	TORTURE_OK(cpuslab_alloc(w->slab, &type, &w->handles[0]));
	empty = memory_resident();
	for (cycle = 0; cycle < 100; cycle++) {
		memory_all(w->domain, true);
		full = memory_resident();
		memory_all(w->domain, false);
		TORTURE_CHECK(torture_settle(w->slab));
		again = memory_resident();
		if (MEMORY_MEASURED) {
			TORTURE_CHECK(full - empty >= all * 9 / 10);
			TORTURE_CHECK(again - empty <= all / 10);
		}
		if (cycle == 10)
			tables = memory_tables();
	}
	printf("  released: %ld kB of %ld kB; page tables %ld, then %ld kB\n",
	       full - again, full - empty, tables, memory_tables());
	if (MEMORY_MEASURED)
		TORTURE_CHECK(memory_tables() <= tables + 8);
	TORTURE_OK(cpuslab_free(w->slab, &w->handles[0]));
}

static void test_memory_is_freed_after_release(void)
{
	struct cpuslab_domain_config config = {
		.flags = CPUSLAB_DOMAIN_START_EMPTY
	};
	struct memory_world *w = &memory_world;
	void *image = malloc(MEMORY_LARGE);

	TORTURE_CHECK(image);
	memset(image, 7, MEMORY_LARGE);
	torture_fake_limit(1024);
	TORTURE_OK(cpuslab_domain_create(&w->domain, &config));
	TORTURE_OK(cpuslab_slab_create(&w->slab, w->domain, NULL));
	memory_is_freed(w, image);
	cpuslab_slab_destroy(w->slab);
	cpuslab_domain_destroy(w->domain);
	free(image);
}

/* ---- a free ------------------------------------------------------------- */

#define MEMORY_SPARSE 64u
#define MEMORY_USED 2000

/* Objects that one CPU has used are not written to on the others. */
static void test_memory_of_others_is_not_written(void)
{
	static const struct cpuslab_type small = { .name = "small",
						   .size = 512,
						   .counters = 64 };
	static const struct cpuslab_type large = {
		.name = "large",
		.size = 70000,
		.counters = 1,
		.flags = CPUSLAB_TYPE_DISCARD
	};
	static struct cpuslab_percpu handles[MEMORY_USED];
	struct cpuslab_domain_config config = {
		.flags = CPUSLAB_DOMAIN_START_EMPTY
	};
	struct memory_world *w = &memory_world;
	long before, used, freed;
	uint32_t i;

	torture_fake_limit(MEMORY_SPARSE);
	TORTURE_OK(cpuslab_domain_create(&w->domain, &config));
	for (i = 0; i < MEMORY_SPARSE; i++)
		TORTURE_OK(cpuslab_domain_add_complete(w->domain, i));
	TORTURE_OK(cpuslab_slab_create(&w->slab, w->domain, NULL));
	before = memory_resident();
	for (i = 0; i < MEMORY_USED; i++) {
		TORTURE_OK(cpuslab_alloc(w->slab, i % 100 ? &small : &large,
					 &handles[i]));
		TORTURE_OK(cpuslab_add(&handles[i], 0, 1));
	}
	used = memory_resident() - before;
	for (i = 0; i < MEMORY_USED; i++)
		TORTURE_OK(cpuslab_free(w->slab, &handles[i]));
	freed = memory_resident() - before;
	printf("  used by one CPU of %u: %ld kB, %ld kB after the free\n",
	       MEMORY_SPARSE, used, freed);
	if (MEMORY_MEASURED)
		TORTURE_CHECK(freed <= used + 512);
	cpuslab_slab_destroy(w->slab);
	cpuslab_domain_destroy(w->domain);
}

/* ---- many absent CPUs at once ----------------------------------------- */

#define MEMORY_COUNTERS 60000
#define MEMORY_ABSENT 126u

/* One residual, however many CPUs; counted while the trim is in progress. */
static void test_memory_of_a_trim(void)
{
	const struct cpuslab_domain_config config = {
		.flags = CPUSLAB_DOMAIN_START_EMPTY | CPUSLAB_DOMAIN_RETAIN
	};
	static struct cpuslab_percpu handles[MEMORY_COUNTERS];
	static const struct cpuslab_type type = { .name = "count",
						  .size = 8,
						  .counters = 1 };
	struct memory_world *w = &memory_world;
	const long residual = MEMORY_COUNTERS * 8 / 1024;
	uint64_t begun;
	long before, peak;
	uint32_t i;

	torture_fake_limit(MEMORY_ABSENT + 2);
	TORTURE_OK(cpuslab_domain_create(&w->domain, &config));
	TORTURE_OK(cpuslab_slab_create(&w->slab, w->domain, NULL));
	for (i = 0; i < MEMORY_COUNTERS; i++)
		TORTURE_OK(cpuslab_alloc(w->slab, &type, &handles[i]));
	for (i = 0; i < MEMORY_ABSENT; i++) {
		TORTURE_OK(cpuslab_domain_add_complete(w->domain, i));
		TORTURE_OK(cpuslab_domain_remove(w->domain, i));
	}
	for (i = 0; i < MEMORY_COUNTERS; i++)
		TORTURE_OK(cpuslab_add(&handles[i], 0, i));
	cpuslab_read_enter(); /* what is replaced is kept */
	before = memory_resident();
	begun = cpuslab_port_clock();
	TORTURE_OK(cpuslab_domain_trim(w->domain, CPUSLAB_TRIM_QUIESCENT));
	begun = cpuslab_port_clock() - begun;
	peak = memory_resident() - before;
	cpuslab_read_exit();
	printf("  %u CPUs folded into %ld kB in %llu ms, taking %ld kB\n",
	       MEMORY_ABSENT, residual, (unsigned long long)begun / 1000000,
	       peak);
	if (MEMORY_MEASURED)
		TORTURE_CHECK(peak < 2 * residual + 512);
	for (i = 0; i < MEMORY_COUNTERS; i++) {
		TORTURE_CHECK(cpuslab_sum(&handles[i], 0) == i);
		TORTURE_OK(cpuslab_free(w->slab, &handles[i]));
	}
	cpuslab_slab_destroy(w->slab);
	cpuslab_domain_destroy(w->domain);
}

/* ---- a core dump ------------------------------------------------------- */

static void memory_die(void)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct cpuslab_counter counter;
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	int i;

	torture_fake_limit(8192);
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	for (i = 0; i < MEMORY_MANY; i++) {
		TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
		TORTURE_OK(cpuslab_counter_init(&counter, slab));
		cpuslab_counter_add(&counter, 1);
	}
	setrlimit(RLIMIT_CORE, &unlimited);
	abort();
}

/* It holds what is committed, not what is reserved (8 GiB here). */
static void test_memory_core(void)
{
	char folder[] = "/tmp/cpuslab-core-XXXXXX", pattern[128] = "";
	FILE *file = fopen("/proc/sys/kernel/core_pattern", "r");
	struct stat core;
	int status;
	pid_t pid;

	TORTURE_CHECK(file && fgets(pattern, sizeof(pattern), file));
	fclose(file);
	if (strcmp(pattern, "core\n") != 0)
		torture_skip("core dumps are not written to the folder");
	TORTURE_CHECK(mkdtemp(folder) && !chdir(folder));
	pid = fork();
	TORTURE_CHECK(pid >= 0);
	if (!pid)
		memory_die();
	TORTURE_CHECK(waitpid(pid, &status, 0) == pid);
	TORTURE_IS(WTERMSIG(status), SIGABRT);
	if (stat("core", &core)) {
		TORTURE_OK(rmdir(folder));
		torture_skip("no core dump was written");
	}
	printf("  a core dump of %ld kB\n", (long)(core.st_size >> 10));
	TORTURE_CHECK(core.st_size < 16 << 20);
	TORTURE_OK(unlink("core"));
	TORTURE_OK(rmdir(folder));
}

int main(int argc, char **argv)
{
	torture_begin(argc, argv, "Memory follows the CPUs in use.");
	torture_skip_under(TORTURE_SANITIZER | TORTURE_VALGRIND |
			   TORTURE_EMULATOR);
	torture_run_apart(test_memory_at_the_machines_limit);
	torture_run_apart(test_memory_does_not_follow_the_limit);
	torture_run_apart(test_memory_under_mlockall);
	torture_run_apart(test_memory_unprivileged_memlock);
	torture_run_apart(test_memory_little_address_space);
	torture_run_apart(test_memory_is_freed_after_release);
	torture_run_apart(test_memory_of_others_is_not_written);
	torture_run_apart(test_memory_of_a_trim);
	torture_run_apart(test_memory_core);
	torture_run_apart(test_memory_of_too_many_counters);
	torture_run_apart(test_memory_unprivileged_memlock_from_the_start);
	return torture_end();
}
