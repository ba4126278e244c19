/* SPDX-License-Identifier: MIT */
/*
 * calls.h - shared by the checks of single calls.
 */
#ifndef TESTS_WINDOWS_CALLS_H
#define TESTS_WINDOWS_CALLS_H

#include "tester.h"

/* Record in the answer to the command that this is not so. */
void calls_check(bool good, const char *what);
#define CHECK(cond) calls_check((cond), #cond)

struct cpuslab_domain *calls_domain(uint32_t flags, uint32_t limit);
/* Some processor that runs. */
uint32_t calls_some_cpu(void);

/* operations.c */
void calls_operations(void);
void calls_levels(struct control *control);
void calls_wait(struct control *control);

#endif /* TESTS_WINDOWS_CALLS_H */
