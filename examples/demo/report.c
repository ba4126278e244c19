/* SPDX-License-Identifier: MIT */
/*
 * report.c - text for people, or one JSON object.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../bench/json.h"
#include "demo.h"
#include "report.h"

#define REPORT_BAR 34
#define REPORT_TICK 0.4 /* seconds from one dot to the next, at least */
#define REPORT_DOTS 30

static struct {
	bool json;
	bool colour;
	const char *part; /* key of the open one; NULL: none */
	bool has_key;     /* the part has a value already */
	FILE *values;     /* "part": {...}, ... */
	char *values_text;
	size_t values_size;
	FILE *checks; /* {...}, ... */
	char *checks_text;
	size_t checks_size;
	unsigned int claims;
	unsigned int failed;
	char failure[128]; /* the first one */
	bool closed;
	unsigned int dots;
	double ticked;
} report;

/* A function such as measure_die() called exit(). */
static void report_at_exit(void)
{
	if (!report.closed)
		report_crashed();
}

void report_open(bool json)
{
	atexit(report_at_exit);
	report.json = json;
	report.colour = !json && isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	report.values =
		open_memstream(&report.values_text, &report.values_size);
	report.checks =
		open_memstream(&report.checks_text, &report.checks_size);
	if (!report.values || !report.checks) {
		perror("demo");
		exit(1);
	}
}

/* ---- JSON ------------------------------------------------------------ */

static void report_key(const char *key)
{
	if (report.has_key)
		fputs(", ", report.values);
	report.has_key = true;
	json_string(key, report.values);
	fputs(": ", report.values);
}

void report_count(const char *key, uint64_t value)
{
	report_key(key);
	fprintf(report.values, "%llu", (unsigned long long)value);
}

void report_number(const char *key, double value)
{
	report_key(key);
	if (isfinite(value))
		fprintf(report.values, "%.4f", value);
	else
		fputs("null", report.values);
}

void report_text(const char *key, const char *value)
{
	report_key(key);
	json_string(value, report.values);
}

static void report_part_end(void)
{
	if (report.part)
		fputs("},\n", report.values);
	report.part = NULL;
}

/* ---- people ---------------------------------------------------------- */

void report_part(const char *key, const char *title)
{
	size_t i;

	report_part_end();
	fprintf(report.values, "\"%s\": {", key);
	report.part = key;
	report.has_key = false;
	if (report.json)
		return;
	printf("\n%s\n", title);
	for (i = 0; i < strlen(title); i++)
		putchar('-');
	putchar('\n');
	fflush(stdout);
}

void report_say(const char *format, ...)
{
	va_list args;

	if (report.json)
		return;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	fflush(stdout);
}

void report_bar(const char *label, double value, double most, const char *text)
{
	char bar[REPORT_BAR + 1];
	double share = most > 0 ? value / most : 0;
	int full = (int)(share * REPORT_BAR + 0.5);

	if (share > 1)
		full = REPORT_BAR;
	if (!full && value > 0)
		full = 1;
	memset(bar, '.', REPORT_BAR);
	memset(bar, '#', (size_t)full);
	bar[REPORT_BAR] = '\0';
	report_say("   %-19s |%s| %s\n", label, bar, text);
}

void report_wait(const char *what)
{
	report_say("   %s ", what);
	report.dots = 0;
	report.ticked = demo_clock();
}

void report_tick(void)
{
	double now = demo_clock();

	if (now - report.ticked < REPORT_TICK || report.dots == REPORT_DOTS)
		return;
	report.ticked = now;
	report.dots++;
	report_say(".");
}

void report_wait_end(void)
{
	report_say(" done\n");
}

struct report_word report_grouped(uint64_t value)
{
	struct report_word word;
	char digits[24];
	size_t length, i, at = 0;

	length = (size_t)snprintf(digits, sizeof(digits), "%llu",
				  (unsigned long long)value);
	for (i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			word.text[at++] = ',';
		word.text[at++] = digits[i];
	}
	word.text[at] = '\0';
	return word;
}

struct report_word report_bytes(uint64_t value)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	struct report_word word;
	double scaled = (double)value;
	size_t unit = 0;

	while (scaled >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		scaled /= 1024;
		unit++;
	}
	snprintf(word.text, sizeof(word.text), "%.*f %s",
		 unit && scaled < 100 ? 1 : 0, scaled, units[unit]);
	return word;
}

/* ---- claims and the end ---------------------------------------------- */

static const char *report_mark(bool ok)
{
	if (report.colour)
		return ok ? "\033[32m[ok]\033[0m  " : "\033[31m[FAIL]\033[0m";
	return ok ? "[ok]  " : "[FAIL]";
}

bool report_check(bool ok, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	report_say("   %s %s\n", report_mark(ok), text);
	fprintf(report.checks, "%s  {\"part\": \"%s\", \"ok\": %s, \"what\": ",
		report.claims ? ",\n" : "", report.part ? report.part : "",
		ok ? "true" : "false");
	json_string(text, report.checks);
	fputs("}", report.checks);
	report.claims++;
	if (!ok && !report.failed++)
		snprintf(report.failure, sizeof(report.failure), "%.*s",
			 (int)sizeof(report.failure) - 1, text);
	return ok;
}

static void report_print_json(void)
{
	printf("{%s\"checks\": [\n%s\n],\n\"failed\": ", report.values_text,
	       report.checks_text);
	json_string(report.failure, stdout);
	printf(",\n\"result\": \"%s\"}\n", report.failed ? "FAIL" : "PASS");
}

int report_close(void)
{
	report.closed = true;
	report_part_end();
	fclose(report.values);
	fclose(report.checks);
	if (report.json)
		report_print_json();
	else if (report.failed)
		printf("\ndemo: FAIL %s\n", report.failure);
	else
		printf("\ndemo: PASS\n");
	if (fflush(stdout) || ferror(stdout))
		return 1;
	free(report.values_text);
	free(report.checks_text);
	return report.failed ? 1 : 0;
}

void report_crashed(void)
{
	static const char text[] = "\ndemo: FAIL it crashed\n";
	static const char json[] = "{\"checks\": [], \"failed\": "
				   "\"it crashed\", "
				   "\"result\": \"FAIL\"}\n";
	const char *line = report.json ? json : text;

	if (write(STDOUT_FILENO, line, strlen(line)) < 0)
		_exit(3);
}
