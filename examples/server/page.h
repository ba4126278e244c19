/* SPDX-License-Identifier: MIT */
/*
 * page.h - what is answered: a header, a body, and how much of them was sent.
 */
#ifndef CPUSLAB_EXAMPLES_PAGE_H
#define CPUSLAB_EXAMPLES_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/uio.h>

struct server;

struct page_wanted {
	const char *path;
	const char *accept;
	bool get;
	bool head; /* the header alone */
	bool bad;  /* it was no request */
};

struct page {
	int status;
	char header[320];
	size_t header_length;
	const char *body;
	size_t body_length;
	char *owned; /* the body, if it is not constant */
	size_t sent; /* of both */
};

/* Never fails: without memory it is a page that says so. */
void page_make(struct page *page, struct server *server,
	       const struct page_wanted *wanted, bool keep);
void page_free(struct page *page);
/* What is to be sent; how many parts that is, 0 at the end. */
size_t page_rest(const struct page *page, struct iovec *parts);
void page_sent(struct page *page, size_t bytes);

/* ---- those that are made anew each time ---------------------------------- */

/* metrics.c; @open: OpenMetrics, otherwise Prometheus' older text. */
void page_metrics(FILE *out, struct server *server, bool open);
/* status.c */
void page_status(FILE *out, struct server *server);

#endif /* CPUSLAB_EXAMPLES_PAGE_H */
