/* SPDX-License-Identifier: MIT */
/*
 * bench.h - the C face of Google Benchmark.
 *
 * A body is the code to measure. It is defined once, as a struct bench_body, in
 * one of the lists. From there it is registered with Google Benchmark
 * (google.cc), compared with other bodies in pairs (gates.c), and checked to do
 * what it says (--quick).
 *
 *	unfit			why it cannot run here; then nothing else is
 *				called
 *	setup			returns work
 *	before, run(n), after	for each chunk; run loops n times
 *	count			must have grown by n, or the program ends
 *	teardown
 *
 * run loops by itself because a call for each turn would cost more than what is
 * measured.
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
/* A label: the system forbids what was to be measured. */
#define BENCH_NOT_ALLOWED "not allowed here"
/* A label: the result of this run is meaningless, try again. */
#define BENCH_DISTURBED "disturbed by other programs"

/* One run of a body: its arguments and its results. */
struct bench_run {
	const char *name; /* of the body */
	int64_t arg;      /* one of the body's args */
	uint32_t threads; /* that run it at the same time */
	uint64_t n;       /* per thread, if the body limits it; else 0 */
	bool quick;       /* times are meaningless */
	/* Results: written by bench_run_*(), from setup, run and done. */
	const char *label;
	uint32_t counters;
	struct bench_counter {
		const char *name;
		double value;
	} counter[BENCH_COUNTERS];
};

/* Add a number or a word to the result. Strings live until the end. */
void bench_run_counter(struct bench_run *run, const char *name, double value);
void bench_run_label(struct bench_run *run, const char *label);

enum {
	/*
	 * From 1 to as many threads as there are CPUs run it at once on the
	 * same work, pinned (argument 1) and not pinned (0).
	 */
	BENCH_THREADS = 1u << 0,
	/* Run once; the counters matter, not the time. */
	BENCH_ONCE = 1u << 1,
	/* Report the distribution of the chunks' times as counters. */
	BENCH_SPREAD = 1u << 2,
	/* Slow: repeat it less. */
	BENCH_SLOW = 1u << 3,
};

struct bench_body {
	/* name is "operation/way"; arg will be what setup returns. */
	struct measure_body how;
	unsigned int flags;
	const char *arg_name; /* NULL: the body has no argument */
	int64_t args[BENCH_ARGS];
	uint32_t arg_count;
	/* Optional. Returns why the body cannot run here, or NULL. */
	const char *(*unfit)(const struct bench_run *run);
	/* Optional, like teardown. Ends the program if it fails. */
	void *(*setup)(struct bench_run *run);
	/* Optional. Adds counters. */
	void (*done)(void *work, struct bench_run *run);
	void (*teardown)(void *work);
};

/* The lists of this program; a body without a name ends each. */
extern const struct bench_body *const bench_lists[];

/* The body after @body, or the first one for NULL; NULL at the end. */
const struct bench_body *bench_next(const struct bench_body *body);
/* The body of that name, or NULL. */
const struct bench_body *bench_find(const char *name);

/* Call setup; returns the body in the form of measure.h. */
struct measure_body bench_begin(const struct bench_body *body,
				struct bench_run *run);
void bench_end(const struct bench_body *body, const struct measure_body *how);

/* For the report: "rseq", "atomic" or "sim". */
const char *bench_mode(void);
/* Call once, before any body. */
void bench_world_init(void);

/* ---- google.cc ------------------------------------------------------- */

struct bench_google_result {
	uint32_t ran;
	uint32_t skipped;
};

/* Takes the options of Google Benchmark; returns the exit status. */
int bench_google(int argc, char **argv, bool quick,
		 struct bench_google_result *result);
/* Add "key": value to the head of the reports. */
void bench_google_context(const char *key, const char *value);

#ifdef __cplusplus
}
#endif

#endif /* CPUSLAB_BENCH_BENCH_H */
