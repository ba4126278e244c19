/* SPDX-License-Identifier: MIT */
/*
 * driver.h - how the program in Wine plays a scenario of tests/driver_failures/
 * to a driver: through the simulated system, which notifies the driver of its
 * adds, and by these commands of the driver's own.
 */
#ifndef TESTS_WINDOWS_FAILURES_DRIVER_H
#define TESTS_WINDOWS_FAILURES_DRIVER_H

#include "control.h"

#define DRIVER_PROCESSORS 4u /* at first */

enum {
	/* arg: scenario, 1 with cpuslab. text: its name */
	DRIVER_LOAD = 1,
	/* arg: scenario. result: the processors that run at load */
	DRIVER_FIRST,
	/* arg: nth event of its script. result: kind, number */
	DRIVER_EVENT,
	/* arg: units on each processor that runs; 1: until DRIVER_JOIN */
	DRIVER_WORK,
	DRIVER_JOIN,
	/* Grace periods end. */
	DRIVER_QUIESCE,
	/* arg: 0: the driver gets no memory. */
	DRIVER_MEMORY,
	/* result: enum driver_result; text: what it came to */
	DRIVER_FINISH,
};

enum driver_result {
	DRIVER_FAILS, /* as claimed of the usual way */
	DRIVER_RIGHT,
	DRIVER_ALWAYS, /* the usual way fails without a change */
};

#endif /* TESTS_WINDOWS_FAILURES_DRIVER_H */
