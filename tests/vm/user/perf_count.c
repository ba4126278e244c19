// SPDX-License-Identifier: MIT
/*
 * perf_count.c - count a tracepoint on all CPUs, as "perf stat -a" does, while
 * a command runs.
 *
 *	perf_count ID COMMAND
 */
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CPUS 64

int main(int argc, char **argv)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT,
					.size = sizeof(attr) };
	uint64_t count, total = 0;
	int files[CPUS], cpu, opened = 0;

	if (argc != 3)
		return 2;
	attr.config = strtoull(argv[1], NULL, 10);
	for (cpu = 0; cpu < CPUS; cpu++) {
		files[cpu] = (int)syscall(SYS_perf_event_open, &attr, -1, cpu,
					  -1, 0);
		opened += files[cpu] >= 0;
	}
	if (!opened || system(argv[2]))
		return 1;
	for (cpu = 0; cpu < CPUS; cpu++)
		if (files[cpu] >= 0 &&
		    read(files[cpu], &count, sizeof(count)) == sizeof(count))
			total += count;
	printf("%llu\n", (unsigned long long)total);
	return 0;
}
