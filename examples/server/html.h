/* SPDX-License-Identifier: MIT */
/*
 * html.h - the page for people: what each CPU does, as a table with bars.
 *
 * It needs no script, and the bars repeat what the numbers say. It refreshes
 * itself only if the reader asks for that: a page that changes on its own
 * interrupts a screen reader, and moves what is being read.
 */
#ifndef CPUSLAB_EXAMPLES_HTML_H
#define CPUSLAB_EXAMPLES_HTML_H

#include <stdio.h>

#include "overview.h"

struct html_facts {
	const char *host; /* any bytes */
	uint32_t online;  /* CPUs that the server may use */
	uint64_t connections;
	bool live; /* the browser reads the page again at intervals */
};

void html_write(FILE *out, const struct overview *overview,
		const struct html_facts *facts);

#endif /* CPUSLAB_EXAMPLES_HTML_H */
