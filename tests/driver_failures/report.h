/* SPDX-License-Identifier: MIT */
/*
 * report.h - what came of it, for people and as JSON.
 */
#ifndef TESTS_DRIVER_FAILURES_REPORT_H
#define TESTS_DRIVER_FAILURES_REPORT_H

#include "machine.h"

void report_print(const struct verdict *verdicts, size_t count);
/* The table of README.md: what the documentation says. */
void report_markdown(const struct verdict *verdicts, size_t count);
/* @file: "-" is standard output. Returns 0, or 1 if it cannot be written. */
int report_json(const struct verdict *verdicts, size_t count, const char *file);

#endif /* TESTS_DRIVER_FAILURES_REPORT_H */
