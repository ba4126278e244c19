/* SPDX-License-Identifier: MIT */
/*
 * step.h - a signal after every instruction, by the CPU's trap flag. Not in
 * code that blocks signals. It aborts every restartable section.
 */
#ifndef CPUSLAB_TESTS_STEP_H
#define CPUSLAB_TESTS_STEP_H

#include <stdbool.h>

/*
 * False where the machine has no such flag: then the handler is never called.
 */
bool step_possible(void);
/*
 * Call @handler after each instruction from here to step_end(), which the
 * handler may call. It runs like a signal handler.
 */
void step_begin(void (*handler)(void));
void step_end(void);

#endif /* CPUSLAB_TESTS_STEP_H */
