/* SPDX-License-Identifier: MIT */
/*
 * gates.h - which bodies are compared, and which ratios have a goal.
 */
#ifndef CPUSLAB_BENCH_GATES_H
#define CPUSLAB_BENCH_GATES_H

#include "table.h"

/*
 * Append a row for each pair, or print a line that says why it was skipped.
 * @only: NULL, or a text that the name of the body must contain.
 */
void gates_run(struct table *table, bool quick, const char *only);

#endif /* CPUSLAB_BENCH_GATES_H */
