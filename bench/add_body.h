/* SPDX-License-Identifier: MIT */
/*
 * add_body.h - the loop that adds, compiled once for each way to leave rseq_cs.
 *
 * ADD_BODY is the function's name. As in a program, the handle lies in memory
 * and the operation loads from it each time; each rival's loop has the same
 * shape.
 */
#ifndef CPUSLAB_BENCH_ADD_BODY_H
#define CPUSLAB_BENCH_ADD_BODY_H

#include "add.h"

BENCH_NOINLINE void ADD_BODY(void *arg, uint64_t n)
{
	const struct cpuslab_counter *counter = arg;
	uint64_t i;

	for (i = 0; i < n; i++)
		cpuslab_counter_add(counter, 1);
}

#endif /* CPUSLAB_BENCH_ADD_BODY_H */
