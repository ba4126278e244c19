/* SPDX-License-Identifier: MIT */
/*
 * format.h - put lines together without a C library.
 */
#ifndef CPUSLAB_LIB_FORMAT_H
#define CPUSLAB_LIB_FORMAT_H

#include <cpuslab/base.h>

struct cpuslab__text {
	char *buf;
	size_t size;   /* of buf */
	size_t length; /* of the whole text; may exceed size */
};

/* Append; what does not fit is counted, not written. */
void cpuslab__text_string(struct cpuslab__text *text, const char *string);
void cpuslab__text_number(struct cpuslab__text *text, uint64_t number);
/* As a JSON string, quotes included. */
void cpuslab__text_quoted(struct cpuslab__text *text, const char *string);

/* A line for the port's log: the four strings in a row; each may be NULL. */
void cpuslab__log(const char *a, const char *b, const char *c, const char *d);
/* As above, with a CPU number in the end. */
void cpuslab__log_cpu(const char *a, const char *b, const char *c,
		      uint32_t cpu);

/* A copy of @string from cpuslab_port_zalloc(); NULL: no memory. */
char *cpuslab__string_copy(const char *string);

#endif /* CPUSLAB_LIB_FORMAT_H */
