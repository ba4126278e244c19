/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_LIB_FORMAT_H
#define CPUSLAB_LIB_FORMAT_H
/*
 * format.h - compose text without a C library.
 */

#include <cpuslab/base.h>

struct cpuslab__text {
	char *buf;
	size_t size;   /* of buf, in bytes */
	size_t length; /* of the whole text, even if that exceeds size */
};

/*
 * Append. Characters that do not fit are counted but not written. A character
 * of several bytes, or the escape for one, is written whole or not at all.
 */
void cpuslab__text_string(struct cpuslab__text *text, const char *string);
void cpuslab__text_number(struct cpuslab__text *text, uint64_t number);
/* Append a number with its name. */
typedef void cpuslab__text_named(struct cpuslab__text *text, const char *name,
				 uint64_t number);
/* As a line of "name number". */
void cpuslab__text_line(struct cpuslab__text *text, const char *name,
			uint64_t number);
/* As a member of a JSON object, but not the first one. */
void cpuslab__text_member(struct cpuslab__text *text, const char *name,
			  uint64_t number);
/*
 * Append @string so that it is part of one line, and UTF-8: a backslash as two,
 * and each byte of what is invalid, ends a line or controls a terminal as \xNN.
 */
void cpuslab__text_escaped(struct cpuslab__text *text, const char *string);
/* Append @string as a JSON string, with quotes. An invalid byte is U+FFFD. */
void cpuslab__text_quoted(struct cpuslab__text *text, const char *string);

/* Append @string as UTF-8: an invalid byte is U+FFFD. */
void cpuslab__text_utf8(struct cpuslab__text *text, const char *string);
/* The same as the value of a label of OpenMetrics, with quotes. */
void cpuslab__text_label(struct cpuslab__text *text, const char *string);

/*
 * Log one line: the four strings joined and escaped; any may be NULL. Of each
 * at most 63 bytes, so that a long name leaves room for what is said about it.
 */
void cpuslab__log(const char *a, const char *b, const char *c, const char *d);
/* The same with a CPU number as the last. */
void cpuslab__log_cpu(const char *a, const char *b, const char *c,
		      uint32_t cpu);

#define CPUSLAB__LOGGED 8

/* What has been logged about one thing; all zeros: nothing. */
struct cpuslab__logged {
	const void *what[CPUSLAB__LOGGED]; /* the first lines are in use */
	int32_t why[CPUSLAB__LOGGED];      /* likewise */
	uint32_t lines;
};

/*
 * May a fact be logged? Not if it has been, nor if eight others have. Counts it
 * as logged.
 */
bool cpuslab__log_once(struct cpuslab__logged *logged, const void *what,
		       int why);

/* Copy @string with cpuslab_port_zalloc(). NULL if there is no memory. */
char *cpuslab__string_copy(const char *string);
/* Copy both; the second lies behind the NUL of the first. */
char *cpuslab__strings_copy(const char *first, const char *second);
/* Bytes, without the NUL. */
size_t cpuslab__string_length(const char *string);

#endif /* CPUSLAB_LIB_FORMAT_H */
