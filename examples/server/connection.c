/* SPDX-License-Identifier: MIT */
/*
 * connection.c - one client.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "connection.h"
#include "server.h"
#include "worker.h"

#define CONNECTION_READS 16 /* per turn: other connections wait */

uint64_t connection_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- creation ------------------------------------------------------------ */

struct connection *connection_new(struct server *server, int fd,
				  uint64_t number)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (!connection) {
		close(fd);
		return NULL;
	}
	connection->fd = fd;
	connection->hash = cpuslab_steering_hash(number);
	connection->active = connection_now();
	parser_init(&connection->parser);
	cpuslab_gauge_add(&server->counts.connections, 1);
	cpuslab_counter_add(&server->counts.accepted, 1);
	return connection;
}

void connection_free(struct server *server, struct connection *connection)
{
	cpuslab_cache_free(&server->buffers, connection->buffer);
	page_free(&connection->page);
	close(connection->fd);
	free(connection);
	cpuslab_gauge_sub(&server->counts.connections, 1);
}

/* ---- one request --------------------------------------------------------- */

/*
 * Each add goes to the copy of the CPU on which this runs. That is usually the
 * worker's CPU; while that CPU goes offline it is another one, perhaps one that
 * was never announced. The sums are exact in every case.
 *
 * Count before the first byte is sent, so that a client that has its answer
 * finds it counted.
 */
static void connection_count(struct server *server,
			     struct connection *connection)
{
	struct worker *worker = connection->worker;
	uint64_t ns = connection_now() - connection->begin;

	cpuslab_counter_add(&server->counts.requests, 1);
	cpuslab_counter_add(&server->counts.duration_ns, ns);
	cpuslab_histogram_record(&server->counts.durations, ns ? ns - 1 : 0);
	if (connection->page.status >= 400)
		cpuslab_counter_add(&server->counts.errors, 1);
	cpuslab_store_relaxed_u64(&worker->served, worker->served + 1);
}

bool connection_has_more(const struct connection *connection)
{
	int bytes = 0;

	return connection->parsed < connection->filled ||
	       (!ioctl(connection->fd, FIONREAD, &bytes) && bytes > 0);
}

static void connection_answer(struct server *server,
			      struct connection *connection)
{
	const struct request *request = &connection->parser.request;
	bool keep = request->keep;

	/* [server.draining] pairs with main_drain(); late is harmless. */
	if (cpuslab_load_relaxed_u32(&server->draining) &&
	    !connection_has_more(connection))
		keep = false;
	page_make(&connection->page, server, request, keep);
	connection->last = !keep;
	connection->sends = true;
	connection_count(server, connection);
	connection->begin = 0;
}

/* Parse the buffer up to the end of one request. */
static void connection_parse(struct server *server,
			     struct connection *connection)
{
	if (!connection->begin)
		connection->begin = connection->active = connection_now();
	connection->parsed +=
		parser_feed(&connection->parser,
			    connection->buffer->bytes + connection->parsed,
			    connection->filled - connection->parsed);
	if (connection->parser.request.state != REQUEST_PARTIAL)
		connection_answer(server, connection);
}

/* ---- input and output ---------------------------------------------------- */

enum connection_io {
	CONNECTION_DONE,
	CONNECTION_LATER,
	CONNECTION_BROKEN,
};

static enum connection_io connection_io_failed(void)
{
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return CONNECTION_LATER;
	return errno == EINTR ? CONNECTION_DONE : CONNECTION_BROKEN;
}

static enum connection_io connection_send(struct server *server,
					  struct connection *connection)
{
	struct iovec parts[2];
	struct msghdr message = { .msg_iov = parts };
	ssize_t sent;

	while ((message.msg_iovlen = page_rest(&connection->page, parts))) {
		sent = sendmsg(connection->fd, &message, MSG_NOSIGNAL);
		if (sent < 0 && errno != EINTR)
			return connection_io_failed();
		if (sent < 0)
			continue;
		page_sent(&connection->page, (size_t)sent);
		cpuslab_counter_add(&server->counts.sent_bytes, (uint64_t)sent);
	}
	page_free(&connection->page);
	connection->sends = false;
	connection->active = connection_now();
	return CONNECTION_DONE;
}

static enum connection_io connection_receive(struct server *server,
					     struct connection *connection)
{
	ssize_t got;

	if (!connection->buffer)
		connection->buffer = cpuslab_cache_alloc(&server->buffers);
	if (!connection->buffer)
		return CONNECTION_BROKEN;
	connection->parsed = 0;
	connection->filled = 0;
	got = recv(connection->fd, connection->buffer->bytes,
		   sizeof(connection->buffer->bytes), 0);
	if (got < 0)
		return connection_io_failed();
	connection->filled = (size_t)got;
	return got ? CONNECTION_DONE : CONNECTION_BROKEN;
}

/* The buffer is empty: give it to other connections. */
static void connection_rest(struct server *server,
			    struct connection *connection)
{
	cpuslab_cache_free(&server->buffers, connection->buffer);
	connection->buffer = NULL;
	connection->parsed = 0;
	connection->filled = 0;
}

/*
 * Closing a socket that has unread data, or still receives some, resets the
 * connection, and the client may lose the last answer. So let the client close
 * first.
 */
static enum connection_io connection_linger(struct server *server,
					    struct connection *connection)
{
	connection_rest(server, connection);
	connection->lingers = true;
	return shutdown(connection->fd, SHUT_WR) ? CONNECTION_BROKEN :
						   CONNECTION_DONE;
}

static enum connection_io connection_drop(struct connection *connection)
{
	char bytes[4096];
	ssize_t got = recv(connection->fd, bytes, sizeof(bytes), 0);

	if (got < 0)
		return connection_io_failed();
	return got ? CONNECTION_DONE : CONNECTION_BROKEN;
}

/* One step: send the rest of the page, or else parse, or else receive. */
static enum connection_io connection_step(struct server *server,
					  struct connection *connection,
					  int *reads)
{
	enum connection_io io;

	if (connection->sends) {
		io = connection_send(server, connection);
		if (io == CONNECTION_DONE && connection->last)
			return connection_linger(server, connection);
		return io;
	}
	if (connection->lingers)
		return ++*reads > CONNECTION_READS ?
			       CONNECTION_LATER :
			       connection_drop(connection);
	if (connection->parsed < connection->filled) {
		connection_parse(server, connection);
		return CONNECTION_DONE;
	}
	io = ++*reads > CONNECTION_READS ?
		     CONNECTION_LATER :
		     connection_receive(server, connection);
	if (io == CONNECTION_LATER)
		connection_rest(server, connection);
	return io;
}

bool connection_serve(struct server *server, struct connection *connection)
{
	enum connection_io io;
	int reads = 0;

	do {
		io = connection_step(server, connection, &reads);
	} while (io == CONNECTION_DONE);
	return io == CONNECTION_LATER;
}
