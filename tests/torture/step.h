/* SPDX-License-Identifier: MIT */
/*
 * step.h - a signal after every single instruction, by the CPU's own
 * trap flag. Not within what blocks signals or is a restartable sequence.
 */
#ifndef CPUSLAB_TESTS_STEP_H
#define CPUSLAB_TESTS_STEP_H

#include <stdbool.h>

/* False where there is no such thing: then nothing is called. */
bool step_possible(void);
/*
 * Call @handler after each instruction from here to step_end(), which it may
 * call itself. The handler runs as a signal's does.
 */
void step_begin(void (*handler)(void));
void step_end(void);

#endif /* CPUSLAB_TESTS_STEP_H */
