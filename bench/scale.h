/* SPDX-License-Identifier: MIT */
/*
 * scale.h - what operations cost when more and more threads do them at once.
 */
#ifndef CPUSLAB_BENCH_SCALE_H
#define CPUSLAB_BENCH_SCALE_H

#include <stdbool.h>
#include <stdio.h>

/* Measure all curves, and print them as an array of JSON. */
void scale_run(bool quick, FILE *to);

#endif /* CPUSLAB_BENCH_SCALE_H */
