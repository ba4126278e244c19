/* SPDX-License-Identifier: MIT */
/*
 * machine.h - what a script is played on.
 *
 *	system.c                   plays it, the same on each machine
 *	machine_sim.c              simulated CPUs
 *	../vm/user/failures_guest.c   those of a guest, really added
 *
 * All but the constants is called in the process that a way has for itself.
 */
#ifndef CPUSLAB_FAILURES_MACHINE_H
#define CPUSLAB_FAILURES_MACHINE_H

#include "scenario.h"

#define MACHINE_WORDS (FAILURES_LIMIT / 64)

/* How many of the models it has, from the first on. */
extern const size_t machine_models;
/* Seconds; a way that takes longer hangs. */
extern const unsigned int machine_patience;
/* To go to another CPU takes long. */
extern const bool machine_goes_slowly;

/* The way that goes through the script, and what it is in. */
struct failures_now {
	const struct scenario *scenario;
	const struct failures_way *way;
	bool cpuslab;
	bool no_memory; /* for anybody */
	struct failures_outcome *outcome;
};

extern struct failures_now failures_now;

/* One unit of work on CPU @cpu, on which the caller is. */
void failures_unit(uint32_t cpu);

/* The scenario's first CPUs run. Then failures_domain is made, if at all. */
int machine_init(enum failures_model model);
/* Between these two, the way's callbacks are called. */
int machine_follow(void);
void machine_unfollow(void);
/* False if something is left that should not be. */
bool machine_fini(void);
/* @play is the whole of it, on a thread that may go to any CPU. */
int machine_run(int (*play)(void));

/* Which CPUs run. */
void machine_running(uint64_t running[MACHINE_WORDS]);
/* The caller is on @cpu from here on. */
void machine_go(uint32_t cpu);
/* @units on each running CPU at the same time; meanwhile add @cpu, if it
 * is one. */
void machine_at_once(uint32_t units, uint32_t cpu);

/* Events: see scenario.h. */
void machine_start(uint32_t cpu);
void machine_runs(uint32_t cpu);
void machine_complete(uint32_t cpu);
void machine_failure(uint32_t cpu);
void machine_memory(uint32_t cpu, bool is_there);
/* After each event: what is left for later is done. */
void machine_quiesce(void);

#endif /* CPUSLAB_FAILURES_MACHINE_H */
