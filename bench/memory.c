/* SPDX-License-Identifier: MIT */
/*
 * memory.c - what BENCH_OBJECTS objects of 64 bytes cost, with the memory that
 * the kernel uses for their page tables.
 *
 * Each figure comes from a process of its own, started afresh: in a process
 * that has done something before, memory that it had already would hide what
 * is needed now.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rival_librseq.h"

#define MEMORY_NOBODY 65534
#define MEMORY_LOCK ((rlim_t)8 << 20)
#define MEMORY_SAMPLES 5u
#define MEMORY_QUICK_SAMPLES 1u
#define MEMORY_NOT_HERE 3 /* exit: this system does not allow it */

enum memory_flags {
	MEMORY_LOCKED = 1,       /* mlockall() before */
	MEMORY_UNPRIVILEGED = 2, /* as nobody, who may lock 8 MiB */
	MEMORY_RIVAL = 4,
	MEMORY_ZERO = 8,    /* the rival's other way */
	MEMORY_CHANGE = 16, /* a processor goes and comes back */
};

struct memory_case {
	const char *id; /* for the child */
	const char *name;
	uint32_t limit;
	unsigned int flags;
	double goal; /* kB; 0: none */
};

static const struct memory_case memory_cases[] = {
	{ "plain", "1000 x 64 B, limit 4096", BENCH_LIMIT_MIDDLE, 0, 256 },
	{ "large", "1000 x 64 B, limit 8192", BENCH_LIMIT_LARGE, 0, 0 },
	{ "locked", "mlockall, limit 8192", BENCH_LIMIT_LARGE, MEMORY_LOCKED,
	  512 },
	{ "nobody", "mlockall, 8192, may lock 8 MiB", BENCH_LIMIT_LARGE,
	  MEMORY_LOCKED | MEMORY_UNPRIVILEGED, 512 },
	{ "change", "the same, one goes and comes", BENCH_LIMIT_LARGE,
	  MEMORY_LOCKED | MEMORY_CHANGE, 0 },
	{ "rival", "librseq, 4096 possible", BENCH_LIMIT_MIDDLE, MEMORY_RIVAL,
	  0 },
	{ "zero", "librseq COW_ZERO, zeros, 4096", BENCH_LIMIT_MIDDLE,
	  MEMORY_RIVAL | MEMORY_ZERO, 0 },
};

#define MEMORY_CASES (sizeof(memory_cases) / sizeof(memory_cases[0]))

/* The number behind @key in a file of /proc/self, in kB. */
static long memory_read(const char *path, const char *key)
{
	char line[256];
	FILE *file = fopen(path, "r");
	long kb = -1;

	if (!file)
		measure_die("memory", "no /proc");
	while (kb < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)))
			kb = strtol(line + strlen(key), NULL, 10);
	fclose(file);
	if (kb < 0)
		measure_die("memory", "the kernel does not tell");
	return kb;
}

/* The sum of all mappings is exact; the counter in status need not be. */
static long memory_now(void)
{
	return memory_read("/proc/self/smaps_rollup", "Rss:") +
	       memory_read("/proc/self/status", "VmPTE:");
}

/*
 * Have the program's and its libraries' files mapped whole: which of their
 * pages were needed before is no matter of what is measured. Where the kernel
 * cannot, they count.
 */
static void memory_map_files(void)
{
#ifdef MADV_POPULATE_READ
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long start, end;
	char line[512];

	while (maps && fgets(line, sizeof(line), maps))
		if (strchr(line, '/') &&
		    sscanf(line, "%lx-%lx r", &start, &end) == 2)
			madvise((void *)start, end - start, MADV_POPULATE_READ);
	if (maps)
		fclose(maps);
#endif
}

/* As a program on this machine would, if it had no more than two. */
static struct cpuslab_domain *memory_domain(uint32_t limit)
{
	struct cpuslab_domain_config config = { .name = "bench",
						.limit = limit };
	const struct cpuslab_cpuset *set;
	struct cpuslab_domain *domain;
	uint32_t count;

	if (cpuslab_domain_create(&domain, &config))
		measure_die("memory", "no domain");
	set = cpuslab_cpuset_get(domain);
	count = cpuslab_cpuset_count(set);
	cpuslab_cpuset_put(set);
	if (count != 2)
		measure_die("memory", "needs two processors");
	return domain;
}

/* Wait for what was put off, so that it is in the figure. */
static void memory_change(struct cpuslab_domain *domain)
{
	const struct cpuslab_cpuset *set = cpuslab_cpuset_get(domain);
	uint32_t cpu;

	cpu = cpuslab_cpuset_next(set, 0);
	cpuslab_cpuset_put(set);
	if (cpuslab_domain_remove(domain, cpu) ||
	    cpuslab_domain_add_complete(domain, cpu))
		measure_die("memory", "a change was refused");
	usleep(50000);
}

/* The handles are the program's: touched before, so not counted. */
static struct cpuslab_ref memory_refs[BENCH_OBJECTS];

static void memory_own(uint32_t limit, bool change)
{
	struct cpuslab_domain *domain = memory_domain(limit);
	struct cpuslab_slab *slab = bench_slab(domain);
	uint32_t i;

	for (i = 0; i < BENCH_OBJECTS; i++) {
		if (cpuslab_alloc(slab, &bench_template, &memory_refs[i]))
			measure_die("memory", "an allocation was refused");
		cpuslab_add(&memory_refs[i], 0, 1);
	}
	if (change)
		memory_change(domain);
}

static void memory_become_nobody(void)
{
	struct rlimit limit = { MEMORY_LOCK, MEMORY_LOCK };

	if (setrlimit(RLIMIT_MEMLOCK, &limit))
		exit(MEMORY_NOT_HERE);
	if (!geteuid() && (setgid(MEMORY_NOBODY) || setuid(MEMORY_NOBODY)))
		measure_die("memory", "cannot become nobody");
}

static void memory_lock(void)
{
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		exit(MEMORY_NOT_HERE);
}

static const struct memory_case *memory_find(const char *id)
{
	size_t i;

	for (i = 0; i < MEMORY_CASES; i++)
		if (!strcmp(memory_cases[i].id, id))
			return &memory_cases[i];
	return NULL;
}

int bench_memory_child(const char *which)
{
	const struct memory_case *test = memory_find(which);
	long before;

	if (!test)
		return 2;
	measure_pin_pair();
	bench_world_init();
	if (test->flags & MEMORY_UNPRIVILEGED)
		memory_become_nobody();
	if (test->flags & MEMORY_LOCKED)
		memory_lock();
	memory_map_files();
	memset(memory_refs, 0xff, sizeof(memory_refs));
	memory_now(); /* the first reading needs memory itself */
	before = memory_now();
	if (test->flags & MEMORY_RIVAL)
		rival_librseq_fill(test->flags & MEMORY_ZERO, BENCH_OBJECTS);
	else
		memory_own(test->limit, test->flags & MEMORY_CHANGE);
	printf("%ld\n", memory_now() - before);
	return 0;
}

/* kB; infinite if it failed, negative if this system does not allow it. */
static double memory_run(const struct memory_case *test)
{
	char command[64], line[64] = "";
	FILE *child;
	int status;

	snprintf(command, sizeof(command),
		 "exec /proc/%ld/exe --memory-child %s", (long)getpid(),
		 test->id);
	child = popen(command, "r");
	if (!child)
		measure_die("memory", "no child");
	if (!fgets(line, sizeof(line), child))
		line[0] = 0;
	status = pclose(child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == MEMORY_NOT_HERE)
		return -1;
	return status || !line[0] ? (double)INFINITY : strtod(line, NULL);
}

static void memory_row(struct bench *bench, const struct memory_case *test)
{
	uint32_t count = bench->quick ? MEMORY_QUICK_SAMPLES : MEMORY_SAMPLES;
	double samples[MEMORY_SAMPLES];
	struct table_row row = { .group = "memory: RSS and page tables grow by",
				 .name = test->name,
				 .unit = "kB",
				 .goal = test->goal };
	uint32_t i;

	bench_progress(test->name);
	if (measure_cpus() < 2) {
		bench_progress("... needs two processors, left out");
		return;
	}
	for (i = 0; i < count; i++) {
		samples[i] = memory_run(test);
		if (samples[i] < 0) {
			bench_progress("... is not possible here, left out");
			return;
		}
	}
	row.value = measure_spread(samples, count);
	/* Less than its own objects: it was not measured. */
	if (!(test->flags & MEMORY_RIVAL) &&
	    row.value.median * 1024 < 2.0 * 64 * BENCH_OBJECTS)
		measure_die(test->name, "grew by less than the objects");
	row.kind = test->goal > 0 ? TABLE_VALUE : TABLE_NO_GOAL;
	table_add(&bench->table, &row);
}

void bench_memory(struct bench *bench)
{
	size_t i;

	for (i = 0; i < MEMORY_CASES; i++)
		if (!(memory_cases[i].flags & MEMORY_RIVAL) ||
		    rival_librseq_available())
			memory_row(bench, &memory_cases[i]);
}
