/* SPDX-License-Identifier: MIT */
/*
 * memory.c - the memory that LISTS_OBJECTS objects of 64 bytes need, including
 * page tables, and the number of mappings.
 *
 * Each figure comes from a new process, because a process that has run before
 * may reuse memory, which would hide what the objects need.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lists.h"
#include "rival_librseq.h"
#include "platform.h"

#define MEMORY_NOBODY 65534
#define MEMORY_LOCK ((rlim_t)8 << 20)
#define MEMORY_NOT_HERE 3 /* exit: this system does not allow it */

enum memory_flags {
	MEMORY_LOCKED = 1,       /* after mlockall() */
	MEMORY_UNPRIVILEGED = 2, /* as user nobody, which may lock 8 MiB */
	MEMORY_CHANGE = 4,       /* a CPU is removed and added again */
};

struct memory_case {
	const char *name; /* of its body */
	unsigned int flags;
	void (*fill)(uint32_t limit, unsigned int flags);
};

/* ---- in the child ----------------------------------------------------- */

/* The number after @key in a file of /proc/self, in kB. */
static long memory_read(const char *path, const char *key)
{
	char line[256];
	FILE *file = fopen(path, "r");
	long kb = -1;

	if (!file)
		measure_die("memory", "cannot read /proc");
	while (kb < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)))
			kb = strtol(line + strlen(key), NULL, 10);
	fclose(file);
	if (kb < 0)
		measure_die("memory", "not reported by the kernel");
	return kb;
}

static long memory_mappings(void)
{
	FILE *file = fopen("/proc/self/maps", "r");
	long lines = 0;
	int c;

	while (file && (c = getc(file)) != EOF)
		lines += c == '\n';
	if (file)
		fclose(file);
	return lines;
}

struct memory_figures {
	long rss;    /* kB */
	long tables; /* kB, page tables */
	long locked; /* kB */
	long mappings;
};

/* smaps_rollup is exact; VmRSS in status may lag. */
static struct memory_figures memory_now(void)
{
	struct memory_figures now;

	now.rss = memory_read("/proc/self/smaps_rollup", "Rss:");
	now.tables = memory_read("/proc/self/status", "VmPTE:");
	now.locked = memory_read("/proc/self/smaps_rollup", "Locked:");
	now.mappings = memory_mappings();
	return now;
}

/*
 * Touch all pages of the program's and its libraries' files, so that they do
 * not count as growth. If the kernel cannot do that, they count.
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

/* The domain of a program that may use two CPUs. */
static struct cpuslab_domain *memory_domain(uint32_t limit)
{
	struct cpuslab_domain_config config = { .name = "bench",
						.limit = limit };
	const struct cpuslab_cpumask *set;
	struct cpuslab_domain *domain;
	uint32_t count;

	if (cpuslab_domain_create(&domain, &config))
		measure_die("memory", "no domain");
	set = cpuslab_cpumask_get(domain);
	count = cpuslab_cpumask_count(set);
	cpuslab_cpumask_put(set);
	if (count != 2)
		measure_die("memory", "needs two CPUs");
	return domain;
}

/* Wait for deferred work, so that the figure includes it. */
static void memory_change(struct cpuslab_domain *domain)
{
	const struct cpuslab_cpumask *set = cpuslab_cpumask_get(domain);
	uint32_t cpu;

	cpu = cpuslab_cpumask_next(set, 0);
	cpuslab_cpumask_put(set);
	if (cpuslab_domain_remove(domain, cpu) ||
	    cpuslab_domain_add_complete(domain, cpu))
		measure_die("memory", "a change was refused");
	usleep(50000);
}

/* The handles belong to the program: touch them first, so they do not count. */
static struct cpuslab_percpu memory_handles[LISTS_OBJECTS];
static void *memory_objects[LISTS_OBJECTS];

static void memory_own(uint32_t limit, unsigned int flags)
{
	struct cpuslab_domain *domain = memory_domain(limit);
	struct cpuslab_slab *slab = platform_slab(domain);
	uint32_t i;

	for (i = 0; i < LISTS_OBJECTS; i++) {
		if (cpuslab_alloc(slab, &platform_template, &memory_handles[i]))
			measure_die("memory", "an allocation was refused");
		cpuslab_add(&memory_handles[i], 0, 1);
	}
	if (flags & MEMORY_CHANGE)
		memory_change(domain);
}

/* For each object an array with an entry for each possible CPU. */
static void memory_array(uint32_t limit, unsigned int flags)
{
	uint32_t i, cpu;

	(void)flags;
	for (i = 0; i < LISTS_OBJECTS; i++) {
		char *object = malloc((size_t)limit * LISTS_OBJECT);

		if (!object)
			measure_die("memory", "no array");
		for (cpu = 0; cpu < limit; cpu++)
			memcpy(object + (size_t)cpu * LISTS_OBJECT,
			       platform_template.image, LISTS_OBJECT);
		memory_objects[i] = object;
	}
}

static void memory_librseq(uint32_t limit, unsigned int flags)
{
	(void)flags;
	rival_librseq_fill(false, LISTS_OBJECTS, limit);
}

static void memory_librseq_cow(uint32_t limit, unsigned int flags)
{
	(void)flags;
	rival_librseq_fill(true, LISTS_OBJECTS, limit);
}

static void memory_become_nobody(void)
{
	struct rlimit limit = { MEMORY_LOCK, MEMORY_LOCK };

	if (setrlimit(RLIMIT_MEMLOCK, &limit))
		exit(MEMORY_NOT_HERE);
	if (!geteuid() && (setgid(MEMORY_NOBODY) || setuid(MEMORY_NOBODY)))
		measure_die("memory", "cannot become user nobody");
}

static void memory_lock(void)
{
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		exit(MEMORY_NOT_HERE);
}

static const struct memory_case memory_cases[] = {
	{ "memory/cpuslab", 0, memory_own },
	{ "memory/cpuslab-mlockall", MEMORY_LOCKED, memory_own },
	{ "memory/cpuslab-mlockall-user", MEMORY_LOCKED | MEMORY_UNPRIVILEGED,
	  memory_own },
	{ "memory/cpuslab-mlockall-change", MEMORY_LOCKED | MEMORY_CHANGE,
	  memory_own },
	{ "memory/array", 0, memory_array },
	{ "memory/librseq", 0, memory_librseq },
	{ "memory/librseq-cow", 0, memory_librseq_cow },
};

static void memory_prepare(const struct memory_case *test)
{
	measure_pin_pair();
	bench_world_init();
	if (test->flags & MEMORY_UNPRIVILEGED)
		memory_become_nobody();
	if (test->flags & MEMORY_LOCKED)
		memory_lock();
	memory_map_files();
	memset(memory_handles, 0xff, sizeof(memory_handles));
	memset(memory_objects, 0xff, sizeof(memory_objects));
	memory_now(); /* the first reading allocates */
}

int memory_child(const char *which, const char *limit)
{
	struct memory_figures before, after;
	size_t i = (size_t)strtoul(which, NULL, 10);

	if (i >= sizeof(memory_cases) / sizeof(memory_cases[0]))
		return 2;
	memory_prepare(&memory_cases[i]);
	before = memory_now();
	memory_cases[i].fill((uint32_t)strtoul(limit, NULL, 10),
			     memory_cases[i].flags);
	after = memory_now();
	printf("%ld %ld %ld %ld\n", after.rss - before.rss,
	       after.tables - before.tables, after.locked - before.locked,
	       after.mappings - before.mappings);
	return 0;
}

/* ---- in the parent ---------------------------------------------------- */

struct memory_work {
	uint32_t which;
	int64_t limit;
	struct memory_figures figures;
	uint64_t count;
	const char *label;
};

static uint64_t memory_count(void *arg)
{
	return ((struct memory_work *)arg)->count;
}

static void memory_result(struct memory_work *work, const char *line,
			  int status)
{
	struct memory_figures *figures = &work->figures;

	if (WIFEXITED(status) && WEXITSTATUS(status) == MEMORY_NOT_HERE)
		work->label = BENCH_NOT_ALLOWED;
	else if (status || sscanf(line, "%ld %ld %ld %ld", &figures->rss,
				  &figures->tables, &figures->locked,
				  &figures->mappings) != 4)
		work->label = "failed";
	else if (figures->rss * 1024 < 2 * (long)LISTS_OBJECT * LISTS_OBJECTS)
		measure_die("memory", "grew by less than the objects");
	work->count++;
}

static void memory_run(void *arg, uint64_t n)
{
	struct memory_work *work = arg;
	char command[96], line[96] = "";
	FILE *child;

	(void)n;
	snprintf(command, sizeof(command),
		 "exec /proc/%ld/exe --memory-child %u %lld", (long)getpid(),
		 (unsigned int)work->which, (long long)work->limit);
	measure_unpin();
	child = popen(command, "r");
	if (!child)
		measure_die("memory", "cannot start a child");
	if (!fgets(line, sizeof(line), child))
		line[0] = 0;
	memory_result(work, line, pclose(child));
}

static void memory_done(void *arg, struct bench_run *run)
{
	const struct memory_work *work = arg;
	const struct memory_figures *figures = &work->figures;

	if (work->label) {
		bench_run_label(run, work->label);
		return;
	}
	bench_run_counter(run, "kB", (double)(figures->rss + figures->tables));
	bench_run_counter(run, "rss_kB", (double)figures->rss);
	bench_run_counter(run, "page_tables_kB", (double)figures->tables);
	bench_run_counter(run, "locked_kB", (double)figures->locked);
	bench_run_counter(run, "mappings", (double)figures->mappings);
}

static const char *memory_unfit(const struct bench_run *run)
{
	(void)run;
	return measure_cpus() < 2 ? "needs two CPUs" : NULL;
}

static const char *memory_librseq_unfit(const struct bench_run *run)
{
	if (!rival_librseq_is_built())
		return "built without librseq";
	return cpuslab_port_uses_atomics() ? "no rseq here" : memory_unfit(run);
}

/* A quick run must not take a gigabyte. */
static const char *memory_array_unfit(const struct bench_run *run)
{
	return run->quick && run->arg > 1024 ? "not in a quick run" :
					       memory_unfit(run);
}

static void *memory_setup(struct bench_run *run)
{
	struct memory_work *work = calloc(1, sizeof(*work));

	if (!work)
		measure_die("memory", "no memory");
	while (strcmp(memory_cases[work->which].name, run->name))
		work->which++;
	work->limit = run->arg;
	return work;
}

#define MEMORY_BODY(name_, unfit_)                                             \
	{                                                                      \
		.how = { .name = name_,                                        \
			 .run = memory_run,                                    \
			 .count = memory_count,                                \
			 .most = 1 },                                          \
		.flags = BENCH_ONCE, .arg_name = "limit",                      \
		.args = { PLATFORM_LIMITS }, .arg_count = 6, .unfit = unfit_,  \
		.setup = memory_setup, .done = memory_done, .teardown = free   \
	}

const struct bench_body memory_bodies[] = {
	MEMORY_BODY("memory/cpuslab", memory_unfit),
	MEMORY_BODY("memory/cpuslab-mlockall", memory_unfit),
	MEMORY_BODY("memory/cpuslab-mlockall-user", memory_unfit),
	MEMORY_BODY("memory/cpuslab-mlockall-change", memory_unfit),
	MEMORY_BODY("memory/array", memory_array_unfit),
	MEMORY_BODY("memory/librseq", memory_librseq_unfit),
	MEMORY_BODY("memory/librseq-cow", memory_librseq_unfit),
	{ .how = { .name = NULL } },
};
