/* SPDX-License-Identifier: MIT */
/*
 * body.c - the list of bodies; setup and teardown of one body.
 */
#include "bench.h"

#include <string.h>

void bench_run_counter(struct bench_run *run, const char *name, double value)
{
	if (run->counters == BENCH_COUNTERS)
		measure_die(name, "too many counters");
	run->counter[run->counters].name = name;
	run->counter[run->counters++].value = value;
}

void bench_run_label(struct bench_run *run, const char *label)
{
	run->label = label;
}

static const struct bench_body *body_first(uint32_t list)
{
	for (; bench_lists[list]; list++)
		if (bench_lists[list]->how.name)
			return bench_lists[list];
	return NULL;
}

static bool body_is_in(const struct bench_body *list,
		       const struct bench_body *body)
{
	for (; list->how.name; list++)
		if (list == body)
			return true;
	return false;
}

const struct bench_body *bench_next(const struct bench_body *body)
{
	uint32_t list;

	if (!body)
		return body_first(0);
	if (body[1].how.name)
		return body + 1;
	for (list = 0; !body_is_in(bench_lists[list], body); list++)
		;
	return body_first(list + 1);
}

const struct bench_body *bench_find(const char *name)
{
	const struct bench_body *body = NULL;

	while ((body = bench_next(body)))
		if (!strcmp(body->how.name, name))
			return body;
	return NULL;
}

struct measure_body bench_begin(const struct bench_body *body,
				struct bench_run *run)
{
	struct measure_body how = body->how;

	if (body->setup)
		how.arg = body->setup(run);
	return how;
}

void bench_end(const struct bench_body *body, const struct measure_body *how)
{
	if (body->teardown)
		body->teardown(how->arg);
}
