/* SPDX-License-Identifier: MIT */
/*
 * report.h - the output of the demo: text for people, or one JSON object.
 *
 * Both come from the same calls: report_say() and the bars are for people
 * only, numbers and words with a key for programs only, checks for both.
 */
#ifndef CPUSLAB_DEMO_REPORT_H
#define CPUSLAB_DEMO_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#define REPORT_PRINTF(n) __attribute__((format(printf, n, (n) + 1)))

/* A short text, returned by value. */
struct report_word {
	char text[32];
};

void report_open(bool json);
/* What follows belongs to the part @key. */
void report_part(const char *key, const char *title);

/* Text for people. */
void report_say(const char *format, ...) REPORT_PRINTF(1);
/* One line with a bar of @value, where @most fills it. */
void report_bar(const char *label, double value, double most, const char *text);
/* Something takes time: a line that grows by a dot at each tick. */
void report_wait(const char *what);
void report_tick(void);
void report_wait_end(void);

/* Values for programs; @key is unique within its part. */
void report_count(const char *key, uint64_t value);
void report_number(const char *key, double value);
void report_text(const char *key, const char *value);

/* A claim. One that is false makes the demo fail. Returns @ok. */
bool report_check(bool ok, const char *format, ...) REPORT_PRINTF(2);

/* Print the end; the exit status of the program. */
int report_close(void);
/* As report_close() after a crash, from a signal handler. */
void report_crashed(void);

/* 12,345,678 and 12.3 MiB */
struct report_word report_grouped(uint64_t value);
struct report_word report_bytes(uint64_t value);

#endif /* CPUSLAB_DEMO_REPORT_H */
