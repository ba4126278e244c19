/* SPDX-License-Identifier: MIT */
/*
 * connection.h - one client: read, parse, answer, again.
 *
 * A connection has one owner at a time, and all that it is is in here: so it
 * can go to another worker at any moment, between two bytes of a request.
 *
 * While nothing is under way it has no buffer; buffers come from a cache with
 * magazines on each CPU, so a thousand silent clients need a few.
 */
#ifndef CPUSLAB_EXAMPLES_CONNECTION_H
#define CPUSLAB_EXAMPLES_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <http_parser.h>

#include "page.h"

#define CONNECTION_PATH 64
#define CONNECTION_ACCEPT 256

struct server;
struct worker;

struct buffer {
	char bytes[8192];
};

/* Of one request, as far as it has been parsed. */
struct request {
	uint64_t begin;                 /* ns, of its first byte */
	char path[CONNECTION_PATH];     /* cut: no page is as long */
	char accept[CONNECTION_ACCEPT]; /* its Accept header, cut */
	char field[16];                 /* the header's name, cut */
	size_t path_length;
	size_t accept_length;
	size_t field_length;
	bool value;    /* the last piece of a header was one of its value */
	bool complete; /* answer it */
};

/* W its owner. */
struct connection {
	struct connection *next; /* of the same worker */
	struct connection *prev;
	struct worker *worker; /* NULL: on its way */
	int fd;
	uint32_t polled_for; /* EPOLLIN or EPOLLOUT */
	uint64_t hash;       /* what it is steered by */
	uint64_t active;     /* ns, when something last happened */
	http_parser parser;
	struct request request;
	struct buffer *buffer; /* NULL: nothing is under way */
	size_t parsed;         /* of the buffer's bytes */
	size_t filled;
	struct page page; /* what is being sent, if: */
	bool sends;
	bool last;    /* nothing more is sent after that */
	bool lingers; /* it was: what comes is dropped, until the peer closes */
};

/* Of an accepted socket, which is closed if there is no memory: then NULL. */
struct connection *connection_new(struct server *server, int fd,
				  uint64_t number);
/* Nobody has it. */
void connection_free(struct server *server, struct connection *connection);
/* Go on as far as that is possible now. False: close it. */
bool connection_serve(struct server *server, struct connection *connection);
/* Has something arrived that was not read? */
bool connection_has_more(const struct connection *connection);
/* Monotonic, in ns. */
uint64_t connection_now(void);

#endif /* CPUSLAB_EXAMPLES_CONNECTION_H */
