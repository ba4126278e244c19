// SPDX-License-Identifier: MIT
/*
 * tsc_khz.c - print the frequency of this machine's time stamp counter.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

struct moment {
	uint64_t ns;
	uint64_t ticks;
};

/* Both clocks at once: the closest of several readings. */
static struct moment now(void)
{
	uint64_t before, after, shortest = UINT64_MAX;
	struct moment closest = { 0, 0 };
	struct timespec time;
	int i;

	for (i = 0; i < 100; i++) {
		before = __rdtsc();
		clock_gettime(CLOCK_MONOTONIC, &time);
		after = __rdtsc();
		if (after - before >= shortest)
			continue;
		shortest = after - before;
		closest.ns = (uint64_t)time.tv_sec * 1000000000u +
			     (uint64_t)time.tv_nsec;
		closest.ticks = before + shortest / 2;
	}
	return closest;
}

int main(void)
{
	struct moment begin = now(), end;

	usleep(100000);
	end = now();
	printf("%" PRIu64 "\n",
	       (end.ticks - begin.ticks) * 1000000 / (end.ns - begin.ns));
	return 0;
}
