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

struct request;
struct server;

struct page {
	int status;
	const char *type; /* Content-Type */
	bool varies;      /* another client may get another form */
	char header[320];
	size_t header_length;
	const char *body;
	size_t body_length;
	char *owned; /* the body, unless it is constant */
	size_t sent; /* bytes of header and body */
};

/* Cannot fail: without memory it makes an error page. */
void page_make(struct page *page, struct server *server,
	       const struct request *request, bool keep);
void page_free(struct page *page);
/* The parts that are left to send; returns their number, 0 at the end. */
size_t page_rest(const struct page *page, struct iovec *parts);
void page_sent(struct page *page, size_t bytes);

/* ---- pages that are written for each request; false: no memory ----------- */

/* html.c: what each CPU does, for people. */
bool page_overview(FILE *out, struct server *server);
/* The same, which a browser reads again at intervals. */
bool page_live(FILE *out, struct server *server);
/* metrics.c */
bool page_prometheus(FILE *out, struct server *server);
bool page_openmetrics(FILE *out, struct server *server);
/* status.c */
bool page_status(FILE *out, struct server *server);

#endif /* CPUSLAB_EXAMPLES_PAGE_H */
