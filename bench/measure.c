/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "measure.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MEASURE_CPUS 65536

uint64_t measure_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void measure_die(const char *what, const char *why)
{
	fflush(stdout);
	fprintf(stderr, "cpuslab-bench: %s: %s\n", what, why);
	exit(2);
}

static int measure_compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Interpolate where @part falls between two values. */
static double measure_quantile(const double *sorted, uint32_t count,
			       double part)
{
	double at = part * (count - 1);
	uint32_t i = (uint32_t)at;

	if (i + 1 >= count)
		return sorted[count - 1];
	if (sorted[i + 1] == sorted[i])
		return sorted[i]; /* also if it is infinite */
	return sorted[i] + (at - i) * (sorted[i + 1] - sorted[i]);
}

struct measure_spread measure_spread(double *values, uint32_t count)
{
	struct measure_spread spread;

	qsort(values, count, sizeof(*values), measure_compare);
	spread.low = measure_quantile(values, count, 0.25);
	spread.median = measure_quantile(values, count, 0.5);
	spread.high = measure_quantile(values, count, 0.75);
	return spread;
}

uint64_t measure_chunk(const struct measure_body *body, uint64_t n)
{
	uint64_t before, start, end;

	if (body->before)
		body->before(body->arg, n);
	before = body->count(body->arg);
	start = measure_clock_ns();
	body->run(body->arg, n);
	end = measure_clock_ns();
	if (body->count(body->arg) - before != n)
		measure_die(body->name, "its count is wrong");
	if (body->after)
		body->after(body->arg, n);
	return end > start ? end - start : 1;
}

uint64_t measure_calibrate(const struct measure_plan *plan,
			   const struct measure_body *body,
			   uint64_t (*chunk)(const struct measure_body *body,
					     uint64_t n))
{
	uint64_t most = body->most ? body->most : UINT64_MAX / 2;
	uint64_t n = body->least ? body->least : 1, ns;

	chunk(body, n);
	for (;;) {
		ns = chunk(body, n);
		if (ns * 2 >= plan->chunk_ns || n == most)
			break;
		n = n * 2 < most ? n * 2 : most;
	}
	n = n * plan->chunk_ns / ns;
	if (n > most)
		n = most;
	if (n < body->least)
		n = body->least;
	return n ? n : 1;
}

static double *measure_array(uint32_t count)
{
	double *values = calloc(count, sizeof(*values));

	if (!values)
		measure_die("measure", "no memory");
	return values;
}

void measure_pair(const struct measure_plan *plan, const struct measure_body *a,
		  const struct measure_body *b, struct measure_result *result)
{
	double *as = measure_array(plan->chunks);
	double *bs = measure_array(plan->chunks);
	double *ratios = measure_array(plan->chunks);
	uint64_t na = measure_calibrate(plan, a, measure_chunk);
	uint64_t nb = measure_calibrate(plan, b, measure_chunk);
	uint32_t i;

	for (i = 0; i < plan->chunks; i++) {
		if (i % 2)
			bs[i] = (double)measure_chunk(b, nb) / (double)nb;
		as[i] = (double)measure_chunk(a, na) / (double)na;
		if (i % 2 == 0)
			bs[i] = (double)measure_chunk(b, nb) / (double)nb;
		ratios[i] = as[i] / bs[i];
	}
	result->a_ns = measure_spread(as, plan->chunks);
	result->b_ns = measure_spread(bs, plan->chunks);
	result->ratio = measure_spread(ratios, plan->chunks);
	result->chunks = plan->chunks;
	free(as);
	free(bs);
	free(ratios);
}

/* The CPUs that the program may use, read before anything is pinned. */
static const cpu_set_t *measure_allowed(void)
{
	static cpu_set_t *allowed;

	if (allowed)
		return allowed;
	allowed = CPU_ALLOC(MEASURE_CPUS);
	if (!allowed)
		measure_die("measure", "no memory");
	CPU_ZERO_S(CPU_ALLOC_SIZE(MEASURE_CPUS), allowed);
	if (sched_getaffinity(0, CPU_ALLOC_SIZE(MEASURE_CPUS), allowed))
		measure_die("measure", "cannot read the affinity mask");
	return allowed;
}

uint32_t measure_cpus(void)
{
	return (uint32_t)CPU_COUNT_S(CPU_ALLOC_SIZE(MEASURE_CPUS),
				     measure_allowed());
}

static bool measure_may(uint32_t cpu)
{
	return CPU_ISSET_S(cpu, CPU_ALLOC_SIZE(MEASURE_CPUS),
			   measure_allowed());
}

uint32_t measure_nth(uint32_t nth)
{
	uint32_t cpu;

	for (cpu = 0; cpu < MEASURE_CPUS; cpu++)
		if (measure_may(cpu) && !nth--)
			return cpu;
	measure_die("measure", "not enough CPUs");
	return cpu;
}

uint32_t measure_cpu_end(void)
{
	static uint32_t end;
	uint32_t cpu;

	for (cpu = 0; !end && cpu < MEASURE_CPUS; cpu++)
		if (measure_may(MEASURE_CPUS - 1 - cpu))
			end = MEASURE_CPUS - cpu;
	return end;
}

uint32_t measure_here(void)
{
	return (uint32_t)sched_getcpu();
}

static void measure_pin_to(uint32_t first, uint32_t second)
{
	size_t bytes = CPU_ALLOC_SIZE(MEASURE_CPUS);
	cpu_set_t *mask = CPU_ALLOC(MEASURE_CPUS);

	if (!mask)
		measure_die("measure", "no memory");
	CPU_ZERO_S(bytes, mask);
	CPU_SET_S(first, bytes, mask);
	CPU_SET_S(second, bytes, mask);
	if (sched_setaffinity(0, bytes, mask))
		measure_die("measure", "cannot set the affinity mask");
	CPU_FREE(mask);
}

uint32_t measure_pin(uint32_t nth)
{
	uint32_t cpu = measure_nth(nth);

	measure_pin_to(cpu, cpu);
	return cpu;
}

void measure_pin_pair(void)
{
	measure_pin_to(measure_nth(0), measure_nth(1));
}

void measure_unpin(void)
{
	sched_setaffinity(0, CPU_ALLOC_SIZE(MEASURE_CPUS), measure_allowed());
}
