/* SPDX-License-Identifier: MIT */
/*
 * demo.h - the parts of the demo, in order.
 *
 *	cpuslab-demo		all text; real CPUs; speed
 *	  `- cpuslab-demo-sim	the same library on simulated CPUs
 *
 * Each part reports through report.h and claims only what it has checked.
 */
#ifndef CPUSLAB_DEMO_H
#define CPUSLAB_DEMO_H

#include <stdbool.h>
#include <stdint.h>

struct demo_options {
	const char *self; /* argv[0] */
	const char *only; /* key of one part; NULL: all */
	double seconds;   /* for all parts together, roughly */
	uint64_t seed;    /* of the first storm */
	bool json;
};

void demo_machine(void);
void demo_real(double seconds, uint64_t seed);
void demo_usual(const char *self);
void demo_storm(const char *self, double seconds, uint64_t seed);
void demo_speed(double seconds);
void demo_container(double seconds);

/* Seconds of a clock that never goes back. */
double demo_clock(void);

#endif /* CPUSLAB_DEMO_H */
