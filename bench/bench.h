/* SPDX-License-Identifier: MIT */
/*
 * bench.h - the C face of Google Benchmark.
 *
 * A body is defined once, as a struct bench_body, and stands in one list. From
 * there it is registered with Google Benchmark (google.cc), compared with
 * others in pairs (gates.c), and run for the proof that it does what it says
 * (--quick).
 *
 *	unfit?  -> why not here; nothing else is called
 *	setup   -> work
 *	before, run(work, n), after		each chunk; run loops itself
 *	count(work)				grew by n, or the program ends
 *	teardown(work)
 *
 * run is given n and loops itself: a call for each turn would cost more than
 * what is measured.
 */
#ifndef CPUSLAB_BENCH_BENCH_H
#define CPUSLAB_BENCH_BENCH_H

#include "measure.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BENCH_NOINLINE __attribute__((noinline))
#define BENCH_ARGS 10u
#define BENCH_COUNTERS 12u
/* A label: what was to be measured is forbidden on this system. */
#define BENCH_NOT_ALLOWED "not allowed here"
/* Another: this run says nothing; try again. */
#define BENCH_DISTURBED "disturbed by other programs"

/* One run of a body. What a body is told, and what it tells. */
struct bench_run {
	const char *name; /* the body's */
	int64_t arg;      /* one of the body's */
	uint32_t threads; /* that run it at the same time */
	uint64_t n;       /* of each thread, if the body has a most; else 0 */
	bool quick;       /* the times mean nothing */
	/* Written by bench_run_*(); for setup, run by one thread, and done. */
	const char *label;
	uint32_t counters;
	struct bench_counter {
		const char *name;
		double value;
	} counter[BENCH_COUNTERS];
};

/* A number beside the time, and a word. Strings live as long as the program. */
void bench_run_counter(struct bench_run *run, const char *name, double value);
void bench_run_label(struct bench_run *run, const char *label);

enum {
	/*
	 * Threads from 1 to all CPUs run it at once on the same work,
	 * pinned (argument 1) and free (0).
	 */
	BENCH_THREADS = 1u << 0,
	/* Once for each run; the counters matter, not the time. */
	BENCH_ONCE = 1u << 1,
	/* The distribution of the chunks' times becomes counters. */
	BENCH_SPREAD = 1u << 2,
	/* Too slow to be repeated for long. */
	BENCH_SLOW = 1u << 3,
};

struct bench_body {
	/* name: "operation/way". arg is filled in with what setup returns. */
	struct measure_body how;
	unsigned int flags;
	const char *arg_name; /* NULL: the body has no argument */
	int64_t args[BENCH_ARGS];
	uint32_t arg_count;
	/* Why it cannot be done here, or NULL. May be NULL. */
	const char *(*unfit)(const struct bench_run *run);
	/* Never fails: ends the program instead. May be NULL, as teardown. */
	void *(*setup)(struct bench_run *run);
	/* Add counters. May be NULL. */
	void (*done)(void *work, struct bench_run *run);
	void (*teardown)(void *work);
};

/* The lists of this program, each ended by a body without a name. */
extern const struct bench_body *const bench_lists[];

/* The next of all bodies, or the first for NULL; NULL: no more. */
const struct bench_body *bench_next(const struct bench_body *body);
/* By name; NULL if this program has none. */
const struct bench_body *bench_find(const char *name);

/* setup, and the body as measure.h wants it. */
struct measure_body bench_begin(const struct bench_body *body,
				struct bench_run *run);
void bench_end(const struct bench_body *body, const struct measure_body *how);

/* What the machine is, for the report: "rseq" or "atomic", or "sim". */
const char *bench_mode(void);
/* Once, before any body. */
void bench_world_init(void);

/* ---- google.cc ------------------------------------------------------- */

struct bench_google_result {
	uint32_t ran;
	uint32_t skipped;
};

/* Takes argv as Google Benchmark does. Returns the exit status. */
int bench_google(int argc, char **argv, bool quick,
		 struct bench_google_result *result);
/* "key": value at the head of its reports. */
void bench_google_context(const char *key, const char *value);

#ifdef __cplusplus
}
#endif

#endif /* CPUSLAB_BENCH_BENCH_H */
