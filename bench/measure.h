/* SPDX-License-Identifier: MIT */
/*
 * measure.h - compare two ways to do the same on a machine that is never
 * quiet.
 *
 *	round 0:  A B      Each letter is a chunk: one call of a body with an
 *	round 1:  B A      n that takes 1-2 ms. What disturbs a round disturbs
 *	round 2:  A B      both halves of it alike, so the ratio within a round
 *	...                says more than any time does.
 *
 * Reported: the median over the rounds, and the quartiles on either side.
 */
#ifndef CPUSLAB_BENCH_MEASURE_H
#define CPUSLAB_BENCH_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One way to do it. */
struct measure_body {
	const char *name;
	void *arg;
	/* Do it @n times; loops itself. The only part that is timed. */
	void (*run)(void *arg, uint64_t n);
	/* Around each chunk, not timed; may be NULL. */
	void (*before)(void *arg, uint64_t n);
	void (*after)(void *arg, uint64_t n);
	/* How often it was done, by what it did: the proof. Required. */
	uint64_t (*count)(void *arg);
	uint64_t least; /* smallest n of a chunk, however long it takes */
	uint64_t most;  /* largest n of a chunk; 0: no bound */
};

struct measure_plan {
	uint32_t chunks; /* of each body */
	uint64_t chunk_ns;
};

struct measure_spread {
	double low; /* a quarter lies below */
	double median;
	double high; /* a quarter lies above */
};

struct measure_result {
	struct measure_spread a_ns; /* for each time it is done */
	struct measure_spread b_ns;
	struct measure_spread ratio; /* a / b */
	uint32_t chunks;
};

uint64_t measure_clock_ns(void);

/*
 * One chunk, proved by its count; the nanoseconds of it all. Ends the program
 * if the count is wrong.
 */
uint64_t measure_chunk(const struct measure_body *body, uint64_t n);

/**
 * measure_pair() - run @a and @b side by side.
 *
 * Ends the program with a message if what a body counted is not what it was
 * asked to do: such a time means nothing.
 */
void measure_pair(const struct measure_plan *plan, const struct measure_body *a,
		  const struct measure_body *b, struct measure_result *result);

/* One alone, where there is nothing to compare with. */
void measure_one(const struct measure_plan *plan, const struct measure_body *a,
		 struct measure_spread *ns);

/* Sorts @values. */
struct measure_spread measure_spread(double *values, uint32_t count);

/* Stay on one of the CPUs that the caller may use: the @nth. */
uint32_t measure_pin(uint32_t nth);
/* The first two of them. */
void measure_pin_pair(void);
/* All of them again. */
void measure_unpin(void);
/* The number of the @nth. */
uint32_t measure_nth(uint32_t nth);
/* How many that are. */
uint32_t measure_cpus(void);
/* One more than the highest number among them. */
uint32_t measure_cpu_end(void);
/* Where the caller runs; only a hint if it is not pinned. */
uint32_t measure_here(void);

/* One line on stderr, and the end: the measurement would mean nothing. */
void measure_die(const char *what, const char *why);

#ifdef __cplusplus
}
#endif

#endif /* CPUSLAB_BENCH_MEASURE_H */
