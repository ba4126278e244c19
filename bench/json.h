/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_BENCH_JSON_H
#define CPUSLAB_BENCH_JSON_H
/*
 * json.h - text as a JSON string, for programs that print ASCII only.
 */
#include <stdio.h>

/* Write @text with quotes. Each byte that is not ASCII is written as U+FFFD. */
static inline void json_string(const char *text, FILE *to)
{
	fputc('"', to);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c > 0x7e)
			fputs("\\ufffd", to);
		else if (c == '"' || c == '\\')
			fprintf(to, "\\%c", c);
		else if (c < 0x20)
			fprintf(to, "\\u%04x", c);
		else
			fputc(c, to);
	}
	fputc('"', to);
}

/* Write @before, then a member of an object. */
static inline void json_member(const char *before, const char *name,
			       const char *text, FILE *to)
{
	fputs(before, to);
	json_string(name, to);
	fputs(": ", to);
	json_string(text, to);
}

#endif /* CPUSLAB_BENCH_JSON_H */
