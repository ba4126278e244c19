/* SPDX-License-Identifier: MIT */
/*
 * system.c - initialisation, clock, log, panic.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "private.h"

static pthread_once_t system_once = PTHREAD_ONCE_INIT;

static void system_init(void)
{
	cpuslab__fence_init();
	cpuslab__rcu_init();
	cpuslab__fork_init();
	cpuslab__region_init();
}

void cpuslab__linux_init(void)
{
	pthread_once(&system_once, system_init);
}

uint64_t cpuslab_port_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

struct timespec cpuslab__deadline(clockid_t clock, long ns)
{
	struct timespec when;

	clock_gettime(clock, &when);
	when.tv_nsec += ns;
	if (when.tv_nsec >= 1000000000L) {
		when.tv_nsec -= 1000000000L;
		when.tv_sec++;
	}
	return when;
}

uint32_t cpuslab_port_error_get(void)
{
	return (uint32_t)errno;
}

void cpuslab_port_error_set(uint32_t error)
{
	errno = (int)error;
}

void cpuslab_port_log(const char *line)
{
	fprintf(stderr, "cpuslab: %s\n", line);
}

void cpuslab_port_panic(const char *line)
{
	fprintf(stderr, "%s\n", line);
	abort();
}
