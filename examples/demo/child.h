/* SPDX-License-Identifier: MIT */
/*
 * child.h - run cpuslab-demo-sim and read its output: lines of a key, a space
 * and a value.
 */
#ifndef CPUSLAB_DEMO_CHILD_H
#define CPUSLAB_DEMO_CHILD_H

#include <stdbool.h>
#include <stdint.h>

/*
 * @line_read is called for each line but "tick", which becomes report_tick().
 * False, after a failed check, if the program could not be run or did not end
 * with status 0.
 */
bool child_run(const char *self, const char *part, double seconds,
	       uint64_t seed,
	       void (*line_read)(void *arg, const char *key, const char *value),
	       void *arg);

#endif /* CPUSLAB_DEMO_CHILD_H */
