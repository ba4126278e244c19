// SPDX-License-Identifier: MIT
/*
 * discover.c - how many CPUs the system can have, and which of them this
 * program may use now.
 *
 * The scheduler's masks are authoritative: they contain only CPUs that are
 * active and allowed by the cpuset. A container may fake files (one whose CPUs
 * are 150-153 may show "0-3"), so no file overrides what a mask shows; `online`
 * only tells when further threads need not be asked.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cpuslab/port.h>

#include "discover.h"

struct discover {
	struct cpuslab__mask online;  /* of /sys */
	struct cpuslab__mask threads; /* union of the masks seen */
	struct cpuslab__mask one;     /* of one thread */
	bool has_online;              /* online was read */
	bool covered;                 /* INV: online is in threads */
	bool any;                     /* INV: threads is not empty */
};

static uint32_t discover_limit; /* W first use, tests; R any; 0: unset */
static cpuslab__affinity_fn *discover_affinity = sched_getaffinity;

static void discover_mask_range(void *arg, uint32_t first, uint32_t last)
{
	struct cpuslab__mask *mask = arg;
	uint32_t cpu;

	for (cpu = first; cpu <= last && cpu < CPUSLAB__CPUS_MAX; cpu++)
		mask->word[cpu / CPUSLAB__MASK_BITS] |=
			1ul << cpu % CPUSLAB__MASK_BITS;
}

/* The first CPU >= @cpu in @mask, or CPUSLAB_NO_CPU. */
static uint32_t discover_mask_next(const struct cpuslab__mask *mask,
				   uint32_t cpu)
{
	uint32_t word = cpu / CPUSLAB__MASK_BITS;
	unsigned long bits;

	if (cpu >= CPUSLAB__CPUS_MAX)
		return CPUSLAB_NO_CPU;
	bits = mask->word[word] & (~0ul << cpu % CPUSLAB__MASK_BITS);
	while (!bits) {
		if (++word == CPUSLAB__MASK_WORDS)
			return CPUSLAB_NO_CPU;
		bits = mask->word[word];
	}
	return word * CPUSLAB__MASK_BITS + (uint32_t)__builtin_ctzl(bits);
}

/*
 * Add one thread's mask, unless the thread is bound (binding.h). False if the
 * thread exists but its mask cannot be read.
 */
static bool discover_thread(struct discover *d, pid_t thread)
{
	unsigned long any = 0, missing = 0;
	uint32_t i;

	if (cpuslab__binding_has(thread))
		return true;
	memset(&d->one, 0, sizeof(d->one));
	if (discover_affinity(thread, sizeof(d->one), (cpu_set_t *)&d->one))
		return errno == ESRCH;
	for (i = 0; i < CPUSLAB__MASK_WORDS; i++) {
		d->threads.word[i] |= d->one.word[i];
		any |= d->threads.word[i];
		missing |= d->online.word[i] & ~d->threads.word[i];
	}
	d->any = any;
	d->covered = d->has_online && !missing;
	return true;
}

/*
 * The task list, if it is ours: a /proc of another PID namespace shows our
 * threads under numbers that are invalid here or belong to other threads.
 */
static DIR *discover_tasks_open(void)
{
	char rest[64], path[512];

	snprintf(rest, sizeof(rest), "self/task/%ld", syscall(SYS_gettid));
	if (!cpuslab__proc_path(path, sizeof(path), rest) ||
	    access(path, F_OK) ||
	    !cpuslab__proc_path(path, sizeof(path), "self/task"))
		return NULL;
	return opendir(path);
}

/* False if a thread may have been missed. */
static bool discover_tasks(struct discover *d)
{
	DIR *dir = discover_tasks_open();
	struct dirent *entry;
	bool complete = true;
	uint32_t thread;

	if (!dir)
		return false;
	while (!d->covered && (entry = readdir(dir)))
		if (cpuslab__number_parse(entry->d_name, &thread) && thread &&
		    !discover_thread(d, (pid_t)thread))
			complete = false;
	closedir(dir);
	return complete;
}

/* Ask the caller, then the main thread, then all threads; false as above. */
static bool discover_threads(struct discover *d)
{
	if (!cpuslab__binding_has((pid_t)syscall(SYS_gettid)))
		discover_thread(d, 0);
	if (!d->covered)
		discover_thread(d, getpid());
	return d->covered || discover_tasks(d) || d->covered;
}

/*
 * The same, but ask only as many threads as it takes to cover what is online.
 */
static bool discover_all(struct discover *d)
{
	d->has_online = !cpuslab__sysfs_list("cpu/online", discover_mask_range,
					     &d->online);
	return discover_threads(d);
}

/* One more than the last number of a list; 0 if it cannot be read. */
static void discover_last(void *arg, uint32_t first, uint32_t last)
{
	uint32_t *count = arg;

	(void)first;
	if (last >= CPUSLAB__LIMIT_MAX)
		last = CPUSLAB__LIMIT_MAX - 1;
	if (*count <= last)
		*count = last + 1;
}

static uint32_t discover_count(const char *path)
{
	uint32_t count = 0;

	cpuslab__sysfs_list(path, discover_last, &count);
	return count;
}

/* The limit must exceed every CPU where a thread is or may run. At least 1. */
static uint32_t discover_floor(void)
{
	struct discover *d = calloc(1, sizeof(*d));
	int here = sched_getcpu();
	uint32_t cpu, count = 1;

	if (here >= 0)
		discover_last(&count, 0, (uint32_t)here);
	if (!d)
		return count;
	discover_threads(d);
	for (cpu = discover_mask_next(&d->threads, 0); cpu != CPUSLAB_NO_CPU;
	     cpu = discover_mask_next(&d->threads, cpu + 1))
		discover_last(&count, 0, cpu);
	free(d);
	return count;
}

/* A file that excludes CPUs that we may use does not describe this machine. */
static uint32_t discover_limit_read(void)
{
	uint32_t least = discover_floor();
	uint32_t count = discover_count("cpu/possible");

	if (count < least)
		count = discover_count("cpu/kernel_max");
	if (count < least)
		count = least < CPUSLAB__CPUS_DEFAULT ? CPUSLAB__CPUS_DEFAULT :
							least;
	return count;
}

static uint32_t discover_limit_first(void)
{
	uint32_t limit = discover_limit_read();
	uint32_t published = 0;

	cpuslab__nodes_init(limit);
	/*
	 * [discover.limit] If several threads compute it, one wins, and no
	 * other value is ever visible; pairs with the acquire in
	 * cpuslab_port_cpu_limit(), without which a reader of the limit might
	 * not see the nodes.
	 */
	if (cpuslab_cas_u32(&discover_limit, &published, limit))
		return limit;
	return published;
}

uint32_t cpuslab_port_cpu_limit(void)
{
	/* Pairs with [discover.limit]. */
	uint32_t limit = cpuslab_load_acquire_u32(&discover_limit);

	return cpuslab_likely(limit) ? limit : discover_limit_first();
}

static void discover_report(const struct cpuslab__mask *mask,
			    void (*found)(void *arg, uint32_t cpu), void *arg)
{
	uint32_t limit = cpuslab_port_cpu_limit();
	uint32_t cpu;

	for (cpu = discover_mask_next(mask, 0); cpu < limit;
	     cpu = discover_mask_next(mask, cpu + 1)) {
		cpuslab__node_learn(cpu);
		found(arg, cpu);
	}
}

/* The system reports nothing: use the CPU of the caller. */
static int discover_report_here(void (*found)(void *arg, uint32_t cpu),
				void *arg)
{
	int here = sched_getcpu();

	if (here >= 0 && (uint32_t)here < cpuslab_port_cpu_limit())
		found(arg, (uint32_t)here);
	return CPUSLAB_PARTIAL;
}

int cpuslab_port_cpus_available(void (*found)(void *arg, uint32_t cpu),
				void *arg)
{
	struct discover *d = calloc(1, sizeof(*d));
	int result = CPUSLAB_OK;

	if (!d)
		return -CPUSLAB_ENOMEM;
	if (!discover_all(d))
		result = CPUSLAB_PARTIAL;
	if (d->any) {
		discover_report(&d->threads, found, arg);
	} else if (d->has_online) {
		/*
		 * No mask can be read: assume all CPUs that could be allowed.
		 */
		discover_report(&d->online, found, arg);
		result = CPUSLAB_OK;
	} else {
		result = discover_report_here(found, arg);
	}
	free(d);
	return result;
}

int cpuslab__discover_process(struct cpuslab__mask *mask)
{
	struct discover *d = calloc(1, sizeof(*d));
	int result;

	if (!d)
		return -CPUSLAB_ENOMEM;
	result = discover_all(d) ? CPUSLAB_OK : CPUSLAB_PARTIAL;
	*mask = d->threads;
	free(d);
	return result;
}

void cpuslab__discover_set_roots(const char *sys, const char *proc)
{
	cpuslab__sysfs_set_roots(sys, proc);
	cpuslab__nodes_reset();
	cpuslab_store_relaxed_u32(&discover_limit, 0);
}

void cpuslab__discover_set_affinity(cpuslab__affinity_fn *affinity)
{
	discover_affinity = affinity ? affinity : sched_getaffinity;
}
