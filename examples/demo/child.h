/* SPDX-License-Identifier: MIT */
/*
 * child.h - run cpuslab-demo-sim and hear what it has to say: lines of a key,
 * a space and a value.
 */
#ifndef CPUSLAB_DEMO_CHILD_H
#define CPUSLAB_DEMO_CHILD_H

#include <stdbool.h>
#include <stdint.h>

/*
 * @heard is called for each line; "tick" lines become report_tick(). False,
 * after a failed check, if it could not be run or did not end with status 0.
 */
bool child_run(const char *self, const char *part, double seconds,
	       uint64_t seed,
	       void (*heard)(void *arg, const char *key, const char *value),
	       void *arg);

#endif /* CPUSLAB_DEMO_CHILD_H */
