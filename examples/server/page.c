/* SPDX-License-Identifier: MIT */
/*
 * page.c - choose the page for a request and write its header.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "page.h"

#define PAGE_OPENMETRICS                                                       \
	"application/openmetrics-text; version=1.0.0; charset=utf-8"
#define PAGE_PROMETHEUS "text/plain; version=0.0.4; charset=utf-8"
#define PAGE_TEXT "text/plain; charset=utf-8"

static const char page_hello[] = "Served where it arrived.\n";

/* ---- bodies -------------------------------------------------------------- */

static void page_constant(struct page *page, int status, const char *body)
{
	page->status = status;
	page->body = body;
	page->body_length = strlen(body);
}

/*
 * OpenMetrics, unless the client accepts the older text only, as old versions
 * of Prometheus and "promtool check metrics" do.
 */
static bool page_is_open(const char *accept)
{
	return strstr(accept, "application/openmetrics-text") ||
	       !strstr(accept, "text/plain");
}

static const char *page_write(FILE *out, struct server *server,
			      const struct page_wanted *wanted)
{
	bool open = page_is_open(wanted->accept);

	if (!strcmp(wanted->path, "/status")) {
		page_status(out, server);
		return "application/json";
	}
	page_metrics(out, server, open);
	return open ? PAGE_OPENMETRICS : PAGE_PROMETHEUS;
}

static const char *page_made(struct page *page, struct server *server,
			     const struct page_wanted *wanted)
{
	FILE *out = open_memstream(&page->owned, &page->body_length);
	const char *type = PAGE_TEXT;

	if (out)
		type = page_write(out, server, wanted);
	if (!out || ferror(out) | fclose(out)) {
		page_free(page);
		page_constant(page, 503, "Out of memory.\n");
		return PAGE_TEXT;
	}
	page->status = 200;
	page->body = page->owned;
	return type;
}

static const char *page_choose(struct page *page, struct server *server,
			       const struct page_wanted *wanted)
{
	if (wanted->bad)
		page_constant(page, 400, "This is not an HTTP request.\n");
	else if (!wanted->get && !wanted->head)
		page_constant(page, 405, "Only GET and HEAD are allowed.\n");
	else if (!strcmp(wanted->path, "/metrics") ||
		 !strcmp(wanted->path, "/status"))
		return page_made(page, server, wanted);
	else if (!strcmp(wanted->path, "/"))
		page_constant(page, 200, page_hello);
	else
		page_constant(page, 404, "Try /, /metrics or /status.\n");
	return PAGE_TEXT;
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

static void page_make_header(struct page *page, const char *type, bool keep)
{
	int length = snprintf(page->header, sizeof(page->header),
			      "HTTP/1.1 %d %s\r\n"
			      "Date: %s\r\n"
			      "Content-Type: %s\r\n"
			      "Content-Length: %zu\r\n"
			      "%s"
			      "Connection: %s\r\n"
			      "\r\n",
			      page->status, page_reason(page->status),
			      page_date(), type, page->body_length,
			      page->status == 405 ? "Allow: GET, HEAD\r\n" : "",
			      keep ? "keep-alive" : "close");

	page->header_length = (size_t)length;
}

void page_make(struct page *page, struct server *server,
	       const struct page_wanted *wanted, bool keep)
{
	memset(page, 0, sizeof(*page));
	page_make_header(page, page_choose(page, server, wanted), keep);
	if (wanted->head)
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
