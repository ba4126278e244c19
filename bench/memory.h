/* SPDX-License-Identifier: MIT */
/*
 * memory.h - the child process of a memory body.
 */
#ifndef CPUSLAB_BENCH_MEMORY_H
#define CPUSLAB_BENCH_MEMORY_H

/* Run in a new process: print its growth, return its exit status. */
int memory_child(const char *which, const char *limit);

#endif /* CPUSLAB_BENCH_MEMORY_H */
