/* SPDX-License-Identifier: MIT */
/*
 * sim_demo.h - what the files of cpuslab-demo-sim share.
 */
#ifndef CPUSLAB_SIM_DEMO_H
#define CPUSLAB_SIM_DEMO_H

#include <cpuslab/cpuslab.h>
#include <cpuslab/sim.h>

/* A way to count events by CPU. */
struct sim_way {
	const char *name;
	/* Begin with @count CPUs; @guarded: see sim_ways.c. */
	int (*init)(uint32_t count, bool guarded);
	void (*add)(void);
	uint64_t (*sum)(void);
	/* What the program does when it is told that @cpu came or went. */
	void (*appear)(uint32_t cpu);
	void (*gone)(uint32_t cpu);
	/* Words of somebody else that were changed. */
	uint64_t (*foreign)(void);
};

/* An array by the number of CPUs: the usual way, and its two folds. */
extern const struct sim_way sim_way_array_store;
extern const struct sim_way sim_way_array_exchange;
extern const struct sim_way sim_way_slab;

/* Both return the exit status. */
int sim_scripts(uint64_t seed);
int sim_storms(double seconds, uint64_t seed);

/* One line for whoever started this program: a key and a value. */
void sim_tell(const char *key, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* splitmix64 */
static inline uint64_t sim_demo_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

#endif /* CPUSLAB_SIM_DEMO_H */
