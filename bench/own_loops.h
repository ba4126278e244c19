/* SPDX-License-Identifier: MIT */
/*
 * own_loops.h - the loops of own.h; OWN(name) makes the function's name.
 */
#ifndef CPUSLAB_BENCH_OWN_LOOPS_H
#define CPUSLAB_BENCH_OWN_LOOPS_H

#include "own.h"

BENCH_NOINLINE void OWN(add)(void *arg, uint64_t n)
{
	const struct own_work *work = arg;
	uint64_t i;

	for (i = 0; i < n; i++)
		cpuslab_counter_add(&work->counter, 1);
}

BENCH_NOINLINE void OWN(add_if)(void *arg, uint64_t n)
{
	const struct own_work *work = arg;
	uint64_t i;

	for (i = 0; i < n; i++)
		if (cpuslab_add_if(&work->handle, 0, 0, 1))
			break;
}

/* The word is 0 on each CPU, and stays 0. */
BENCH_NOINLINE void OWN(cmpstore)(void *arg, uint64_t n)
{
	struct own_work *work = arg;
	uint64_t i, done = 0;

	for (i = 0; i < n; i++)
		done += !cpuslab_cmpstore(&work->handle, 0, 0, 0);
	__atomic_fetch_add(&work->count, done, __ATOMIC_RELAXED);
}

BENCH_NOINLINE void OWN(stack)(void *arg, uint64_t n)
{
	struct own_work *work = arg;
	uint64_t i, done = 0;

	for (i = 0; i < n; i++) {
		struct cpuslab_node *node;

		if (cpuslab_stack_pop(&work->stack, &node))
			continue;
		cpuslab_stack_push(&work->stack, node);
		done++;
	}
	__atomic_fetch_add(&work->count, done, __ATOMIC_RELAXED);
}

BENCH_NOINLINE void OWN(append)(void *arg, uint64_t n)
{
	static const char record[OWN_RECORD] = "a log record";
	const struct own_work *work = arg;
	uint64_t i;

	for (i = 0; i < n; i++)
		cpuslab_log_append(&work->log, record, sizeof(record));
}

#endif /* CPUSLAB_BENCH_OWN_LOOPS_H */
