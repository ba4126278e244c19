/* SPDX-License-Identifier: MIT */
/*
 * process.h - everything that a process does to its threads at once, to one
 * domain and one slab: forks, cancellation, plugins that come and go, signal
 * handlers that jump out of sums, memory that is refused, and CPUs that change.
 *
 *	begin, then start, join and check as often as you like, end
 */
#ifndef CPUSLAB_TESTS_PROCESS_H
#define CPUSLAB_TESTS_PROCESS_H

#include <cpuslab/domain.h>
#include <cpuslab/slab.h>

enum {
	PROCESS_FORKS,
	PROCESS_CANCELS,
	PROCESS_PLUGINS,
	PROCESS_JUMPS,
	PROCESS_REFUSALS,
	PROCESS_CHANGES,
	PROCESS_KINDS,
};

/* What happened so far; W one thread each. */
extern uint64_t process_counts[PROCESS_KINDS];
extern struct cpuslab_domain *process_domain;
extern struct cpuslab_slab *process_slab;

/* Each may be NULL. */
struct process_hooks {
	/* In the handler of TORTURE_SIGNAL, in any thread that has a timer. */
	void (*interrupted)(void);
	/* In a child that was forked while all threads work. */
	void (*child)(void);
};

/* @module: the path of plugin_whole; NULL: none comes and goes. */
void process_begin(const char *module, const struct process_hooks *hooks);
/* Threads that work until torture_running() is false. */
void process_start(void);
void process_join(void);
/* No thread works: the total is exact, and no object is left. */
void process_check(void);
/* For a test of the test: as if an add were lost. */
void process_lose(void);
void process_end(void);

/* No memory is refused between these two. */
void process_memory_hold(void);
void process_memory_release(void);

#endif /* CPUSLAB_TESTS_PROCESS_H */
