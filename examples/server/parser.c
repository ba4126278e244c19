/* SPDX-License-Identifier: MIT */
/*
 * parser.c - llhttp or http-parser. The callbacks of both have the same form.
 */
#include <string.h>
#include <strings.h>

#include "parser.h"

/* ---- callbacks ----------------------------------------------------------- */

static struct request *parser_request(parser_library *library)
{
	return &((struct parser *)library->data)->request;
}

/* Append what fits; @text stays terminated. */
static void parser_append(char *text, size_t size, struct request_word *word,
			  const char *piece, size_t bytes)
{
	size_t room = size - 1 - word->length;

	if (bytes > room) {
		bytes = room;
		word->cut = true;
	}
	memcpy(text + word->length, piece, bytes);
	word->length += bytes;
	text[word->length] = '\0';
}

static int parser_on_url(parser_library *library, const char *at, size_t bytes)
{
	struct request *request = parser_request(library);

	parser_append(request->path, sizeof(request->path), &request->path_word,
		      at, bytes);
	return 0;
}

static int parser_on_field(parser_library *library, const char *at,
			   size_t bytes)
{
	struct request *request = parser_request(library);

	if (request->value)
		memset(&request->field_word, 0, sizeof(request->field_word));
	request->value = false;
	parser_append(request->field, sizeof(request->field),
		      &request->field_word, at, bytes);
	return 0;
}

/* Several headers of one name are one list. A trailer comes too late. */
static int parser_on_value(parser_library *library, const char *at,
			   size_t bytes)
{
	struct request *request = parser_request(library);
	bool first = !request->value;

	request->value = true;
	if (request->body || strcasecmp(request->field, "accept"))
		return 0;
	if (first && request->accept_word.length)
		parser_append(request->accept, sizeof(request->accept),
			      &request->accept_word, ",", 1);
	parser_append(request->accept, sizeof(request->accept),
		      &request->accept_word, at, bytes);
	return 0;
}

/* No protocol is changed: an Upgrade is ignored, and so is CONNECT. */
static int parser_on_header(parser_library *library)
{
	library->upgrade = 0;
	parser_request(library)->body = true;
	return 0;
}

/* Without the element that was cut, which might have another meaning. */
static void parser_end_accept(struct request *request)
{
	char *comma = strrchr(request->accept, ',');

	if (request->accept_word.cut)
		*(comma ? comma : request->accept) = '\0';
}

/* "http://host/path", as proxies get it, is "/path" (RFC 9112, 3.2.2). */
static void parser_end_path(struct request *request)
{
	static const char scheme[] = "http://";
	char *rest = request->path + strlen(scheme);

	if (strncasecmp(request->path, scheme, strlen(scheme)))
		return;
	rest += strcspn(rest, "/?");
	if (!*rest && request->path_word.cut)
		return;
	if (*rest != '/')
		*--rest = '/';
	memmove(request->path, rest, strlen(rest) + 1);
}

static void parser_end(parser_library *library, bool keep)
{
	struct request *request = parser_request(library);

	request->state = REQUEST_COMPLETE;
	request->get = library->method == HTTP_GET;
	request->head = library->method == HTTP_HEAD;
	request->keep = keep;
	parser_end_path(request);
	parser_end_accept(request);
}

static int parser_on_complete(parser_library *library);

static const parser_settings parser_calls = {
	.on_url = parser_on_url,
	.on_header_field = parser_on_field,
	.on_header_value = parser_on_value,
	.on_headers_complete = parser_on_header,
	.on_message_complete = parser_on_complete,
};

/* ---- what differs: a pause at the end of each request -------------------- */

#if PARSER_IS_LLHTTP

static int parser_on_complete(parser_library *library)
{
	parser_end(library, llhttp_should_keep_alive(library));
	return HPE_PAUSED;
}

void parser_init(struct parser *parser)
{
	memset(parser, 0, sizeof(*parser));
	llhttp_init(&parser->library, HTTP_REQUEST, &parser_calls);
	parser->library.data = parser;
}

static size_t parser_execute(struct parser *parser, const char *bytes,
			     size_t length)
{
	parser_library *library = &parser->library;
	llhttp_errno_t error;

	llhttp_resume(library);
	error = llhttp_execute(library, bytes, length);
	if (error == HPE_OK)
		return length;
	if (error != HPE_PAUSED)
		parser->request.state = REQUEST_BAD;
	return (size_t)(llhttp_get_error_pos(library) - bytes);
}

#else

static int parser_on_complete(parser_library *library)
{
	parser_end(library, http_should_keep_alive(library));
	http_parser_pause(library, 1);
	return 0;
}

void parser_init(struct parser *parser)
{
	memset(parser, 0, sizeof(*parser));
	http_parser_init(&parser->library, HTTP_REQUEST);
	parser->library.data = parser;
}

static size_t parser_execute(struct parser *parser, const char *bytes,
			     size_t length)
{
	parser_library *library = &parser->library;
	size_t used;

	http_parser_pause(library, 0);
	used = http_parser_execute(library, &parser_calls, bytes, length);
	if (HTTP_PARSER_ERRNO(library) != HPE_OK &&
	    HTTP_PARSER_ERRNO(library) != HPE_PAUSED)
		parser->request.state = REQUEST_BAD;
	return used;
}

#endif

/* -------------------------------------------------------------------------- */

size_t parser_feed(struct parser *parser, const char *bytes, size_t length)
{
	struct request *request = &parser->request;
	size_t used;

	if (request->state != REQUEST_PARTIAL)
		memset(request, 0, sizeof(*request));
	used = parser_execute(parser, bytes, length);
	request->bytes += used;
	if (!request->body && request->bytes > PARSER_HEADER)
		request->state = REQUEST_BAD;
	return used;
}
