/* SPDX-License-Identifier: MIT */
/*
 * page.h - an answer: header, body, and how much of them has been sent.
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
	bool head; /* send the header only */
	bool bad;  /* the input was not a request */
};

struct page {
	int status;
	char header[320];
	size_t header_length;
	const char *body;
	size_t body_length;
	char *owned; /* the body, unless it is constant */
	size_t sent; /* bytes of header and body */
};

/* Cannot fail: without memory it makes an error page. */
void page_make(struct page *page, struct server *server,
	       const struct page_wanted *wanted, bool keep);
void page_free(struct page *page);
/* The parts that are left to send; returns their number, 0 at the end. */
size_t page_rest(const struct page *page, struct iovec *parts);
void page_sent(struct page *page, size_t bytes);

/* ---- pages that are written for each request ----------------------------- */

/* metrics.c; @open: OpenMetrics, otherwise Prometheus' older text. */
void page_metrics(FILE *out, struct server *server, bool open);
/* status.c */
void page_status(FILE *out, struct server *server);

#endif /* CPUSLAB_EXAMPLES_PAGE_H */
