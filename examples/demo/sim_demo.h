/* SPDX-License-Identifier: MIT */
/*
 * sim_demo.h - what the files of cpuslab-demo-sim share.
 */
#ifndef CPUSLAB_SIM_DEMO_H
#define CPUSLAB_SIM_DEMO_H

#include <cpuslab/cpuslab.h>
#include <cpuslab/sim.h>

/* Returns the exit status. */
int sim_storms(double seconds, uint64_t seed);

/* One line for the program that started this one: a key and a value. */
void sim_tell(const char *key, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* CPUSLAB_SIM_DEMO_H */
