/* SPDX-License-Identifier: MIT */
/*
 * parts.c - parts of the example server without the rest of it.
 *
 *	server-parts [SEED]     check the parser of requests and that of Accept
 *	server-parts --page     print the page for people, of an odd machine
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../examples/server/accept.h"
#include "../../examples/server/html.h"
#include "../../examples/server/parser.h"

static unsigned int parts_failures;
static uint64_t parts_seed = 1;

static uint32_t parts_random(uint32_t below)
{
	parts_seed = parts_seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(parts_seed >> 33) % below;
}

static void parts_fail(const char *what, const char *text)
{
	printf("failed: %s: %s\n", what, text);
	parts_failures++;
}

/* ---- Accept -------------------------------------------------------------- */

#define LONG_40 "0123456789012345678901234567890123456789"
#define LONG_280 LONG_40 LONG_40 LONG_40 LONG_40 LONG_40 LONG_40 LONG_40
#define LONG_320 LONG_280 LONG_40
#define RFC                                                                    \
	"text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, "           \
	"text/plain;format=fixed;q=0.4, */*;q=0.5"

/* The weight in thousandths; -1: refused. The first six are RFC 9110's. */
static const struct parts_accept {
	const char *accept;
	const char *type;
	int weight;
} parts_accepts[] = {
	{ RFC, "text/plain; format=flowed", 1000 },
	{ RFC, "text/plain", 700 },
	{ RFC, "text/html", 300 },
	{ RFC, "image/jpeg", 500 },
	{ RFC, "text/plain; format=fixed", 400 },
	{ RFC, "text/html; level=3", 300 },
	{ "", "a/b", 0 },
	{ "a/b", "a/b", 1000 },
	{ "A/B;Q=0.5", "a/b", 500 },
	{ "a/b", "a/c", 0 },
	{ "a/b", "c/b", 0 },
	{ "a/bc", "a/b", 0 },
	{ "a/*", "a/b", 1000 },
	{ "a/b;q=0", "a/b", -1 },
	{ "a/b;q=0.000, */*", "a/b", -1 },
	{ "*/*, a/b;q=0", "a/b", -1 },
	{ "a/*;q=0, a/b", "a/b", 1000 },
	/* Blanks and empty elements. */
	{ " ,, a/b ; q=0.5\t,", "a/b", 500 },
	{ "a/b;;q=0.5;", "a/b", 500 },
	{ "a/b; ;c=d", "a/b;c=d", 1000 },
	/* Numbers. */
	{ "a/b;q=1", "a/b", 1000 },
	{ "a/b;q=1.", "a/b", 1000 },
	{ "a/b;q=1.000", "a/b", 1000 },
	{ "a/b;q=0.125", "a/b", 125 },
	{ "a/b;q=0.001", "a/b", 1 },
	{ "a/b;q=1.001", "a/b", 0 },
	{ "a/b;q=0.1234", "a/b", 0 },
	{ "a/b;q=.5", "a/b", 0 },
	{ "a/b;q=2", "a/b", 0 },
	{ "a/b;q=-1", "a/b", 0 },
	{ "a/b;q=", "a/b", 0 },
	{ "a/b;q", "a/b", 0 },
	{ "a/b;q=0.5x", "a/b", 0 },
	/* What is malformed is ignored, and the rest is not. */
	{ "a, a/b;q=0.5", "a/b", 500 },
	{ "/b, a/, a/b;q=0.5", "a/b", 500 },
	{ "*/b, *, a/b;q=0.5", "a/b", 500 },
	{ "a/b c, a/b;q=0.5", "a/b", 500 },
	{ "a/b;q=x, a/b;q=0.5", "a/b", 500 },
	{ "a/b;c=\"d, a/b;q=0.5", "a/b", 0 },
	{ "a/b;1=2;3=4;5=6;7=8;9=0", "a/b;1=2;3=4;5=6;7=8", 0 },
	/* Parameters. */
	{ "a/b;c=d", "a/b;c=d", 1000 },
	{ "a/b;c=D", "a/b; C=d; e=f", 1000 },
	{ "a/b;c=d", "a/b;c=e", 0 },
	{ "a/b;c=d", "a/b", 0 },
	{ "*/*;c=d", "a/b", 0 },
	{ "a/b;any=thing", "a/b", 1000 },
	{ "a/b;c=\"d\";q=0.5", "a/b;c=d", 500 },
	{ "a/b;c=\"\\d\"", "a/b;c=d", 1000 },
	{ "x/y;c=\",a/b;\\\",\", a/b;q=0.5", "a/b", 500 },
	{ "a/b;q=0.5;c=d", "a/b", 500 },
	/* The most specific range, wherever it is. */
	{ "a/b;c=d;q=0.1, a/b;q=0.2, a/*;q=0.3, */*", "a/b;c=d", 100 },
	{ "*/*, a/*;q=0.3, a/b;q=0.2, a/b;c=d;q=0.1", "a/b;c=d", 100 },
	/* Of two that are as specific the first. */
	{ "a/b;q=0.3, a/b;q=0.7", "a/b", 300 },
	/* Long words are cut, but match nothing. */
	{ "a/" LONG_320 LONG_320, "a/b", 0 },
	{ "a/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "a/b",
	  0 },
};

static void parts_check_accept(const struct parts_accept *one)
{
	int rank = accept_rank(one->accept, one->type, "any");
	int weight = rank < 0 ? -1 : rank / 1024;

	if (weight == one->weight)
		return;
	printf("%d instead of %d for \"%s\" by ", weight, one->weight,
	       one->type);
	parts_fail("Accept", one->accept);
}

/* Random headers, at the end of an allocation. */
static void parts_fuzz_accept(void)
{
	static const char alphabet[] = "aab**//;;==,,qq01.. \t\"\\\"\x80\x7f";
	uint32_t length = parts_random(64), i;
	char *accept = malloc(length + 1);
	int rank;

	if (!accept)
		abort();
	for (i = 0; i < length; i++)
		accept[i] = alphabet[parts_random(sizeof(alphabet) - 1)];
	accept[length] = '\0';
	rank = accept_rank(accept, "a/b;a=b", "q");
	if (rank < -1 || (rank > 0 && rank < 1024) || rank > 1001 * 1024)
		parts_fail("random Accept", accept);
	free(accept);
}

/* ---- requests ------------------------------------------------------------ */

/* Several requests in one connection; "" ends the answers. */
static const struct parts_request {
	const char *bytes;
	/* Of each: "M PATH ACCEPT", in brackets if the connection ends. */
	const char *seen[4];
} parts_requests[] = {
	{ "GET /a HTTP/1.1\r\nHost: h\r\nAccept: x/y\r\n\r\n", { "G /a x/y" } },
	{ "HEAD /a HTTP/1.1\r\n\r\nPOST /b HTTP/1.1\r\nContent-Length: 3\r\n"
	  "\r\nabcGET /c HTTP/1.1\r\nConnection: close\r\n\r\n",
	  { "H /a ", "- /b ", "[G /c ]" } },
	{ "GET / HTTP/1.0\r\n\r\n", { "[G / ]" } },
	{ "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0"
	  "\r\n\r\nGET /b HTTP/1.1\r\n\r\n",
	  { "- / ", "G /b " } },
	/* Of one name: one list. After an empty value comes another name. */
	{ "GET / HTTP/1.1\r\nAccept: a/b\r\nX: y\r\nACCEPT: c/d\r\n\r\n",
	  { "G / a/b,c/d" } },
	{ "GET / HTTP/1.1\r\nX:\r\nAccept: a/b\r\nAccept-Language: c\r\n\r\n"
	  "GET / HTTP/1.1\r\n\r\n",
	  { "G / a/b", "G / " } },
	/* The element that does not fit is left out. */
	{ "GET / HTTP/1.1\r\nAccept: a/b,c/d;e=" LONG_320 LONG_320 "\r\n\r\n",
	  { "G / a/b" } },
	{ "GET / HTTP/1.1\r\nAccept: a/" LONG_320 LONG_320 "\r\n\r\n",
	  { "G / " } },
	{ "GET /" LONG_40 LONG_320 " HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n",
	  { "G /" LONG_280 "01234567890123456789012345678901234567 ",
	    "G /b " } },
	/* With the host, as a proxy gets it; the host alone is not cut off. */
	{ "GET http://h:80/a HTTP/1.1\r\n\r\nGET HTTP://h HTTP/1.1\r\n\r\n"
	  "GET http://h?a=/b HTTP/1.1\r\n\r\n",
	  { "G /a ", "G / ", "G /?a=/b " } },
	{ "GET http://" LONG_280 "/a HTTP/1.1\r\n\r\n", { "G /a " } },
	{ "GET http://" LONG_280 LONG_40 "/a HTTP/1.1\r\n\r\n",
	  { "G http://" LONG_280 "01234567890123456789012345678901 " } },
	/* A trailer comes after what it would choose. */
	{ "GET / HTTP/1.1\r\nAccept: a/b\r\nTransfer-Encoding: chunked\r\n"
	  "\r\n0\r\nAccept: c/d\r\n\r\n",
	  { "G / a/b" } },
	/* Nothing is upgraded. */
	{ "GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
	  "CONNECT a:1 HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n",
	  { "G / ", "- a:1 ", "G /b " } },
	{ "nonsense\r\n\r\n", { "bad" } },
	{ "GET /a HTTP/1.1\r\n\r\nnonsense\r\n\r\n", { "G /a ", "bad" } },
	{ "GET / HTTP/1.1\r\nbad\r\n\r\n", { "bad" } },
};

static void parts_describe(const struct request *request, char *text,
			   size_t size)
{
	char method = request->get ? 'G' : request->head ? 'H' : '-';

	if (request->state == REQUEST_BAD)
		snprintf(text, size, "bad");
	else
		snprintf(text, size, "%s%c %s %s%s", request->keep ? "" : "[",
			 method, request->path, request->accept,
			 request->keep ? "" : "]");
}

/* Feed it in pieces of this size, and take what is complete. */
static bool parts_feed(const struct parts_request *one, size_t piece)
{
	size_t length = strlen(one->bytes), used, rest, at = 0;
	const char *const *seen = one->seen;
	struct parser parser;
	char text[1024];

	parser_init(&parser);
	while (at < length) {
		rest = length - at < piece ? length - at : piece;
		used = parser_feed(&parser, one->bytes + at, rest);
		at += used;
		if (parser.request.state == REQUEST_PARTIAL && used < rest)
			return false;
		if (parser.request.state == REQUEST_PARTIAL)
			continue;
		parts_describe(&parser.request, text, sizeof(text));
		if (!*seen || strcmp(text, *seen))
			return false;
		seen++;
		if (parser.request.state == REQUEST_BAD)
			break;
	}
	return !*seen;
}

static void parts_check_request(const struct parts_request *one)
{
	size_t length = strlen(one->bytes), piece;

	for (piece = 1; piece <= length; piece++)
		if (!parts_feed(one, piece)) {
			printf("in pieces of %zu: ", piece);
			parts_fail("request", one->bytes);
			return;
		}
}

/* A header without an end is refused, though it is not kept. */
static void parts_check_endless(void)
{
	struct parser parser;
	size_t sent = 0;

	parser_init(&parser);
	(void)parser_feed(&parser, "GET / HTTP/1.1\r\n", 16);
	while (parser.request.state == REQUEST_PARTIAL && sent < 1000000)
		sent += parser_feed(&parser, "A: 3456789\r\n", 12);
	if (parser.request.state != REQUEST_BAD || sent < PARSER_HEADER / 2 ||
	    sent > PARSER_HEADER + 12)
		parts_fail("request", "a header without an end");
}

/* Random changes of a request, fed in random pieces. */
static void parts_fuzz_request(void)
{
	static const char alphabet[] = "\r\n :,/\t\0\x80GHTP1.0";
	const struct parts_request *one = &parts_requests[parts_random(
		sizeof(parts_requests) / sizeof(*parts_requests))];
	size_t length = strlen(one->bytes), at = 0, i;
	char *bytes = malloc(length);
	struct parser parser;

	if (!bytes)
		abort();
	memcpy(bytes, one->bytes, length);
	for (i = parts_random(4); i; i--)
		bytes[parts_random((uint32_t)length)] =
			alphabet[parts_random(sizeof(alphabet) - 1)];
	parser_init(&parser);
	while (at < length && parser.request.state != REQUEST_BAD) {
		i = 1 + parts_random((uint32_t)(length - at));
		i = parser_feed(&parser, bytes + at, i);
		if (i > length - at)
			parts_fail("random request", one->bytes);
		at += i;
	}
	free(bytes);
}

/* ---- the page ------------------------------------------------------------ */

#define CPUS 4096u

/* Far numbers, a parked worker, a CPU that was not announced. */
static int parts_page(void)
{
	static const struct html_facts facts = {
		.host = "<script>alert(\"&\")</script>",
		.online = 3,
		.connections = 12345,
	};
	struct overview *overview = calloc(
		1, sizeof(*overview) + CPUS * sizeof(struct overview_cpu));

	if (!overview)
		return 1;
	overview->limit = CPUS;
	overview->cpu[0] = (struct overview_cpu){ true, true,    false,
						  12,   1234567, 1234567 };
	overview->cpu[3] =
		(struct overview_cpu){ false, true, true, 0, 0, 5000000 };
	overview->cpu[17] =
		(struct overview_cpu){ true, false, false, 0, 1, 0 };
	overview->cpu[4095] = (struct overview_cpu){ true,       true,
						     false,      1000000,
						     UINT64_MAX, UINT64_MAX };
	overview->folded = UINT64_MAX / 2;
	overview->total = UINT64_MAX;
	html_write(stdout, overview, &facts);
	free(overview);
	return 0;
}

int main(int argc, char **argv)
{
	size_t i;

	if (argc > 1 && !strcmp(argv[1], "--page"))
		return parts_page();
	if (argc > 1)
		parts_seed = strtoull(argv[1], NULL, 10);
	printf("seed %llu\n", (unsigned long long)parts_seed);
	for (i = 0; i < sizeof(parts_accepts) / sizeof(*parts_accepts); i++)
		parts_check_accept(&parts_accepts[i]);
	for (i = 0; i < sizeof(parts_requests) / sizeof(*parts_requests); i++)
		parts_check_request(&parts_requests[i]);
	parts_check_endless();
	for (i = 0; i < 200000; i++)
		parts_fuzz_accept();
	for (i = 0; i < 50000; i++)
		parts_fuzz_request();
	printf("%u failures\n", parts_failures);
	return parts_failures ? 1 : 0;
}
