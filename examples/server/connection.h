/* SPDX-License-Identifier: MIT */
/*
 * connection.h - one client: read, parse, answer, again.
 *
 * A connection has one owner at a time and holds its whole state. So it can
 * move to another worker at any moment, even in the middle of a request.
 *
 * An idle connection has no buffer. Buffers come from an object cache with
 * magazines on each CPU, so a thousand idle clients need only a few.
 */
#ifndef CPUSLAB_EXAMPLES_CONNECTION_H
#define CPUSLAB_EXAMPLES_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "page.h"
#include "parser.h"

struct server;
struct worker;

struct buffer {
	char bytes[8192];
};

/* W owner. */
struct connection {
	struct connection *next; /* of the same worker */
	struct connection *prev;
	struct worker *worker; /* NULL: in a mailbox */
	int fd;
	uint32_t polled_for; /* EPOLLIN or EPOLLOUT */
	uint64_t hash;       /* for the steering table */
	uint64_t active;     /* ns, when a request began or was answered */
	uint64_t begin;      /* ns, when the first byte of a request came */
	struct parser parser;
	struct buffer *buffer; /* NULL: idle */
	size_t parsed;         /* bytes of the buffer */
	size_t filled;
	struct page page; /* while @sends */
	bool sends;
	bool last;    /* @page is the last one on this connection */
	bool lingers; /* all is sent: drop input until the client closes */
};

/* Make a connection of a socket. Without memory: close it, return NULL. */
struct connection *connection_new(struct server *server, int fd,
				  uint64_t number);
/* Free a connection that no worker owns. */
void connection_free(struct server *server, struct connection *connection);
/* Do all that is possible without waiting. False: close the connection. */
bool connection_serve(struct server *server, struct connection *connection);
/* Is there input that was not parsed? */
bool connection_has_more(const struct connection *connection);
/* The monotonic clock, in ns. */
uint64_t connection_now(void);

#endif /* CPUSLAB_EXAMPLES_CONNECTION_H */
