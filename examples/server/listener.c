/* SPDX-License-Identifier: MIT */
/*
 * listener.c - the listening socket.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connection.h"
#include "listener.h"
#include "server.h"

#define LISTENER_BATCH 64

union listener_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* The length of the address, or 0 if it cannot be parsed. */
static socklen_t listener_parse(const struct options *options,
				union listener_address *address)
{
	memset(address, 0, sizeof(*address));
	if (inet_pton(AF_INET, options->address, &address->v4.sin_addr) == 1) {
		address->v4.sin_family = AF_INET;
		address->v4.sin_port = htons(options->port);
		return sizeof(address->v4);
	}
	if (inet_pton(AF_INET6, options->address, &address->v6.sin6_addr) ==
	    1) {
		address->v6.sin6_family = AF_INET6;
		address->v6.sin6_port = htons(options->port);
		return sizeof(address->v6);
	}
	return 0;
}

void listener_print(int listener, const struct options *options)
{
	union listener_address address;
	socklen_t length = sizeof(address);
	bool v6;

	memset(&address, 0, sizeof(address));
	(void)getsockname(listener, &address.any, &length);
	v6 = address.any.sa_family == AF_INET6;
	printf("listening on http://%s%s%s:%u/\n", v6 ? "[" : "",
	       options->address, v6 ? "]" : "",
	       ntohs(v6 ? address.v6.sin6_port : address.v4.sin_port));
	fflush(stdout);
}

static int listener_bind(const union listener_address *address,
			 socklen_t length)
{
	int one = 1;
	int fd = socket(address->any.sa_family,
			SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) &&
	    !bind(fd, &address->any, length) && !listen(fd, SOMAXCONN))
		return fd;
	one = errno;
	close(fd);
	errno = one;
	return -1;
}

int listener_open(const struct options *options)
{
	union listener_address address;
	socklen_t length = listener_parse(options, &address);
	int fd;

	if (!length) {
		fprintf(stderr,
			"cpuslab-server: '%s' is not an IPv4 or IPv6 address\n",
			options->address);
		return -1;
	}
	fd = listener_bind(&address, length);
	if (fd < 0)
		fprintf(stderr,
			"cpuslab-server: cannot listen on %s port %u: %s\n",
			options->address, options->port, strerror(errno));
	return fd;
}

static void listener_take(struct server *server, int fd, uint64_t number)
{
	struct connection *connection;
	int one = 1;

	/* A gauge never reads low, so the limit is never exceeded. */
	if (cpuslab_gauge_sum(&server->counts.connections) >=
	    (int64_t)server->options.connections) {
		cpuslab_counter_add(&server->counts.refused, 1);
		close(fd);
		return;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	connection = connection_new(server, fd, number);
	if (connection)
		server_steer(server, connection);
}

int listener_accept(int listener, struct server *server)
{
	static uint64_t number; /* spreads connections; W main thread */
	int i, fd;

	for (i = 0; i < LISTENER_BATCH; i++) {
		fd = accept4(listener, NULL, NULL,
			     SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0)
			listener_take(server, fd, number++);
		else if (errno == EAGAIN)
			return i;
		else if (errno != EINTR && errno != ECONNABORTED)
			return -1;
	}
	return i;
}
