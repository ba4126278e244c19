/* SPDX-License-Identifier: MIT */
/*
 * gates.h - bodies beside bodies, in pairs; and which ratios are goals.
 */
#ifndef CPUSLAB_BENCH_GATES_H
#define CPUSLAB_BENCH_GATES_H

#include "table.h"

/*
 * Appends a row for each pair, and a line for each that is left out. With @only,
 * of the bodies in whose names that is.
 */
void gates_run(struct table *table, bool quick, const char *only);

#endif /* CPUSLAB_BENCH_GATES_H */
