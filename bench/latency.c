/* SPDX-License-Identifier: MIT */
/*
 * latency.c - does an operation take longer while CPUs are added and removed?
 *
 *	this CPU       | operations, each timed alone
 *	another CPU    | one of: nothing, changes, failures, growth
 *
 * A change removes and adds the CPU on which the changing thread runs, with all
 * that a slab does for it: fence, fold, grace period, admission. A failure is
 * an add that a later client refuses, so that what the slab has prepared is
 * undone. Growth allocates objects until the slab has many extents, and starts
 * again.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "platform.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "distribution.h"
#include "lists.h"
#include "ticks.h"

#define LATENCY_SLICE_NS 100000000u
#define LATENCY_QUICK_NS 20000000u
#define LATENCY_UNLIMITED 1000000 /* a rate that cannot be reached */
#define LATENCY_OBJECTS 4096u     /* of growth, before it starts again */
#define LATENCY_LARGE 512u        /* bytes of such an object */

struct latency {
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	struct cpuslab_counter counter;
	struct cpuslab_stack stack;
	struct cpuslab_node nodes[8];
	struct cpuslab_client client; /* refuses adds */
	struct cpuslab_percpu handles[LATENCY_OBJECTS];
	void (*disturb)(struct latency *latency);
	int64_t rate; /* disturbances a second; 0: none */
	uint64_t slice_ns;
	pthread_t thread;
	uint32_t other;
	uint32_t grown;            /* W thread */
	uint32_t stop;             /* W main; R thread */
	uint64_t changes;          /* W thread; R main */
	uint64_t operations;       /* W main */
	uint64_t slices;           /* W main */
	uint64_t empty;            /* W main; pops that found nothing */
	double ns_per_tick;        /* W main */
	struct distribution times; /* W main; of the last slice, in ticks */
};

static void latency_refused(int err)
{
	if (err)
		measure_die("latency", cpuslab_strerror(err));
}

/* ---- the other CPU ------------------------------------------------------ */

static void latency_change(struct latency *latency)
{
	latency_refused(cpuslab_domain_remove(latency->domain, latency->other));
	latency_refused(
		cpuslab_domain_add_start(latency->domain, latency->other));
	latency_refused(
		cpuslab_domain_add_complete(latency->domain, latency->other));
}

static int latency_refuse(struct cpuslab_client *client, uint32_t cpu)
{
	const struct latency *latency = client->arg;

	return cpuslab_load_acquire_u32(&latency->stop) ||
			       cpu != latency->other ?
		       0 :
		       -CPUSLAB_EAGAIN;
}

/* The slab prepares, the client refuses, the slab is undone. */
static void latency_fail(struct latency *latency)
{
	int err;

	latency_refused(cpuslab_domain_remove(latency->domain, latency->other));
	err = cpuslab_domain_add_start(latency->domain, latency->other);
	/* At the end of a slice the client no longer refuses. */
	if (err != -CPUSLAB_EAGAIN && !cpuslab_load_acquire_u32(&latency->stop))
		measure_die("latency", "an add was not refused");
}

static void latency_grow(struct latency *latency)
{
	static const struct cpuslab_type large = {
		.name = "bench_large",
		.size = LATENCY_LARGE,
		.flags = CPUSLAB_TYPE_DISCARD
	};
	uint32_t i;

	if (latency->grown == LATENCY_OBJECTS) {
		for (i = 0; i < LATENCY_OBJECTS; i++)
			cpuslab_free(latency->slab, &latency->handles[i]);
		latency->grown = 0;
	}
	latency_refused(cpuslab_alloc(latency->slab, &large,
				      &latency->handles[latency->grown++]));
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
		latency->disturb(latency);
		latency->changes++;
		if (latency->rate == LATENCY_UNLIMITED)
			continue;
		next += 1000000000u / (uint64_t)latency->rate;
		latency_sleep_until(next);
	}
	return NULL;
}

/* ---- a slice ------------------------------------------------------------ */

static void latency_before(void *arg, uint64_t n)
{
	struct latency *latency = arg;

	(void)n;
	latency->stop = 0;
	latency->changes = 0;
	memset(&latency->times, 0, sizeof(latency->times));
	if (latency->rate &&
	    pthread_create(&latency->thread, NULL, latency_thread, latency))
		measure_die("latency", "no thread");
}

static void latency_after(void *arg, uint64_t n)
{
	struct latency *latency = arg;

	(void)n;
	if (!latency->rate)
		return;
	cpuslab_store_release_u32(&latency->stop, 1);
	pthread_join(latency->thread, NULL);
	latency_refused(
		cpuslab_domain_add_complete(latency->domain, latency->other));
}

/*
 * With too few changes the other CPU was busy with something else, and the
 * slice proves nothing. Rates above 1000 a second depend on the machine.
 */
static bool latency_is_disturbed(const struct latency *latency)
{
	double rate = latency->rate < 1000 ? (double)latency->rate : 1000;
	double wanted = (double)latency->slice_ns / 1e9 * rate;

	return latency->rate && (double)latency->changes < wanted / 2;
}

#define LATENCY_SLICE(name_, operation_)                                       \
	static void name_(void *arg, uint64_t n)                               \
	{                                                                      \
		struct latency *latency = arg;                                 \
		struct distribution *times = &latency->times;                  \
		uint64_t begin = measure_clock_ns(), first = ticks_now();      \
		uint64_t end = begin + latency->slice_ns, now = begin;         \
		int i;                                                         \
                                                                               \
		(void)n;                                                       \
		for (; now < end; now = measure_clock_ns())                    \
			for (i = 0; i < 1000; i++) {                           \
				uint64_t start = ticks_now();                  \
                                                                               \
				operation_;                                    \
				distribution_record(times,                     \
						    ticks_now() - start);      \
			}                                                      \
		latency->ns_per_tick =                                         \
			(double)(now - begin) / (double)(ticks_now() - first); \
		latency->operations += times->total;                           \
		latency->slices++;                                             \
	}

static inline void latency_pair(struct latency *latency)
{
	struct cpuslab_node *node;

	if (cpuslab_stack_pop(&latency->stack, &node))
		latency->empty++;
	else
		cpuslab_stack_push(&latency->stack, node);
}

LATENCY_SLICE(latency_add, cpuslab_counter_add(&latency->counter, 1))
LATENCY_SLICE(latency_stack, latency_pair(latency))

/* A slice is valid if no add was lost. */
static uint64_t latency_add_count(void *arg)
{
	const struct latency *latency = arg;

	if (cpuslab_counter_sum(&latency->counter) != latency->operations)
		measure_die("latency", "adds were lost");
	return latency->slices;
}

/* A slice is valid if each pop found a node: no other CPU takes them. */
static uint64_t latency_stack_count(void *arg)
{
	const struct latency *latency = arg;

	if (latency->empty)
		measure_die("latency", "nodes were lost");
	return latency->slices;
}

/* ---- bodies ------------------------------------------------------------- */

static const char *latency_unfit(const struct bench_run *run)
{
	if (measure_cpus() < 2)
		return "needs two CPUs";
	return run->arg && cpuslab_port_uses_atomics() ?
		       "atomic mode: blocks are retained until a trim" :
		       NULL;
}

static struct latency *latency_setup(struct bench_run *run)
{
	struct latency *latency = calloc(1, sizeof(*latency));
	uint32_t i;

	if (!latency)
		measure_die("latency", "no memory");
	latency->domain = platform_domain_real();
	latency->slab = platform_slab(latency->domain);
	latency->rate = run->arg;
	latency->slice_ns = run->quick ? LATENCY_QUICK_NS : LATENCY_SLICE_NS;
	latency->other = measure_nth(1);
	latency->stop = 1;
	if (cpuslab_counter_init(&latency->counter, latency->slab) ||
	    cpuslab_stack_init(&latency->stack, latency->slab))
		measure_die("latency", "no object");
	for (i = 0; i < 8; i++)
		cpuslab_stack_push(&latency->stack, &latency->nodes[i]);
	return latency;
}

static void *latency_setup_change(struct bench_run *run)
{
	struct latency *latency = latency_setup(run);

	latency->disturb = latency_change;
	return latency;
}

static void *latency_setup_fail(struct bench_run *run)
{
	static const struct cpuslab_client_ops ops = { .start =
							       latency_refuse };
	struct latency *latency = latency_setup(run);

	latency->disturb = latency_fail;
	latency->client.ops = &ops;
	latency->client.name = "bench";
	latency->client.arg = latency;
	latency_refused(cpuslab_client_init(&latency->client, latency->domain));
	return latency;
}

static void *latency_setup_grow(struct bench_run *run)
{
	struct latency *latency = latency_setup(run);

	latency->disturb = latency_grow;
	return latency;
}

static void latency_teardown(void *arg)
{
	struct latency *latency = arg;

	if (latency->client.ops)
		cpuslab_client_fini(&latency->client);
	while (latency->grown)
		cpuslab_free(latency->slab,
			     &latency->handles[--latency->grown]);
	cpuslab_counter_fini(&latency->counter);
	cpuslab_stack_fini(&latency->stack);
	cpuslab_slab_destroy(latency->slab);
	cpuslab_domain_destroy(latency->domain);
	free(latency);
}

/* The distribution, for the report. */
static void latency_done(void *arg, struct bench_run *run)
{
	static const struct {
		const char *name;
		double part;
	} parts[] = { { "p10_ns", .1 },     { "p50_ns", .5 },
		      { "p90_ns", .9 },     { "p99_ns", .99 },
		      { "p99.9_ns", .999 }, { "p99.99_ns", .9999 },
		      { "max_ns", 1 } };
	const struct latency *latency = arg;
	size_t i;

	if (latency_is_disturbed(latency)) {
		bench_run_label(run, BENCH_DISTURBED);
		return;
	}
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		bench_run_counter(run, parts[i].name,
				  (double)distribution_quantile(&latency->times,
								parts[i].part) *
					  latency->ns_per_tick);
	bench_run_counter(run, "changes_per_second",
			  (double)latency->changes * 1e9 /
				  (double)latency->slice_ns);
	bench_run_counter(run, "operations", (double)latency->times.total);
}

#define LATENCY_BODY(operation_, scene_, setup_, count_, ...)                  \
	{                                                                      \
		.how = { .name = "latency/" #operation_ "/" scene_,            \
			 .run = latency_##operation_,                          \
			 .before = latency_before,                             \
			 .after = latency_after,                               \
			 .count = latency_##operation_##_count,                \
			 .most = 1 },                                          \
		.flags = BENCH_ONCE, .arg_name = "rate",                       \
		.args = { __VA_ARGS__ }, .arg_count = count_,                  \
		.unfit = latency_unfit, .setup = setup_, .done = latency_done, \
		.teardown = latency_teardown                                   \
	}

#define LATENCY_BODIES(operation_)                                             \
	LATENCY_BODY(operation_, "changes", latency_setup_change, 5, 0, 100,   \
		     1000, 10000, LATENCY_UNLIMITED),                          \
		LATENCY_BODY(operation_, "failures", latency_setup_fail, 1,    \
			     1000),                                            \
		LATENCY_BODY(operation_, "growth", latency_setup_grow, 1,      \
			     10000)

const struct bench_body latency_bodies[] = {
	LATENCY_BODIES(add),
	LATENCY_BODIES(stack),
	{ .how = { .name = NULL } },
};
