/* SPDX-License-Identifier: MIT */
/*
 * latency.c - does an add take longer while processors come and go?
 *
 *	this processor    | adds, each timed | adds, each timed | ...
 *	another one       | nothing          | 1000 changes/s   | ...
 *
 * A change is a removal and an addition of the processor on which the changing
 * thread runs, with all that a slab does for it: fence, fold, grace period,
 * admission. A slice is a round's half; p99.9 is taken of each slice.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "bench.h"

#include <pthread.h>
#include <time.h>

#include "histogram.h"
#include "ticks.h"

#define LATENCY_PART 0.999
#define LATENCY_CHANGES 1000u /* a second */
#define LATENCY_SLICE_NS 100000000u
#define LATENCY_GOAL 1.5

struct latency {
	struct cpuslab_domain *domain;
	struct cpuslab_counter counter;
	uint32_t other;             /* W before the thread starts */
	uint32_t storm;             /* W main; R thread */
	uint32_t stop;              /* W main; R thread */
	uint64_t changes;           /* W thread; R main */
	uint64_t adds;              /* W main */
	struct histogram histogram; /* W main */
};

static void latency_change(struct latency *latency)
{
	if (cpuslab_domain_remove(latency->domain, latency->other) ||
	    cpuslab_domain_add_start(latency->domain, latency->other) ||
	    cpuslab_domain_add_complete(latency->domain, latency->other))
		measure_die("latency", "a change was refused");
	cpuslab_store_relaxed_u64(&latency->changes, latency->changes + 1);
}

static void latency_sleep_until(uint64_t ns)
{
	struct timespec when = { (time_t)(ns / 1000000000u),
				 (long)(ns % 1000000000u) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL))
		;
}

static void *latency_thread(void *arg)
{
	struct latency *latency = arg;
	uint64_t next = measure_clock_ns();

	measure_pin(1);
	while (!cpuslab_load_acquire_u32(&latency->stop)) {
		if (cpuslab_load_acquire_u32(&latency->storm))
			latency_change(latency);
		next += 1000000000u / LATENCY_CHANGES;
		latency_sleep_until(next);
	}
	return NULL;
}

/* p99.9 in ticks. */
static double latency_slice(struct latency *latency, uint64_t slice_ns,
			    bool storm)
{
	struct histogram *histogram = &latency->histogram;
	uint64_t end = measure_clock_ns() + slice_ns;
	int i;

	memset(histogram, 0, sizeof(*histogram));
	cpuslab_store_release_u32(&latency->storm, storm);
	while (measure_clock_ns() < end) {
		for (i = 0; i < 1000; i++) {
			uint64_t start = ticks_now();

			cpuslab_counter_add(&latency->counter, 1);
			histogram_note(histogram, ticks_now() - start);
		}
	}
	cpuslab_store_release_u32(&latency->storm, 0);
	latency->adds += histogram->total;
	return (double)histogram_quantile(histogram, LATENCY_PART);
}

static void latency_rounds(struct latency *latency, uint32_t rounds,
			   uint64_t slice_ns, struct measure_result *result)
{
	double quiet[64], stormy[64], ratio[64];
	uint32_t i;

	latency_slice(latency, slice_ns, true);
	for (i = 0; i < rounds; i++) {
		if (i % 2)
			stormy[i] = latency_slice(latency, slice_ns, true);
		quiet[i] = latency_slice(latency, slice_ns, false);
		if (i % 2 == 0)
			stormy[i] = latency_slice(latency, slice_ns, true);
		ratio[i] = stormy[i] / quiet[i];
	}
	result->a_ns = measure_spread(stormy, rounds);
	result->b_ns = measure_spread(quiet, rounds);
	result->ratio = measure_spread(ratio, rounds);
	result->chunks = rounds;
}

/* A storm that was none would prove nothing. */
static void latency_check(const struct latency *latency, uint64_t slice_ns,
			  uint32_t rounds)
{
	double wanted = (double)slice_ns / 1e9 * LATENCY_CHANGES * (rounds + 1);

	if ((double)latency->changes < wanted / 2)
		measure_die("latency", "too few changes were made");
	if (cpuslab_counter_sum(&latency->counter) != latency->adds)
		measure_die("latency", "adds were lost");
}

static void latency_measure(struct bench *bench, struct latency *latency)
{
	uint64_t slice_ns = bench->quick ? 20000000u : LATENCY_SLICE_NS;
	uint32_t rounds = bench->quick ? 3 : 31;
	struct measure_result result;
	struct table_row row = { .group = "latency while processors change",
				 .name = "p99.9 of add, 1000 changes/s",
				 .unit = "ticks",
				 .rival = "quiet",
				 .kind = TABLE_RATIO,
				 .goal = LATENCY_GOAL };
	pthread_t thread;

	bench_progress(row.name);
	if (pthread_create(&thread, NULL, latency_thread, latency))
		measure_die("latency", "no thread");
	latency_rounds(latency, rounds, slice_ns, &result);
	cpuslab_store_release_u32(&latency->stop, 1);
	pthread_join(thread, NULL);
	latency_check(latency, slice_ns, rounds);
	row.value = result.a_ns;
	row.rival_value = result.b_ns;
	row.ratio = result.ratio;
	table_add(&bench->table, &row);
}

void bench_latency(struct bench *bench)
{
	static struct latency latency;
	struct cpuslab_slab *slab;
	uint32_t here;

	if (measure_cpus() < 2) {
		bench_progress("latency: needs two processors, left out");
		return;
	}
	/* Both numbers are needed; the second pin is the one that stays. */
	latency.other = measure_pin(1);
	here = measure_pin(0);
	latency.domain = bench_domain(BENCH_LIMIT_LARGE, here);
	if (cpuslab_domain_add_complete(latency.domain, latency.other))
		measure_die("latency", "the other processor is refused");
	slab = bench_slab(latency.domain);
	if (cpuslab_counter_init(&latency.counter, slab))
		measure_die("latency", "no counter");
	latency_measure(bench, &latency);
	cpuslab_counter_fini(&latency.counter);
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(latency.domain);
}
