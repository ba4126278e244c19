/* SPDX-License-Identifier: MIT */
/*
 * gates.c - the rows of the table: one body against another, in chunks.
 */
#include "gates.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#define GATES_FEW 20u
#define GATES_CHUNKS 100u
#define GATES_CHUNK_NS 1500000u
#define GATES_ROUNDS 11u /* of bodies with BENCH_ONCE */
#define GATES_TRIES 50u
#define GATES_SAMPLES 3u /* of bodies without a rival */

struct gates_group {
	const char *name;
	const char *mode; /* of the process that measures it; NULL: any */
};

struct gates_row {
	const struct gates_group *group;
	/* A goal for the ratio, or without a rival for the value; 0: none. */
	double goal;
	const char *self; /* a body, with one of its arguments */
	int64_t self_arg;
	const char *rival; /* likewise; NULL: self is measured alone */
	int64_t rival_arg;
	const char *counter; /* NULL: the time */
};

static const struct gates_group gates_add = { "add 1 to this CPU's counter",
					      "rseq" };
static const struct gates_group gates_atomic = {
	"add 1 in atomic mode, where a process has no rseq", "atomic"
};
static const struct gates_group gates_other = { "other operations", "rseq" };
static const struct gates_group gates_structures = { "structures", "rseq" };
static const struct gates_group gates_rings = { "records of 64 bytes", "rseq" };
static const struct gates_group gates_objects = { "slabs and objects", NULL };
static const struct gates_group gates_sums = { "sums", NULL };
static const struct gates_group gates_memory = {
	"memory of 1000 objects of 64 bytes", NULL
};
static const struct gates_group gates_storm = {
	"while CPUs are added and removed", NULL
};

static const char gates_p999[] = "p99.9_ns";
static const char gates_kb[] = "kB";

static const struct gates_row gates_rows[] = {
	{ &gates_add, 1.0, "add/cpuslab", 0, "add/librseq", 0, NULL },
	{ &gates_add, 0.95, "add/cpuslab-keep", 0, "add/librseq", 0, NULL },
	{ &gates_add, 0.35, "add/cpuslab", 0, "add/getcpu-atomic", 0, NULL },
	{ &gates_add, 0, "add/cpuslab", 0, "add/rseq-cpu-id-atomic", 0, NULL },
	{ &gates_add, 0, "add/cpuslab", 0, "add/getcpu-ck_pr", 0, NULL },
	{ &gates_add, 0, "add/cpuslab", 0, "add/urcu-atomic", 0, NULL },
	{ &gates_add, 0, "add/cpuslab", 0, "add/shared-atomic", 0, NULL },
	{ &gates_add, 0, "add/cpuslab", 0, "add/mutex", 0, NULL },
	{ &gates_add, 0, "add/cpuslab", 0, "add/spinlock", 0, NULL },
	{ &gates_add, 0, "add/cpuslab", 0, "add/thread-local", 0, NULL },
	{ &gates_add, 0, "add/cpuslab", 0, "add/cpuslab-keep", 0, NULL },
	{ &gates_add, 0, "add/cpuslab-percid", 0, "add/cpuslab", 0, NULL },
	{ &gates_add, 0, "add/cpuslab-percid-plain", 0, "add/cpuslab", 0,
	  NULL },
	{ &gates_add, 1.05, "add/cpuslab-musl", 0, "add/cpuslab-glibc", 0,
	  NULL },

	{ &gates_atomic, 1.3, "add/cpuslab", 0, "add/getcpu-atomic", 0, NULL },

	{ &gates_other, 1.0, "stack/cpuslab", 0, "stack/librseq", 0, NULL },
	{ &gates_other, 0, "stack/cpuslab-keep", 0, "stack/librseq", 0, NULL },
	{ &gates_other, 0, "stack/cpuslab", 0, "stack/ck_stack", 0, NULL },
	{ &gates_other, 0, "stack/cpuslab", 0, "stack/malloc", 0, NULL },
	{ &gates_other, 1.0, "cmpstore/cpuslab", 0, "cmpstore/librseq", 0,
	  NULL },
	{ &gates_other, 1.0, "append/cpuslab", 0, "append/librseq", 0, NULL },
	{ &gates_other, 1.0, "append-fresh/cpuslab", 0, "append-fresh/librseq",
	  0, NULL },
	{ &gates_other, 0, "append/cpuslab", 0, "append/getcpu-atomic", 0,
	  NULL },
	{ &gates_other, 0, "snapshot/cpuslab", 0, "snapshot/urcu", 0, NULL },

	{ &gates_structures, 0.4, "cache/cpuslab", 0, "cache/malloc", 0, NULL },
	{ &gates_structures, 0.6, "cache/cpuslab", 0, "cache/jemalloc", 0,
	  NULL },
	{ &gates_structures, 1.0, "mailbox/cpuslab", 0, "mailbox/ck_ring", 0,
	  NULL },
	{ &gates_structures, 1.0, "workers/cpuslab", 0, "workers/mutex-queue",
	  0, NULL },
	{ &gates_structures, 1.0, "ping-pong/cpuslab", 0,
	  "ping-pong/mutex-queue", 0, NULL },
	{ &gates_structures, 2.5, "approx/cpuslab", 0, "add/cpuslab", 0, NULL },
	{ &gates_structures, 1.1, "steering/cpuslab", 0, "steering/array", 0,
	  NULL },
	{ &gates_structures, 0, "histogram/cpuslab", 0, "add/cpuslab", 0,
	  NULL },
	{ &gates_structures, 0, "refcount/cpuslab", 0, "refcount/atomic", 0,
	  NULL },

	{ &gates_rings, 1.0, "ring-append/cpuslab", 0,
	  "ring-append/ck_ring-spsc", 0, NULL },
	{ &gates_rings, 1.0, "ring-append/cpuslab", 0,
	  "ring-append/ck_ring-mpsc", 0, NULL },
	{ &gates_rings, 0, "ring-append/cpuslab", 0, "ring-append/wfcqueue", 0,
	  NULL },
	{ &gates_rings, 0, "ring-append/cpuslab", 0,
	  "ring-append/wfcqueue-malloc", 0, NULL },
	{ &gates_rings, 0, "ring-append/cpuslab", 0, "ring-append/lfqueue", 0,
	  NULL },
	{ &gates_rings, 1.0, "ring-turn/cpuslab", 0, "ring-turn/ck_ring-spsc",
	  0, NULL },
	{ &gates_rings, 1.0, "ring-turn/cpuslab", 0, "ring-turn/ck_ring-mpsc",
	  0, NULL },
	{ &gates_rings, 1.0, "ring-turn/cpuslab", 0,
	  "ring-turn/ck_ring-spsc-in-place", 0, NULL },
	{ &gates_rings, 1.0, "ring-turn/cpuslab", 0,
	  "ring-turn/ck_ring-mpsc-in-place", 0, NULL },
	{ &gates_rings, 0, "ring-turn/cpuslab", 0, "ring-turn/wfcqueue", 0,
	  NULL },
	{ &gates_rings, 0, "ring-turn/cpuslab", 0, "ring-turn/wfcqueue-malloc",
	  0, NULL },
	{ &gates_rings, 0, "ring-turn/cpuslab", 0, "ring-turn/lfqueue", 0,
	  NULL },
	/* No goal: a thread that is preempted decides the ratio. */
	{ &gates_rings, 0, "ring-stream/cpuslab", 0, "ring-stream/ck_ring-spsc",
	  0, NULL },
	{ &gates_rings, 0, "ring-stream/cpuslab", 0, "ring-stream/ck_ring-mpsc",
	  0, NULL },
	{ &gates_rings, 0, "ring-stream/cpuslab", 0,
	  "ring-stream/ck_ring-spsc-in-place", 0, NULL },
	{ &gates_rings, 0, "ring-stream/cpuslab", 0,
	  "ring-stream/ck_ring-mpsc-in-place", 0, NULL },
	{ &gates_rings, 0, "ring-stream/cpuslab", 0, "ring-stream/wfcqueue", 0,
	  NULL },
	{ &gates_rings, 0, "ring-stream/cpuslab", 0,
	  "ring-stream/wfcqueue-malloc", 0, NULL },
	{ &gates_rings, 0, "ring-stream/cpuslab", 0, "ring-stream/lfqueue", 0,
	  NULL },
	{ &gates_rings, 0, "ring-many/cpuslab", 0, "ring-many/ck_ring-spsc", 0,
	  NULL },
	{ &gates_rings, 0, "ring-many/cpuslab", 0, "ring-many/ck_ring-mpsc", 0,
	  NULL },
	{ &gates_rings, 0, "ring-many/cpuslab", 0,
	  "ring-many/ck_ring-spsc-in-place", 0, NULL },
	{ &gates_rings, 0, "ring-many/cpuslab", 0,
	  "ring-many/ck_ring-mpsc-in-place", 0, NULL },
	{ &gates_rings, 0, "ring-many/cpuslab", 0, "ring-many/wfcqueue", 0,
	  NULL },
	{ &gates_rings, 0, "ring-many/cpuslab", 0, "ring-many/wfcqueue-malloc",
	  0, NULL },
	{ &gates_rings, 0, "ring-many/cpuslab", 0, "ring-many/lfqueue", 0,
	  NULL },

	{ &gates_objects, 2.0, "alloc/cpuslab", 2, "alloc/librseq", 2, NULL },
	{ &gates_objects, 1.1, "alloc/cpuslab", 8192, "alloc/cpuslab", 2,
	  NULL },
	{ &gates_objects, 0, "alloc/cpuslab", 4096, "alloc/array", 4096, NULL },
	{ &gates_objects, 1.5, "create+alloc/cpuslab", 4096,
	  "create+alloc/librseq-cow", 4096, NULL },
	{ &gates_objects, 0, "create+alloc/cpuslab", 8192,
	  "create+alloc/cpuslab", 2, NULL },

	{ &gates_sums, 2.5, "sum/cpuslab", 2, "sum/called-loop", 0, NULL },
	{ &gates_sums, 1.3, "sum/cpuslab-all-in-use", 1024,
	  "sum/loop-all-in-use", 1024, NULL },
	{ &gates_sums, 1.3, "sum/cpuslab-all-in-use", 8192,
	  "sum/loop-all-in-use", 8192, NULL },
	{ &gates_sums, 0, "sum/cpuslab", 8192, "sum/cpuslab", 2, NULL },
	{ &gates_sums, 0, "sum/cpuslab", 4096, "sum/librseq", 4096, NULL },

	{ &gates_memory, 256, "memory/cpuslab", 4096, NULL, 0, gates_kb },
	{ &gates_memory, 512, "memory/cpuslab-mlockall", 8192, NULL, 0,
	  gates_kb },
	{ &gates_memory, 512, "memory/cpuslab-mlockall-user", 8192, NULL, 0,
	  gates_kb },
	{ &gates_memory, 0, "memory/cpuslab-mlockall-change", 8192, NULL, 0,
	  gates_kb },
	{ &gates_memory, 0, "memory/librseq", 4096, NULL, 0, gates_kb },
	{ &gates_memory, 0, "memory/librseq-cow", 4096, NULL, 0, gates_kb },

	{ &gates_storm, 1.5, "latency/add/changes", 1000, "latency/add/changes",
	  0, gates_p999 },
	{ &gates_storm, 1.5, "latency/add/changes", 10000,
	  "latency/add/changes", 0, gates_p999 },
	{ &gates_storm, 0, "latency/stack/changes", 1000,
	  "latency/stack/changes", 0, gates_p999 },
};

/* One side, ready to run. */
struct gates_ready {
	const struct bench_body *body;
	struct bench_run run;
	struct measure_body how;
};

/* Returns why it cannot run, or NULL. */
static const char *gates_begin(struct gates_ready *ready, const char *name,
			       int64_t arg, bool quick)
{
	memset(ready, 0, sizeof(*ready));
	ready->body = bench_find(name);
	if (!ready->body)
		return strstr(name, "librseq") ? "built without librseq" :
						 "not in this program";
	ready->run.name = name;
	ready->run.arg = arg;
	ready->run.threads = 1;
	ready->run.n = ready->body->how.most;
	ready->run.quick = quick;
	if (ready->body->unfit && ready->body->unfit(&ready->run))
		return ready->body->unfit(&ready->run);
	ready->how = bench_begin(ready->body, &ready->run);
	return NULL;
}

static void gates_end(struct gates_ready *ready)
{
	bench_end(ready->body, &ready->how);
}

static bool gates_is(const struct bench_run *run, const char *label)
{
	return run->label && !strcmp(run->label, label);
}

/*
 * The value of a body's counter after one chunk; infinite if the body failed,
 * negative if the system does not allow it.
 */
static double gates_counter(struct gates_ready *ready, const char *counter)
{
	struct bench_run *run = &ready->run;
	uint32_t i, tries = 0;

	do {
		run->counters = 0;
		run->label = NULL;
		measure_chunk(&ready->how, 1);
		ready->body->done(ready->how.arg, run);
	} while (gates_is(run, BENCH_DISTURBED) && ++tries < GATES_TRIES);
	for (i = 0; i < run->counters; i++)
		if (!strcmp(run->counter[i].name, counter))
			return run->counter[i].value;
	if (gates_is(run, BENCH_DISTURBED))
		measure_die(run->name, run->label);
	return gates_is(run, BENCH_NOT_ALLOWED) ? -1 : (double)INFINITY;
}

static void gates_counters(struct gates_ready *a, struct gates_ready *b,
			   const char *counter, bool quick,
			   struct measure_result *result)
{
	double as[GATES_ROUNDS], bs[GATES_ROUNDS], ratios[GATES_ROUNDS];
	uint32_t i, rounds = quick ? 3 : GATES_ROUNDS;

	for (i = 0; i < rounds; i++) {
		if (i % 2)
			bs[i] = gates_counter(b, counter);
		as[i] = gates_counter(a, counter);
		if (i % 2 == 0)
			bs[i] = gates_counter(b, counter);
		ratios[i] = as[i] / bs[i];
	}
	result->a_ns = measure_spread(as, rounds);
	result->b_ns = measure_spread(bs, rounds);
	result->ratio = measure_spread(ratios, rounds);
	result->chunks = rounds;
}

/* The median is negative if the system does not allow it. */
static struct measure_spread gates_alone(struct gates_ready *self,
					 const char *counter, bool quick)
{
	uint32_t i, samples = quick ? 1 : GATES_SAMPLES;
	double values[GATES_SAMPLES];

	for (i = 0; i < samples; i++)
		values[i] = gates_counter(self, counter);
	return measure_spread(values, samples);
}

/* Fewer chunks for bodies whose chunks take milliseconds. */
static struct measure_plan gates_plan(const struct gates_ready *self,
				      const struct gates_ready *rival,
				      bool quick)
{
	struct measure_plan plan = { GATES_CHUNKS, GATES_CHUNK_NS };

	if ((self->body->flags | rival->body->flags) & BENCH_SLOW)
		plan.chunks = GATES_FEW;
	if (quick) {
		plan.chunks = plan.chunks == GATES_FEW ? 2 : 5;
		plan.chunk_ns = 100000;
	}
	return plan;
}

/* The name of a body with its argument; never freed. */
static const char *gates_name(const char *name, int64_t arg)
{
	const struct bench_body *body = bench_find(name);
	size_t room = strlen(name) + 64;
	char *text = malloc(room);

	if (!text)
		measure_die("table", "no memory");
	if (arg)
		snprintf(text, room, "%s, %s %lld", name,
			 body ? body->arg_name : "limit", (long long)arg);
	else
		snprintf(text, room, "%s", name);
	return text;
}

static struct table_row gates_row(const struct gates_row *row)
{
	struct table_row shown = {
		.group = row->group->name,
		.name = gates_name(row->self, row->self_arg),
		.unit = row->counter == gates_kb ? "kB" : "ns",
		.goal = row->goal,
	};

	if (row->rival)
		shown.rival = gates_name(row->rival, row->rival_arg);
	return shown;
}

static void gates_pair(struct table_row *shown, const struct gates_row *row,
		       struct gates_ready *self, struct gates_ready *rival,
		       bool quick)
{
	struct measure_plan plan = gates_plan(self, rival, quick);
	struct measure_result result;

	if (row->counter)
		gates_counters(self, rival, row->counter, quick, &result);
	else
		measure_pair(&plan, &self->how, &rival->how, &result);
	shown->value = result.a_ns;
	shown->rival_value = result.b_ns;
	shown->ratio = result.ratio;
	shown->chunks = result.chunks;
}

static void gates_measure(struct table_row *shown, const struct gates_row *row,
			  bool quick)
{
	struct gates_ready self, rival;

	shown->why = gates_begin(&self, row->self, row->self_arg, quick);
	if (shown->why)
		return;
	if (row->rival) {
		shown->why =
			gates_begin(&rival, row->rival, row->rival_arg, quick);
		if (!shown->why) {
			gates_pair(shown, row, &self, &rival, quick);
			gates_end(&rival);
		}
	} else {
		shown->value = gates_alone(&self, row->counter, quick);
		if (shown->value.median < 0)
			shown->why = BENCH_NOT_ALLOWED;
	}
	gates_end(&self);
}

static bool gates_wanted(const struct gates_row *row, bool goals,
			 const char *only)
{
	if (row->group->mode && strcmp(row->group->mode, bench_mode()))
		return false;
	if (goals && !(row->goal > 0))
		return false;
	return !only || strstr(row->self, only);
}

void gates_run(struct table *table, bool quick, bool goals, const char *only)
{
	size_t i;

	for (i = 0; i < sizeof(gates_rows) / sizeof(gates_rows[0]); i++) {
		const struct gates_row *row = &gates_rows[i];
		struct table_row shown;

		if (!gates_wanted(row, goals, only))
			continue;
		shown = gates_row(row);
		measure_pin(0);
		gates_measure(&shown, row, quick);
		fprintf(stderr, "  %s against %s%s%s\n", shown.name,
			shown.rival ? shown.rival : "nothing",
			shown.why ? ": skipped: " : "",
			shown.why ? shown.why : "");
		table_add(table, &shown);
	}
	measure_unpin();
}
