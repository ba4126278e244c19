/* SPDX-License-Identifier: MIT */
/*
 * parser.h - what the server needs of a request, from the bytes of a
 * connection in pieces of any length.
 *
 * The work is done by llhttp or, where only that is installed, by its
 * predecessor http-parser. No other file knows which of the two.
 */
#ifndef CPUSLAB_EXAMPLES_PARSER_H
#define CPUSLAB_EXAMPLES_PARSER_H

#include <stdbool.h>
#include <stddef.h>

#if __has_include(<llhttp.h>)
#include <llhttp.h>
#define PARSER_IS_LLHTTP 1
typedef llhttp_t parser_library;
typedef llhttp_settings_t parser_settings;
#else
#include <http_parser.h>
#define PARSER_IS_LLHTTP 0
typedef http_parser parser_library;
typedef http_parser_settings parser_settings;
#endif

#define PARSER_PATH 320 /* a host's name may have 253 */
#define PARSER_ACCEPT 512
#define PARSER_HEADER 65536 /* a header that goes on after these is refused */

enum request_state {
	REQUEST_PARTIAL,
	REQUEST_COMPLETE,
	REQUEST_BAD,
};

/* A word that is put together of pieces; cut when it is too long. */
struct request_word {
	size_t length;
	bool cut;
};

struct request {
	enum request_state state;
	bool get;
	bool head;
	bool keep;                  /* the connection may be used again */
	char path[PARSER_PATH];     /* without the scheme and the host */
	char accept[PARSER_ACCEPT]; /* the values of all its Accept headers */
	/* For the parser */
	char field[16]; /* a header's name */
	struct request_word path_word, accept_word, field_word;
	bool value;   /* the last piece was of a value */
	bool body;    /* the header is complete */
	size_t bytes; /* so far */
};

struct parser {
	parser_library library;
	struct request request;
};

/* It may not move from here on. */
void parser_init(struct parser *parser);

/*
 * Parse up to the end of a request, or as far as there is input; returns how
 * much that was. After a complete request it begins the next one.
 */
size_t parser_feed(struct parser *parser, const char *bytes, size_t length);

#endif /* CPUSLAB_EXAMPLES_PARSER_H */
