/* SPDX-License-Identifier: MIT */
/*
 * measure.h - compare two ways to do the same thing on a machine that is busy.
 *
 *	round 0:  A B      Each letter is a chunk: one call of a body with an
 *	round 1:  B A      n that takes 1 to 2 ms. A disturbance affects both
 *	round 2:  A B      halves of a round alike, so the ratio within a round
 *	...                is more reliable than any single time.
 *
 * The result is the median over the rounds, with the quartiles.
 */
#ifndef CPUSLAB_BENCH_MEASURE_H
#define CPUSLAB_BENCH_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Code to measure. */
struct measure_body {
	const char *name;
	void *arg;
	/* Do it @n times. Only this is timed. */
	void (*run)(void *arg, uint64_t n);
	/* Optional. Called around each chunk, not timed. */
	void (*before)(void *arg, uint64_t n);
	void (*after)(void *arg, uint64_t n);
	/* How often it was done, read from its results. Required. */
	uint64_t (*count)(void *arg);
	uint64_t least; /* minimum n of a chunk */
	uint64_t most;  /* maximum n of a chunk; 0: none */
};

struct measure_plan {
	uint32_t chunks; /* of each body */
	uint64_t chunk_ns;
};

struct measure_spread {
	double low; /* first quartile */
	double median;
	double high; /* third quartile */
};

struct measure_result {
	struct measure_spread a_ns; /* per turn */
	struct measure_spread b_ns;
	struct measure_spread ratio; /* a / b */
	uint32_t chunks;
};

uint64_t measure_clock_ns(void);

/*
 * Run one chunk and return its nanoseconds. Ends the program if the body's
 * count is wrong.
 */
uint64_t measure_chunk(const struct measure_body *body, uint64_t n);

/*
 * The n with which a chunk of @body is as long as planned. @chunk runs one and
 * returns its nanoseconds, like measure_chunk().
 */
uint64_t measure_calibrate(const struct measure_plan *plan,
			   const struct measure_body *body,
			   uint64_t (*chunk)(const struct measure_body *body,
					     uint64_t n));

/**
 * measure_pair() - run @a and @b in alternation.
 *
 * Ends the program with a message if a body's count is wrong, because its time
 * would be meaningless.
 */
void measure_pair(const struct measure_plan *plan, const struct measure_body *a,
		  const struct measure_body *b, struct measure_result *result);

/* The median and quartiles of @values, which are sorted. */
struct measure_spread measure_spread(double *values, uint32_t count);

/* Pin the caller to the @nth CPU that it may use; returns its number. */
uint32_t measure_pin(uint32_t nth);
/* Pin the caller to the first two of these CPUs. */
void measure_pin_pair(void);
/* Let the caller use all of them again. */
void measure_unpin(void);
/* The number of the @nth CPU. */
uint32_t measure_nth(uint32_t nth);
/* How many CPUs the program may use. */
uint32_t measure_cpus(void);
/* The highest of their numbers, plus one. */
uint32_t measure_cpu_end(void);
/* The caller's CPU; only a hint if it is not pinned. */
uint32_t measure_here(void);

/* Print a line on stderr and exit: the measurement would be meaningless. */
__attribute__((noreturn)) void measure_die(const char *what, const char *why);

#ifdef __cplusplus
}
#endif

#endif /* CPUSLAB_BENCH_MEASURE_H */
