// SPDX-License-Identifier: MIT
/*
 * scap_calls.c - system calls that a tracer can tell from all others: close()
 * of a file that is not open, on one CPU.
 *
 *	scap_calls CPU COUNT FD	prints the nanoseconds of one call
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common.h"

int main(int argc, char **argv)
{
	long count, made;
	uint64_t begin;
	int fd;

	if (argc != 4)
		return 2;
	count = atol(argv[2]);
	fd = atoi(argv[3]);
	if (!cpus_pin(0, 1ull << atoi(argv[1])))
		return 1;
	sched_yield();
	begin = now_ns();
	for (made = 0; made < count; made++)
		close(fd);
	printf("%.0f\n", (double)(now_ns() - begin) / (double)count);
	return 0;
}
