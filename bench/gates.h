/* SPDX-License-Identifier: MIT */
/*
 * gates.h - which bodies are compared, and which ratios have a goal.
 */
#ifndef CPUSLAB_BENCH_GATES_H
#define CPUSLAB_BENCH_GATES_H

#include "table.h"

/*
 * Append a row for each pair that belongs to this process's mode. A row that
 * cannot be measured says why.
 * @goals: only those that have a goal.
 * @only:  NULL, or a text that the name of the body must contain.
 */
void gates_run(struct table *table, bool quick, bool goals, const char *only);

#endif /* CPUSLAB_BENCH_GATES_H */
