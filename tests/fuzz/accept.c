/* SPDX-License-Identifier: MIT */
/*
 * accept.c - requests to the example server: in pieces they are parsed as in
 * one, and any Accept header is ranked.
 */
#include "../../examples/server/accept.h"
#include "../../examples/server/parser.h"
#include "fuzz.h"

static void accept_rank_all(const char *accept)
{
	static const char *const types[] = {
		"text/html", "text/plain; version=0.0.4",
		"application/openmetrics-text; version=1.0.0; charset=utf-8"
	};
	size_t i;
	int rank;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		rank = accept_rank(accept, types[i], "charset");
		fuzz_expect(rank == accept_rank(accept, types[i], "charset"));
		fuzz_expect(rank / 1024 <= 1000);
	}
}

/* Up to the end of a request, each time @piece bytes. */
static size_t accept_feed(struct parser *parser, const uint8_t *data,
			  size_t bytes, size_t piece)
{
	size_t done = 0, given;
	char *copy;

	parser_init(parser);
	while (done < bytes && parser->request.state == REQUEST_PARTIAL) {
		given = bytes - done < piece ? bytes - done : piece;
		copy = malloc(given); /* whose end the sanitizer knows */
		memcpy(copy, data + done, given);
		done += parser_feed(parser, copy, given);
		free(copy);
	}
	fuzz_expect(done <= bytes);
	return done;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct parser whole, pieces;
	struct request *a = &whole.request, *b = &pieces.request;
	size_t piece = bytes ? data[0] % 8 + 1 : 1;
	size_t end = accept_feed(&whole, data, bytes, bytes + 1);
	char *text = malloc(bytes + 1);

	fuzz_expect(a->state == REQUEST_BAD ||
		    end == accept_feed(&pieces, data, bytes, piece));
	if (a->state == REQUEST_COMPLETE) {
		fuzz_expect(b->state == REQUEST_COMPLETE);
		fuzz_expect(!strcmp(a->path, b->path));
		fuzz_expect(!strcmp(a->accept, b->accept));
		fuzz_expect(a->get == b->get && a->head == b->head &&
			    a->keep == b->keep);
		accept_rank_all(a->accept);
	}
	if (bytes)
		memcpy(text, data, bytes);
	text[bytes] = '\0';
	accept_rank_all(text);
	free(text);
	return 0;
}
