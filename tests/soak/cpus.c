/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "cpus.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "torture/torture.h"

#define CPUS_MOST 64u

uint64_t cpus_changes;
static const char *cpus_file; /* the cpuset's, or NULL */
static bool cpus_plug;
static uint32_t cpus_all[CPUS_MOST]; /* at the start */
static uint32_t cpus_count;

void cpus_begin(void)
{
	cpus_file = getenv("CPUSLAB_SOAK_CPUSET");
	cpus_plug = getenv("CPUSLAB_SOAK_HOTPLUG") != NULL;
	cpus_count = torture_cpus(cpus_all, CPUS_MOST);
}

static bool cpus_write(const char *path, const char *text)
{
	int file = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t length = (ssize_t)strlen(text);
	bool written = file >= 0 && write(file, text, (size_t)length) == length;

	if (file >= 0)
		close(file);
	return written;
}

/* Not empty; bit i is the CPU cpus_all[i]. */
static uint64_t cpus_choose(uint64_t *random)
{
	uint64_t all = ~(uint64_t)0 >> (CPUS_MOST - cpus_count), some;

	do
		some = torture_random(random) & all;
	while (!some);
	return some;
}

/* ---- a cpuset ------------------------------------------------------------ */

static bool cpus_set(uint64_t some)
{
	char list[CPUS_MOST * 6];
	size_t at = 0;
	uint32_t i;

	for (i = 0; i < cpus_count; i++)
		if (some >> i & 1)
			at += (size_t)snprintf(list + at, sizeof(list) - at,
					       "%s%u", at ? "," : "",
					       (unsigned int)cpus_all[i]);
	return cpus_write(cpus_file, list);
}

/* ---- affinity ------------------------------------------------------------ */

/* Of each thread, one after the other, as "taskset -a" does it. */
static bool cpus_bind(uint64_t some)
{
	DIR *folder = opendir("/proc/self/task");
	struct dirent *entry;
	bool bound = false;
	cpu_set_t set;
	uint32_t i;

	if (!folder)
		return false; /* memory is refused */
	CPU_ZERO(&set);
	for (i = 0; i < cpus_count; i++)
		if (some >> i & 1)
			CPU_SET(cpus_all[i], &set);
	while ((entry = readdir(folder)))
		if (entry->d_name[0] != '.')
			bound |= !sched_setaffinity((pid_t)atoi(entry->d_name),
						    sizeof(set), &set);
	closedir(folder);
	return bound;
}

/* ---- hotplug ------------------------------------------------------------- */

/* The first one stays. */
static bool cpus_online(uint32_t index, bool online)
{
	char path[64];

	if (!index)
		return false;
	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/online",
		 (unsigned int)cpus_all[index]);
	return cpus_write(path, online ? "1" : "0");
}

/* ---- all ----------------------------------------------------------------- */

void cpus_change(uint64_t *random)
{
	uint64_t some = cpus_choose(random);
	bool changed;

	if (cpus_plug && torture_below(random, 2))
		changed = cpus_online(torture_below(random, cpus_count),
				      torture_below(random, 2));
	else if (cpus_file && torture_below(random, 2))
		changed = cpus_set(some);
	else
		changed = cpus_bind(some);
	cpus_changes += changed;
}

void cpus_restore(void)
{
	uint64_t all = ~(uint64_t)0 >> (CPUS_MOST - cpus_count);
	cpu_set_t set;
	uint32_t i;

	for (i = 0; cpus_plug && i < cpus_count; i++)
		cpus_online(i, true);
	if (cpus_file)
		TORTURE_CHECK(cpus_set(all));
	TORTURE_CHECK(cpus_bind(all));
	TORTURE_OK(sched_getaffinity(0, sizeof(set), &set));
	TORTURE_CHECK(CPU_COUNT(&set) == (int)cpus_count);
}
