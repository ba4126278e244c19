/* SPDX-License-Identifier: MIT */
/*
 * page.c - choose the page for a request and its form, and write its header.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "accept.h"
#include "page.h"
#include "parser.h"

#define PAGE_TEXT "text/plain; charset=utf-8"

/* One of the forms of a page: constant, or written for each request. */
struct page_form {
	const char *type; /* NULL: the end of a list */
	const char *any;  /* see accept_rank() */
	const char *text;
	bool (*write)(FILE *out, struct server *server);
};

/*
 * A client gets the form that it wants most. If it wants several alike, or none
 * of them, it gets the first: numbers in an unexpected form help more than the
 * status 406.
 */
static const struct page_source {
	const char *path;
	struct page_form forms[3];
} page_sources[] = {
	{ "/",
	  { { .type = PAGE_TEXT, .text = "Served where it arrived.\n" },
	    { .type = "text/html; charset=utf-8", .write = page_overview } } },
	{ "/live",
	  { { .type = "text/html; charset=utf-8", .write = page_live } } },
	/* A browser shows text, and would store what it does not know. */
	{ "/metrics",
	  { { .type = "text/plain; version=0.0.4; charset=utf-8",
	      .write = page_prometheus },
	    { .type = "application/openmetrics-text; version=1.0.0; "
		      "charset=utf-8",
	      .any = "escaping", /* our names need none */
	      .write = page_openmetrics } } },
	{ "/status", { { .type = "application/json", .write = page_status } } },
};

#define PAGE_SOURCES (sizeof(page_sources) / sizeof(*page_sources))

/* ---- bodies -------------------------------------------------------------- */

static void page_constant(struct page *page, int status, const char *type,
			  const char *body)
{
	page->status = status;
	page->type = type;
	page->body = body;
	page->body_length = strlen(body);
}

static void page_error(struct page *page, int status, const char *body)
{
	page_constant(page, status, PAGE_TEXT, body);
}

/* Without its query, which no page has. */
static const struct page_source *page_find(const char *path)
{
	size_t length = strcspn(path, "?");
	size_t i;

	for (i = 0; i < PAGE_SOURCES; i++)
		if (strlen(page_sources[i].path) == length &&
		    !memcmp(page_sources[i].path, path, length))
			return &page_sources[i];
	return NULL;
}

static const struct page_form *page_negotiate(const struct page_source *source,
					      const char *accept)
{
	const struct page_form *form, *best = source->forms;
	int rank, highest = INT_MIN;

	for (form = best; form->type; form++) {
		rank = accept_rank(accept, form->type, form->any);
		if (rank <= highest)
			continue;
		highest = rank;
		best = form;
	}
	return best;
}

static bool page_write(struct page *page, struct server *server,
		       const struct page_form *form)
{
	FILE *out = open_memstream(&page->owned, &page->body_length);
	bool written = out && form->write(out, server) && !ferror(out);

	if (out && fclose(out))
		written = false;
	page->status = 200;
	page->type = form->type;
	page->body = page->owned;
	return written;
}

static void page_fill(struct page *page, struct server *server,
		      const struct page_source *source, const char *accept)
{
	const struct page_form *form = page_negotiate(source, accept);

	page->varies = source->forms[1].type;
	if (form->text) {
		page_constant(page, 200, form->type, form->text);
	} else if (!page_write(page, server, form)) {
		page_free(page);
		page_error(page, 503, "Out of memory.\n");
	}
}

static void page_choose(struct page *page, struct server *server,
			const struct request *request)
{
	const struct page_source *source = page_find(request->path);

	if (request->state == REQUEST_BAD)
		page_error(page, 400, "This is not an HTTP request.\n");
	else if (!request->get && !request->head)
		page_error(page, 405, "Only GET and HEAD are allowed.\n");
	else if (!source)
		page_error(page, 404, "Try /, /live, /metrics or /status.\n");
	else
		page_fill(page, server, source, request->accept);
}

/* ---- header -------------------------------------------------------------- */

static const char *page_reason(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 400:
		return "Bad Request";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	default:
		return "Service Unavailable";
	}
}

/* Per thread, formatted once a second. */
static const char *page_date(void)
{
	static _Thread_local char text[40];
	static _Thread_local time_t made = (time_t)-1;
	time_t now = time(NULL);
	struct tm parts;

	if (now != made && gmtime_r(&now, &parts) &&
	    strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &parts))
		made = now;
	return text;
}

static void page_make_header(struct page *page, bool keep)
{
	int length = snprintf(page->header, sizeof(page->header),
			      "HTTP/1.1 %d %s\r\n"
			      "Date: %s\r\n"
			      "Content-Type: %s\r\n"
			      "Content-Length: %zu\r\n"
			      "Cache-Control: no-store\r\n"
			      "%s%s"
			      "Connection: %s\r\n"
			      "\r\n",
			      page->status, page_reason(page->status),
			      page_date(), page->type, page->body_length,
			      page->varies ? "Vary: Accept\r\n" : "",
			      page->status == 405 ? "Allow: GET, HEAD\r\n" : "",
			      keep ? "keep-alive" : "close");

	page->header_length = (size_t)length;
}

void page_make(struct page *page, struct server *server,
	       const struct request *request, bool keep)
{
	memset(page, 0, sizeof(*page));
	page_choose(page, server, request);
	page_make_header(page, keep);
	if (request->head)
		page->body_length = 0;
}

void page_free(struct page *page)
{
	free(page->owned);
	page->owned = NULL;
	page->body_length = 0;
}

/* ---- sending ------------------------------------------------------------- */

size_t page_rest(const struct page *page, struct iovec *parts)
{
	const char *bytes[] = { page->header, page->body };
	size_t lengths[] = { page->header_length, page->body_length };
	size_t skip = page->sent;
	size_t count = 0;
	int i;

	for (i = 0; i < 2; i++) {
		if (skip >= lengths[i]) {
			skip -= lengths[i];
			continue;
		}
		parts[count].iov_base = (void *)(uintptr_t)(bytes[i] + skip);
		parts[count++].iov_len = lengths[i] - skip;
		skip = 0;
	}
	return count;
}

void page_sent(struct page *page, size_t bytes)
{
	page->sent += bytes;
}
