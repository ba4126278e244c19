// SPDX-License-Identifier: MIT
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "common.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cpuslab/cpumask.h>

#define CPUS_MAX 64

uint64_t cpus_parse(const char *text)
{
	uint64_t cpus = 0;
	unsigned long first, last;
	char *end;

	while (*text >= '0' && *text <= '9') {
		first = last = strtoul(text, &end, 10);
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (last >= CPUS_MAX)
			return 0;
		for (; first <= last; first++)
			cpus |= 1ull << first;
		text = *end == ',' ? end + 1 : end;
	}
	return cpus;
}

const char *cpus_text(uint64_t cpus)
{
	static char buffers[4][256];
	static unsigned int turn;
	char *text = buffers[turn++ % 4];
	unsigned int cpu, last, used = 0;

	text[0] = '\0';
	for (cpu = 0; cpu < CPUS_MAX; cpu = last + 1) {
		last = cpu;
		if (!(cpus >> cpu & 1))
			continue;
		while (last + 1 < CPUS_MAX && cpus >> (last + 1) & 1)
			last++;
		used += (unsigned int)snprintf(text + used, 256 - used,
					       last > cpu ? "%s%u-%u" : "%s%u",
					       used ? "," : "", cpu, last);
	}
	return text;
}

uint64_t cpus_file(const char *path)
{
	char text[256] = "";
	FILE *file = fopen(path, "re");

	if (!file)
		return 0;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	return cpus_parse(text);
}

uint64_t cpus_domain(const struct cpuslab_domain *domain)
{
	const struct cpuslab_cpumask *set = cpuslab_cpumask_get(domain);
	uint64_t cpus = 0;
	uint32_t cpu;

	for (cpu = cpuslab_cpumask_next(set, 0); cpu < CPUS_MAX;
	     cpu = cpuslab_cpumask_next(set, cpu + 1))
		cpus |= 1ull << cpu;
	cpuslab_cpumask_put(set);
	return cpus;
}

uint64_t cpus_affinity(pid_t tid)
{
	cpu_set_t set;
	uint64_t cpus = 0;
	unsigned int cpu;

	if (sched_getaffinity(tid, sizeof(set), &set))
		return 0;
	for (cpu = 0; cpu < CPUS_MAX; cpu++)
		if (CPU_ISSET(cpu, &set))
			cpus |= 1ull << cpu;
	return cpus;
}

/* From /proc/self/task/TID/status, which the library does not read. */
static uint64_t cpus_task(const char *tid)
{
	static const char key[] = "Cpus_allowed_list:";
	char path[64], line[256];
	uint64_t cpus = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%.20s/status", tid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, key, sizeof(key) - 1))
			cpus = cpus_parse(line + sizeof(key));
	fclose(file);
	return cpus;
}

uint64_t cpus_process(void)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *entry;
	uint64_t cpus = 0;

	if (!tasks)
		return 0;
	while ((entry = readdir(tasks)))
		if (entry->d_name[0] != '.')
			cpus |= cpus_task(entry->d_name);
	closedir(tasks);
	return cpus & cpus_file("/sys/devices/system/cpu/online");
}

bool cpus_pin(pid_t tid, uint64_t cpus)
{
	cpu_set_t set;
	unsigned int cpu;

	CPU_ZERO(&set);
	for (cpu = 0; cpu < CPUS_MAX; cpu++)
		if (cpus >> cpu & 1)
			CPU_SET(cpu, &set);
	return !sched_setaffinity(tid, sizeof(set), &set);
}

bool cpus_online(unsigned int cpu, bool online)
{
	char path[64];
	bool done;
	int fd;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/online",
		 cpu);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	done = write(fd, online ? "1" : "0", 1) == 1;
	close(fd);
	return done;
}

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The kernel's quick count lags by pages of each CPU, so have it walk. */
uint64_t resident_bytes(void)
{
	unsigned long long kb = 0;
	char line[256];
	FILE *file = fopen("/proc/self/smaps_rollup", "re");

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "Rss: %llu kB", &kb) == 1)
			break;
	fclose(file);
	return kb * 1024;
}

bool wait_until(double seconds, bool (*is)(void *arg), void *arg)
{
	uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);

	while (!is(arg)) {
		if (now_ns() > end)
			return is(arg);
		usleep(5000);
	}
	return true;
}

bool check(bool passed, const char *name, const char *why, ...)
{
	va_list args;

	if (passed) {
		printf("ok %s\n", name);
	} else {
		printf("not ok %s: ", name);
		va_start(args, why);
		vprintf(why, args);
		va_end(args);
		printf("\n");
	}
	fflush(stdout);
	return passed;
}

void must(int result, const char *what)
{
	if (!result)
		return;
	printf("not ok %s: %d, %s\n", what, result, cpuslab_strerror(result));
	fflush(stdout);
	_exit(1);
}
