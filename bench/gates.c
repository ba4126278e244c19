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

#define GATES_FEW 40u
#define GATES_CHUNKS 300u
#define GATES_CHUNK_NS 1500000u
#define GATES_ROUNDS 31u /* of bodies with BENCH_ONCE */
#define GATES_TRIES 50u
#define GATES_SAMPLES 5u /* of bodies without a rival */

/* A body with one of its arguments. */
struct gates_side {
	const char *body;
	int64_t arg;
};

struct gates_row {
	const char *group;
	struct gates_side self;
	struct gates_side rival; /* no body: self is measured alone */
	const char *counter;     /* NULL: the time */
	double ratio;            /* goal for the ratio; 0: none */
	double value;            /* goal for self; 0: none */
};

static const char gates_add[] = "add 1 to this CPU's counter";
static const char gates_other[] = "other operations";
static const char gates_structures[] = "structures";
static const char gates_flat[] = "independent of the limit";
static const char gates_memory[] = "memory of 1000 objects of 64 bytes";
static const char gates_storm[] = "while CPUs are added and removed";

static const struct gates_row gates_rows[] = {
	{ gates_add, { "add/cpuslab", 1 }, { "add/librseq", 1 }, NULL, 1.1, 0 },
	{ gates_add,
	  { "add/cpuslab-keep", 1 },
	  { "add/librseq", 1 },
	  NULL,
	  1.0,
	  0 },
	{ gates_add,
	  { "add/cpuslab", 1 },
	  { "add/getcpu-atomic", 1 },
	  NULL,
	  0.35,
	  0 },
	{ gates_add,
	  { "add/cpuslab", 1 },
	  { "add/rseq-cpu-id-atomic", 1 },
	  NULL,
	  0,
	  0 },
	{ gates_add,
	  { "add/cpuslab", 1 },
	  { "add/getcpu-ck_pr", 1 },
	  NULL,
	  0,
	  0 },
	{ gates_add,
	  { "add/cpuslab", 1 },
	  { "add/urcu-atomic", 1 },
	  NULL,
	  0,
	  0 },
	{ gates_add,
	  { "add/cpuslab", 1 },
	  { "add/shared-atomic", 1 },
	  NULL,
	  0,
	  0 },
	{ gates_add, { "add/cpuslab", 1 }, { "add/mutex", 1 }, NULL, 0, 0 },
	{ gates_add, { "add/cpuslab", 1 }, { "add/spinlock", 1 }, NULL, 0, 0 },
	{ gates_add,
	  { "add/cpuslab", 1 },
	  { "add/thread-local", 1 },
	  NULL,
	  0,
	  0 },
	{ gates_add,
	  { "add/cpuslab", 1 },
	  { "add/cpuslab-keep", 1 },
	  NULL,
	  0,
	  0 },
	{ gates_other,
	  { "stack/cpuslab", 1 },
	  { "stack/librseq", 1 },
	  NULL,
	  1.0,
	  0 },
	{ gates_other,
	  { "stack/cpuslab-keep", 1 },
	  { "stack/librseq", 1 },
	  NULL,
	  0,
	  0 },
	{ gates_other,
	  { "stack/cpuslab", 1 },
	  { "stack/ck_stack", 1 },
	  NULL,
	  0,
	  0 },
	{ gates_other,
	  { "stack/cpuslab", 1 },
	  { "stack/malloc", 1 },
	  NULL,
	  0,
	  0 },
	{ gates_other,
	  { "cmpstore/cpuslab", 1 },
	  { "cmpstore/librseq", 1 },
	  NULL,
	  0,
	  0 },
	{ gates_other,
	  { "append/cpuslab", 1 },
	  { "append/librseq", 1 },
	  NULL,
	  0,
	  0 },
	{ gates_other,
	  { "append/cpuslab", 1 },
	  { "append/getcpu-atomic", 1 },
	  NULL,
	  0,
	  0 },
	{ gates_other,
	  { "snapshot/cpuslab", 1 },
	  { "snapshot/urcu", 1 },
	  NULL,
	  0,
	  0 },
	{ gates_structures,
	  { "cache/cpuslab", 1 },
	  { "cache/malloc", 1 },
	  NULL,
	  0.5,
	  0 },
	{ gates_structures,
	  { "cache/cpuslab", 1 },
	  { "cache/jemalloc", 1 },
	  NULL,
	  1.0,
	  0 },
	{ gates_structures,
	  { "histogram/cpuslab", 1 },
	  { "add/cpuslab", 1 },
	  NULL,
	  3.0,
	  0 },
	{ gates_structures,
	  { "approx/cpuslab", 1 },
	  { "add/cpuslab", 1 },
	  NULL,
	  0,
	  0 },
	{ gates_structures,
	  { "steering/cpuslab", 1 },
	  { "steering/array", 1 },
	  NULL,
	  2.0,
	  0 },
	{ gates_structures,
	  { "refcount/cpuslab", 1 },
	  { "refcount/atomic", 1 },
	  NULL,
	  0,
	  0 },
	{ gates_structures,
	  { "mailbox/cpuslab", 1 },
	  { "mailbox/ck_ring", 1 },
	  NULL,
	  0,
	  0 },
	{ gates_structures,
	  { "workers/cpuslab", 1 },
	  { "workers/mutex-queue", 1 },
	  NULL,
	  0,
	  0 },
	{ gates_flat,
	  { "alloc/cpuslab", 8192 },
	  { "alloc/cpuslab", 2 },
	  NULL,
	  1.2,
	  1000 },
	{ gates_flat,
	  { "alloc/cpuslab", 4096 },
	  { "alloc/librseq", 4096 },
	  NULL,
	  0,
	  0 },
	{ gates_flat,
	  { "alloc/cpuslab", 4096 },
	  { "alloc/array", 4096 },
	  NULL,
	  0,
	  0 },
	{ gates_flat,
	  { "create/cpuslab", 8192 },
	  { "create/cpuslab", 2 },
	  NULL,
	  0,
	  50000 },
	{ gates_flat,
	  { "create+alloc/cpuslab", 8192 },
	  { "create+alloc/cpuslab", 2 },
	  NULL,
	  0,
	  50000 },
	{ gates_flat,
	  { "create+alloc/cpuslab", 4096 },
	  { "create/librseq", 4096 },
	  NULL,
	  0,
	  50000 },
	{ gates_flat,
	  { "create+alloc/cpuslab", 4096 },
	  { "create/librseq-cow", 4096 },
	  NULL,
	  0,
	  0 },
	{ gates_flat,
	  { "sum/cpuslab", 8192 },
	  { "sum/cpuslab", 2 },
	  NULL,
	  0,
	  200 },
	{ gates_flat,
	  { "sum/cpuslab", 4096 },
	  { "sum/librseq", 4096 },
	  NULL,
	  0,
	  0 },
	{ gates_flat,
	  { "sum/cpuslab", 4096 },
	  { "sum/array", 4096 },
	  NULL,
	  0,
	  0 },
	{ gates_memory, { "memory/cpuslab", 4096 }, { NULL, 0 }, "kB", 0, 256 },
	{ gates_memory,
	  { "memory/cpuslab-mlockall", 8192 },
	  { NULL, 0 },
	  "kB",
	  0,
	  512 },
	{ gates_memory,
	  { "memory/cpuslab-mlockall-user", 8192 },
	  { NULL, 0 },
	  "kB",
	  0,
	  512 },
	{ gates_memory,
	  { "memory/cpuslab-mlockall-change", 8192 },
	  { NULL, 0 },
	  "kB",
	  0,
	  0 },
	{ gates_memory, { "memory/librseq", 4096 }, { NULL, 0 }, "kB", 0, 0 },
	{ gates_memory,
	  { "memory/librseq-cow", 4096 },
	  { NULL, 0 },
	  "kB",
	  0,
	  0 },
	{ gates_storm,
	  { "latency/add/changes", 1000 },
	  { "latency/add/changes", 0 },
	  "p99.9_ns",
	  1.5,
	  0 },
	{ gates_storm,
	  { "latency/stack/changes", 1000 },
	  { "latency/stack/changes", 0 },
	  "p99.9_ns",
	  0,
	  0 },
};

/* One side, ready to run. */
struct gates_ready {
	const struct bench_body *body;
	struct bench_run run;
	struct measure_body how;
	char name[64];
};

static void gates_name(struct gates_ready *ready, const struct gates_side *side)
{
	const struct bench_body *body = ready->body;

	if (body->arg_count)
		snprintf(ready->name, sizeof(ready->name), "%s, %s %lld",
			 side->body, body->arg_name, (long long)side->arg);
	else
		snprintf(ready->name, sizeof(ready->name), "%s", side->body);
}

/* Returns why it cannot run, or NULL. */
static const char *gates_begin(struct gates_ready *ready,
			       const struct gates_side *side, bool quick)
{
	memset(ready, 0, sizeof(*ready));
	ready->body = bench_find(side->body);
	if (!ready->body)
		return strstr(side->body, "librseq") ? "built without librseq" :
						       "not in this program";
	ready->run.name = side->body;
	ready->run.arg = side->arg;
	ready->run.threads = 1;
	ready->run.n = ready->body->how.most;
	ready->run.quick = quick;
	gates_name(ready, side);
	if (ready->body->unfit && ready->body->unfit(&ready->run))
		return ready->body->unfit(&ready->run);
	ready->how = bench_begin(ready->body, &ready->run);
	ready->how.name = ready->name;
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
		measure_die(ready->name, run->label);
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

static char *gates_keep(const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		measure_die("table", "no memory");
	return copy;
}

/* Goals of operations and structures are for rseq mode. */
static double gates_ratio_goal(const struct gates_row *row)
{
	return (row->group == gates_add || row->group == gates_structures) &&
			       !strcmp(bench_mode(), "atomic") ?
		       0 :
		       row->ratio;
}

static void gates_tell(struct table *table, const struct gates_row *row,
		       struct table_row *told)
{
	double goal = gates_ratio_goal(row);

	told->group = row->group;
	told->unit = row->counter && !strcmp(row->counter, "kB") ? "kB" : "ns";
	if (goal > 0) {
		told->kind = TABLE_RATIO;
		told->goal = goal;
		table_add(table, told);
		told->rival = NULL;
	}
	if (row->value > 0) {
		told->kind = TABLE_VALUE;
		told->goal = row->value;
		table_add(table, told);
	} else if (!(goal > 0)) {
		table_add(table, told);
	}
}

static void gates_skip(struct table *table, const struct gates_row *row,
		       const char *why)
{
	fprintf(stderr, "  %s against %s: skipped: %s\n", row->self.body,
		row->rival.body ? row->rival.body : "nothing", why);
	if (gates_ratio_goal(row) > 0 || row->value > 0)
		table->skipped++;
}

static void gates_row(struct table *table, const struct gates_row *row,
		      struct gates_ready *self, struct gates_ready *rival,
		      bool quick)
{
	struct table_row told = { .name = gates_keep(self->name) };
	struct measure_result result;
	struct measure_plan plan;

	fprintf(stderr, "  %s\n", self->name);
	if (!row->rival.body) {
		told.value = gates_alone(self, row->counter, quick);
		if (told.value.median < 0)
			gates_skip(table, row, BENCH_NOT_ALLOWED);
		else
			gates_tell(table, row, &told);
		return;
	}
	plan = gates_plan(self, rival, quick);
	if (row->counter)
		gates_counters(self, rival, row->counter, quick, &result);
	else
		measure_pair(&plan, &self->how, &rival->how, &result);
	told.value = result.a_ns;
	told.rival = gates_keep(rival->name);
	told.rival_value = result.b_ns;
	told.ratio = result.ratio;
	told.chunks = result.chunks;
	gates_tell(table, row, &told);
}

void gates_run(struct table *table, bool quick, const char *only)
{
	size_t i;

	for (i = 0; i < sizeof(gates_rows) / sizeof(gates_rows[0]); i++) {
		const struct gates_row *row = &gates_rows[i];
		struct gates_ready self, rival;
		const char *why;

		if (only && !strstr(row->self.body, only))
			continue;
		measure_pin(0);
		why = gates_begin(&self, &row->self, quick);
		if (why) {
			gates_skip(table, row, why);
			continue;
		}
		why = row->rival.body ?
			      gates_begin(&rival, &row->rival, quick) :
			      NULL;
		if (why) {
			gates_skip(table, row, why);
		} else {
			gates_row(table, row, &self, &rival, quick);
			if (row->rival.body)
				gates_end(&rival);
		}
		gates_end(&self);
	}
	measure_unpin();
}
