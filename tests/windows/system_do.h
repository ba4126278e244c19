/* SPDX-License-Identifier: MIT */
/*
 * system_do.h - commands to the simulated system, of the scripts and of the
 * program in Wine.
 */
#ifndef TESTS_WINDOWS_SYSTEM_DO_H
#define TESTS_WINDOWS_SYSTEM_DO_H

#include "control.h"

/* The last command, and its results. */
extern struct control script_system;

int32_t system_do(uint32_t command, uint32_t a, uint32_t b);
uint64_t system_read(enum system_result which);
uint64_t system_read_of(enum system_result which, uint32_t arg);
void system_reset(uint32_t limit, uint32_t active, uint32_t numbering,
		  uint32_t quirks);
/* The widths of groups as ARG_WIDTHS, instead of 40 and 64 in turn. */
void system_reset_groups(uint32_t limit, uint32_t active, uint32_t numbering,
			 uint32_t quirks, uint32_t widths);

#endif /* TESTS_WINDOWS_SYSTEM_DO_H */
