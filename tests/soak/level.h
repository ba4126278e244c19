/* SPDX-License-Identifier: MIT */
/*
 * level.h - what a process holds at the end of each round, and whether that
 * stays level.
 *
 * The first quarter of the rounds warms up. Of the others, the least of the
 * last third must not be above the greatest of the first third by more than a
 * tolerance. So a value may go up and down, but what each round leaves behind
 * is noticed.
 */
#ifndef CPUSLAB_TESTS_LEVEL_H
#define CPUSLAB_TESTS_LEVEL_H

#include <stdbool.h>
#include <stdint.h>

#define LEVEL_ROUNDS 65536u /* at most */
#define LEVEL_LEAST 8u      /* rounds that can be judged */

enum {
	LEVEL_RSS, /* kB */
	LEVEL_MAPPINGS,
	LEVEL_FILES,
	LEVEL_THREADS,
	LEVEL_KINDS,
};

extern const char *const level_names[LEVEL_KINDS];

/* Touch the memory of all rounds, so that it does not count. */
void level_begin(void);
/* At the end of a round; returns its values. */
const long *level_take(void);
/* Prints a line of JSON for each kind; false: one of them grows. */
bool level_judge(void);

#endif /* CPUSLAB_TESTS_LEVEL_H */
