/* SPDX-License-Identifier: MIT */
/*
 * machine.h - what a script is played on, and how.
 *
 *	system.c                      plays it, the same on each machine
 *	machine_sim.c                 simulated CPUs
 *	../vm/user/failures_guest.c   those of a guest, really added
 */
#ifndef TESTS_DRIVER_FAILURES_MACHINE_H
#define TESTS_DRIVER_FAILURES_MACHINE_H

#include "scenario.h"

/* ---- playing: system.c ----------------------------------------------- */

/* How the library works; a machine may not have all. */
enum model {
	MODEL_RSEQ,
	MODEL_ATOMIC,
};

/*
 * Let one of the scenario's drivers go through the script, or, without
 * @changes, through the work alone.
 */
void system_try(const struct scenario *scenario, bool cpuslab, enum model model,
		bool changes, struct outcome *outcome);

struct verdict {
	const struct scenario *scenario;
	struct outcome usual;
	/* In a model in which it is wrong; if there is none, the first. */
	struct outcome cpuslab;
	bool fails; /* the usual way, as claimed */
	bool right; /* cpuslab, in all models */
};

/* Try both drivers, the one with cpuslab in the first @models. */
void system_judge(const struct scenario *scenario, size_t models,
		  struct verdict *verdict);

/* ---- the machine: in the driver's own process ------------------------ */

#define MACHINE_WORDS (SCENARIO_LIMIT / 64)

extern const size_t machine_models;         /* it has the first ones */
extern const unsigned int machine_patience; /* seconds until a driver hangs */
extern const bool machine_goes_slowly;      /* from one CPU to another */
extern const bool machine_moves_threads;    /* see WORK_THREADS */

/* The driver that goes through the script, and what it is in. */
extern struct playing {
	const struct scenario *scenario;
	struct driver driver;
	bool cpuslab;
	bool changes;   /* play them */
	bool no_memory; /* for the driver */
	struct outcome *outcome;
} playing;

/* One unit of work on CPU @cpu, on which the caller is. */
void system_unit(uint32_t cpu);

/* The scenario's first CPUs run. Then driver_domain is created, if at all. */
int machine_init(enum model model);
/* Between these two, the driver's callbacks are called. */
int machine_follow(void);
void machine_unfollow(void);
/* False if something is left that should not be. */
bool machine_fini(void);
/* @play is all of it, on a thread that may go to any CPU. */
int machine_run(int (*play)(void));

/* Which CPUs run. */
void machine_running(uint64_t running[MACHINE_WORDS]);
/* The caller is on @cpu from here on. */
void machine_go(uint32_t cpu);
/* @units on each running CPU at the same time, and meanwhile the @change. */
void machine_at_once(uint32_t units, const struct event *change);

/* Events: see event.h. */
void machine_start(uint32_t cpu);
void machine_runs(uint32_t cpu);
void machine_complete(uint32_t cpu);
void machine_failure(uint32_t cpu);
void machine_memory(uint32_t cpu, bool available);
/* After each event: what was deferred is done. */
void machine_quiesce(void);

#endif /* TESTS_DRIVER_FAILURES_MACHINE_H */
