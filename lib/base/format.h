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

/* Append. Characters that do not fit are counted but not written. */
void cpuslab__text_string(struct cpuslab__text *text, const char *string);
void cpuslab__text_number(struct cpuslab__text *text, uint64_t number);
/* Append @string as a JSON string, with quotes. */
void cpuslab__text_quoted(struct cpuslab__text *text, const char *string);

/* Log one line: the four strings joined; any may be NULL. */
void cpuslab__log(const char *a, const char *b, const char *c, const char *d);
/* The same with a CPU number as the last. */
void cpuslab__log_cpu(const char *a, const char *b, const char *c,
		      uint32_t cpu);

/* Copy @string with cpuslab_port_zalloc(). NULL if there is no memory. */
char *cpuslab__string_copy(const char *string);

#endif /* CPUSLAB_LIB_FORMAT_H */
