/* SPDX-License-Identifier: MIT */
/*
 * long_time.c - a wait lasts as long as it says. The suite "machines" compiles
 * this for 32 bits with a time_t of 64, whose struct timespec is not what
 * futex() takes.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "private.h"

#define LONG_TIME_NS 20000000

int main(void)
{
	uint64_t before = cpuslab_port_clock();

	cpuslab__pause(LONG_TIME_NS);
	return cpuslab_port_clock() - before < LONG_TIME_NS;
}
