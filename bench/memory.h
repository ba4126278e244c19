/* SPDX-License-Identifier: MIT */
/*
 * memory.h - the other side of a memory body.
 */
#ifndef CPUSLAB_BENCH_MEMORY_H
#define CPUSLAB_BENCH_MEMORY_H

/* In a fresh process: prints what it grew by, returns its exit status. */
int memory_child(const char *which, const char *limit);

#endif /* CPUSLAB_BENCH_MEMORY_H */
