/* SPDX-License-Identifier: MIT */
/*
 * add.h - the loops that add 1, @n times.
 */
#ifndef CPUSLAB_BENCH_ADD_H
#define CPUSLAB_BENCH_ADD_H

#include "bench.h"

/* arg: const struct cpuslab_counter * */
void add_clear(void *arg, uint64_t n);
void add_keep(void *arg, uint64_t n);

/* rivals.c; NULL-terminated, in the order of the table */
struct add_rival {
	struct measure_body body;
	double goal; /* ratio; 0: none */
};
const struct add_rival *add_rivals(void);

#endif /* CPUSLAB_BENCH_ADD_H */
