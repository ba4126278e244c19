/* SPDX-License-Identifier: MIT */
/*
 * crowd.h - threads that move between CPUs, and signals that interrupt them,
 * use all structures at once, while the domain's CPUs change. tests/portable/
 * says what they do and what must then be exact.
 */
#ifndef CPUSLAB_TESTS_CROWD_H
#define CPUSLAB_TESTS_CROWD_H

#include <stdint.h>

/* Since the program started; W crowd_join() and one thread. */
extern uint64_t crowd_steps, crowd_changes;

/* Threads that work until torture_running() is false. */
void crowd_start(void);
void crowd_join(void);
/* All CPUs are as at the start. Returns NULL, or what was wrong. */
const char *crowd_stop(void);

/* In the handler of a signal, in any thread. */
void crowd_interrupted(void);
/* In a child of fork(), at any time. */
void crowd_child(void);

#endif /* CPUSLAB_TESTS_CROWD_H */
