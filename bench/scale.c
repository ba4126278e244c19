/* SPDX-License-Identifier: MIT */
/*
 * scale.c - the bodies of a curve, run by 1, 2, 3, 4, 6, 8, ... threads, each
 * on a CPU of its own, up to all CPUs.
 *
 *	round 0:  A by k threads  B by k  A by one  B by one
 *	round 1:  B by one  A by one  B by k  A by k
 *	...
 *
 * A is cpuslab, B a rival. A chunk is a part of 2 ms; its time is the mean of
 * the threads' times. The results are medians of the ratios within a round:
 *
 *	scaling		by k threads / by one, of each body
 *	ratio		A / B, by k threads
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "scale.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "lists.h"
#include "table.h"

#define SCALE_BODIES 5u
#define SCALE_SIDES (2 * SCALE_BODIES)
#define SCALE_ROUNDS 40u
#define SCALE_CHUNK_NS 2000000u

struct scale_curve {
	const char *name;
	const char *what;
	const char *bodies[SCALE_BODIES]; /* cpuslab's, then rivals */
};

static const struct scale_curve scale_curves[] = {
	{ "add",
	  "each thread adds to a counter",
	  { "add/cpuslab", "add/librseq", "add/getcpu-atomic",
	    "add/shared-atomic" } },
	{ "stack",
	  "each thread pops a node and pushes it",
	  { "stack/cpuslab", "stack/librseq", "stack/ck_stack" } },
	{ "cache",
	  "each thread allocates an object and frees it",
	  { "cache/cpuslab", "cache/malloc", "cache/jemalloc" } },
	{ "pass",
	  "each thread allocates an object, the next thread frees it",
	  { "pass/cpuslab", "pass/malloc", "pass/jemalloc" } },
	{ "sums",
	  "one thread sums while all others add",
	  { "sums/cpuslab", "sums/array" } },
	{ "hot-add",
	  "each thread adds while another CPU is removed and added, against "
	  "adds without that",
	  { "hot-add/cpuslab", "add/cpuslab" } },
};

/* ---- threads ------------------------------------------------------------- */

/* The threads of a point; the caller is the first of them. */
static struct scale_crew {
	pthread_mutex_t mutex;
	pthread_cond_t more;
	pthread_t *threads;
	uint32_t count;
	bool ends;      /* W main, under the mutex */
	uint64_t chunk; /* likewise */
	const struct measure_body *how;
	uint64_t n;
	uint64_t started; /* W each thread, like the next two */
	uint64_t done;
	uint64_t ns; /* of all threads */
} scale_crew = {
	.mutex = PTHREAD_MUTEX_INITIALIZER,
	.more = PTHREAD_COND_INITIALIZER,
};

static uint64_t scale_count(void *arg)
{
	return __atomic_load_n((uint64_t *)arg, __ATOMIC_ACQUIRE);
}

/* All threads begin when the last one has arrived. */
static void scale_share(struct scale_crew *crew)
{
	uint64_t start;

	__atomic_fetch_add(&crew->started, 1, __ATOMIC_ACQ_REL);
	lists_wait(scale_count, &crew->started, crew->count);
	start = measure_clock_ns();
	crew->how->run(crew->how->arg, crew->n);
	__atomic_fetch_add(&crew->ns, measure_clock_ns() - start,
			   __ATOMIC_RELAXED);
	__atomic_fetch_add(&crew->done, 1, __ATOMIC_RELEASE);
}

static void *scale_thread(void *arg)
{
	struct scale_crew *crew = &scale_crew;
	uint64_t chunk = 0;

	measure_pin((uint32_t)(uintptr_t)arg);
	for (;;) {
		pthread_mutex_lock(&crew->mutex);
		while (crew->chunk == chunk && !crew->ends)
			pthread_cond_wait(&crew->more, &crew->mutex);
		chunk = crew->chunk;
		pthread_mutex_unlock(&crew->mutex);
		if (crew->ends)
			return NULL;
		scale_share(crew);
	}
}

static void scale_crew_init(struct scale_crew *crew, uint32_t count)
{
	uintptr_t i;

	crew->count = count;
	crew->ends = false;
	crew->chunk = 0;
	crew->threads = calloc(count, sizeof(*crew->threads));
	if (!crew->threads)
		measure_die("scale", "no memory");
	for (i = 1; i < count; i++)
		if (pthread_create(&crew->threads[i], NULL, scale_thread,
				   (void *)i))
			measure_die("scale", "cannot start a thread");
}

static void scale_crew_fini(struct scale_crew *crew)
{
	uint32_t i;

	pthread_mutex_lock(&crew->mutex);
	crew->ends = true;
	pthread_cond_broadcast(&crew->more);
	pthread_mutex_unlock(&crew->mutex);
	for (i = 1; i < crew->count; i++)
		pthread_join(crew->threads[i], NULL);
	free(crew->threads);
}

/* Returns the mean time of the threads. */
static uint64_t scale_together(struct scale_crew *crew,
			       const struct measure_body *how, uint64_t n)
{
	pthread_mutex_lock(&crew->mutex);
	crew->how = how;
	crew->n = n;
	crew->started = 0;
	crew->done = 0;
	crew->ns = 0;
	crew->chunk++;
	pthread_cond_broadcast(&crew->more);
	pthread_mutex_unlock(&crew->mutex);
	scale_share(crew);
	lists_wait(scale_count, &crew->done, crew->count);
	return crew->ns / crew->count;
}

/* ---- sides --------------------------------------------------------------- */

/* A body, run by all threads of the point or by one. */
struct scale_side {
	const struct bench_body *body;
	struct bench_run run;
	struct measure_body how;
	const char *why; /* it cannot run */
	uint64_t n;      /* of a chunk, for each thread */
	double ns[SCALE_ROUNDS];
};

static uint64_t scale_chunk(const struct measure_body *how, uint64_t n)
{
	const struct scale_side *side = how->arg;
	uint64_t all = n * side->run.threads, before, start, ns;

	how = &side->how;
	if (how->before)
		how->before(how->arg, all);
	before = how->count(how->arg);
	if (side->run.threads > 1) {
		ns = scale_together(&scale_crew, how, n);
	} else {
		start = measure_clock_ns();
		how->run(how->arg, n);
		ns = measure_clock_ns() - start;
	}
	if (how->count(how->arg) - before != all)
		measure_die(how->name, "its count is wrong");
	if (how->after)
		how->after(how->arg, all);
	return ns ? ns : 1;
}

static void scale_begin(struct scale_side *side, const char *name,
			uint32_t threads, const struct measure_plan *plan)
{
	struct measure_body whole = { .arg = side };

	side->run.name = name;
	side->run.threads = threads;
	side->body = bench_find(name);
	if (!side->body)
		side->why = "built without it";
	else if (side->body->unfit)
		side->why = side->body->unfit(&side->run);
	if (side->why)
		return;
	side->how = bench_begin(side->body, &side->run);
	measure_pin(0);
	side->n = measure_calibrate(plan, &whole, scale_chunk);
}

static void scale_one(struct scale_side *side, uint32_t round)
{
	struct measure_body whole = { .arg = side };

	if (!side->why)
		side->ns[round] =
			(double)scale_chunk(&whole, side->n) / (double)side->n;
}

static struct measure_spread scale_ratio(const struct scale_side *a,
					 const struct scale_side *b,
					 uint32_t rounds)
{
	double ratios[SCALE_ROUNDS];
	uint32_t i;

	for (i = 0; i < rounds; i++)
		ratios[i] = a->ns[i] / b->ns[i];
	return measure_spread(ratios, rounds);
}

/* ---- points -------------------------------------------------------------- */

struct scale_point {
	struct scale_side sides[SCALE_SIDES]; /* by all, then by one */
	uint32_t bodies;
	uint32_t threads;
	uint32_t rounds;
};

static void scale_measure(struct scale_point *point,
			  const struct scale_curve *curve,
			  const struct measure_plan *plan)
{
	uint32_t i, round, count;

	for (i = 0; i < SCALE_BODIES && curve->bodies[i]; i++) {
		scale_begin(&point->sides[i], curve->bodies[i], point->threads,
			    plan);
		point->bodies = i + 1;
	}
	count = point->bodies;
	if (point->threads > 1)
		for (; count < 2 * point->bodies; count++)
			scale_begin(&point->sides[count],
				    curve->bodies[count - point->bodies], 1,
				    plan);
	for (round = 0; round < point->rounds; round++)
		for (i = 0; i < count; i++)
			scale_one(&point->sides[round % 2 ? count - 1 - i : i],
				  round);
	for (i = 0; i < count; i++)
		if (!point->sides[i].why)
			bench_end(point->sides[i].body, &point->sides[i].how);
}

static void scale_json_side(const struct scale_point *point, uint32_t i,
			    FILE *to)
{
	const struct scale_side *side = &point->sides[i], *self = point->sides;
	const struct scale_side *one =
		point->threads > 1 ? side + point->bodies : side;
	struct measure_spread spread;
	double ns[SCALE_ROUNDS];

	fprintf(to, "   {\"threads\": %u", (unsigned int)point->threads);
	json_member(", ", "body", side->run.name, to);
	if (side->why || one->why) {
		json_member(", ", "skipped", side->why ? side->why : one->why,
			    to);
		fputs("}", to);
		return;
	}
	memcpy(ns, side->ns, sizeof(ns));
	spread = measure_spread(ns, point->rounds);
	table_json_spread("ns", &spread, to);
	spread = scale_ratio(side, one, point->rounds);
	table_json_spread("scaling", &spread, to);
	if (side != self && !self->why) {
		spread = scale_ratio(self, side, point->rounds);
		table_json_spread("ratio", &spread, to);
	}
	fputc('}', to);
}

static void scale_point(const struct scale_curve *curve, uint32_t threads,
			bool quick, FILE *to)
{
	struct scale_point point = { .threads = threads,
				     .rounds = quick ? 2 : SCALE_ROUNDS };
	struct measure_plan plan = { .chunk_ns = quick ? 100000 :
							 SCALE_CHUNK_NS };
	uint32_t i;

	fprintf(stderr, "  %s, threads: %u\n", curve->name,
		(unsigned int)threads);
	measure_pin(0);
	scale_crew_init(&scale_crew, threads);
	scale_measure(&point, curve, &plan);
	scale_crew_fini(&scale_crew);
	measure_unpin();
	for (i = 0; i < point.bodies; i++) {
		fputs(threads == 1 && i == 0 ? "\n" : ",\n", to);
		scale_json_side(&point, i, to);
	}
}

/* 1, 2, 3, 4, 6, 8, 12, 16, ..., @most, then 0. */
static uint32_t scale_next(uint32_t threads, uint32_t most)
{
	uint32_t next = threads & (threads - 1) ? threads / 3 * 4 :
			threads == 1            ? 2 :
						  threads / 2 * 3;

	return threads == most ? 0 : next < most ? next : most;
}

void scale_run(bool quick, FILE *to)
{
	size_t i, count = sizeof(scale_curves) / sizeof(scale_curves[0]);
	uint32_t threads;

	fputs("[\n", to);
	for (i = 0; i < count; i++) {
		const struct scale_curve *curve = &scale_curves[i];

		json_member("  {", "name", curve->name, to);
		json_member(", ", "what", curve->what, to);
		fputs(", \"points\": [", to);
		for (threads = 1; threads;
		     threads = scale_next(threads, measure_cpus()))
			scale_point(curve, threads, quick, to);
		fputs(i + 1 < count ? "]},\n" : "]}\n", to);
	}
	fputs("]", to);
}
