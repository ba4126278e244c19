/* SPDX-License-Identifier: MIT */
/*
 * main.c - a server whose CPUs may be added and removed while it serves.
 *
 * The main thread accepts connections, dispatches CPU changes, and waits for a
 * signal. It is not bound to a CPU, so its affinity mask shows what the
 * administrator allows: see cpuslab/binding.h.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include <cpuslab/hotplug_poll.h>

#include "connection.h"
#include "listener.h"
#include "server.h"

#define MAIN_RETRY_MS 50
#define MAIN_DRAIN_MS 2000

struct loop {
	struct server *server;
	int epoll;
	int listener;
	int signals;
	bool ends;
	bool paused;           /* no descriptors: accept later */
	uint64_t paused_since; /* ns */
};

static void main_die(const char *what)
{
	perror(what);
	exit(1);
}

static void main_watch(const struct loop *loop, int fd, int operation)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(loop->epoll, operation, fd, &event))
		main_die("cpuslab-server: epoll_ctl");
}

/* Block the signals before threads start, since they inherit the mask. */
static int main_signals(void)
{
	sigset_t ends;
	int fd;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	fd = signalfd(-1, &ends, SFD_CLOEXEC);
	if (fd < 0)
		main_die("cpuslab-server: signalfd");
	return fd;
}

static void main_pause(struct loop *loop)
{
	main_watch(loop, loop->listener, EPOLL_CTL_DEL);
	loop->paused = true;
	loop->paused_since = connection_now();
}

/* Ask the clock: events may end epoll_wait() before its timeout. */
static void main_resume(struct loop *loop)
{
	if (!loop->paused ||
	    connection_now() - loop->paused_since < MAIN_RETRY_MS * 1000000ull)
		return;
	main_watch(loop, loop->listener, EPOLL_CTL_ADD);
	loop->paused = false;
}

static void main_event(struct loop *loop, int fd)
{
	struct server *server = loop->server;
	eventfd_t ignored;

	if (fd == loop->listener) {
		if (listener_accept(fd, server) < 0)
			main_pause(loop);
	} else if (fd == loop->signals) {
		loop->ends = true;
	} else if (fd == server->kick) {
		eventfd_read(fd, &ignored);
	} else {
		/* The hotplug's timer tries again after an error. */
		(void)cpuslab_hotplug_dispatch(server->hotplug);
	}
}

static void main_loop(struct loop *loop)
{
	struct epoll_event events[8];
	int timeout = -1;
	int i, count;

	while (!loop->ends) {
		count = epoll_wait(loop->epoll, events, 8, timeout);
		for (i = 0; i < count; i++)
			main_event(loop, events[i].data.fd);
		main_resume(loop);
		/* A worker may run now for connections that found none. */
		timeout = !server_place_waiting(loop->server) || loop->paused ?
				  MAIN_RETRY_MS :
				  -1;
	}
}

static void main_serve(struct server *server, int listener, int signals)
{
	struct loop loop = {
		.server = server,
		.listener = listener,
		.signals = signals,
		.epoll = epoll_create1(EPOLL_CLOEXEC),
	};

	if (loop.epoll < 0)
		main_die("cpuslab-server: epoll_create1");
	main_watch(&loop, listener, EPOLL_CTL_ADD);
	main_watch(&loop, signals, EPOLL_CTL_ADD);
	main_watch(&loop, server->kick, EPOLL_CTL_ADD);
	main_watch(&loop, cpuslab_hotplug_fd(server->hotplug), EPOLL_CTL_ADD);
	main_loop(&loop);
	close(loop.epoll);
}

/*
 * Let the workers answer the requests that have arrived. A client that does not
 * take its answer within two seconds is cut off.
 */
static void main_drain(struct server *server)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	int i;

	/* [server.draining] Set it, then wake: no worker may miss it. */
	cpuslab_store_release_u32(&server->draining, 1);
	server_wake_all(server);
	for (i = 0; i < MAIN_DRAIN_MS; i++) {
		server_place_waiting(server);
		if (!cpuslab_gauge_sum(&server->counts.connections))
			return;
		nanosleep(&ms, NULL);
	}
}

int main(int argc, char **argv)
{
	struct server server;
	struct options options;
	int signals, listener;

	options_parse(&options, argc, argv);
	signals = main_signals();
	listener = listener_open(&options);
	if (listener < 0)
		return 1;
	if (server_init(&server, &options))
		return 1;
	listener_print(listener, &options);
	main_serve(&server, listener, signals);
	/* The kernel has completed these connections: serve them. */
	while (listener_accept(listener, &server) > 0)
		continue;
	close(listener);
	main_drain(&server);
	server_fini(&server);
	close(signals);
	printf("served %" PRIu64 " requests on %" PRIu64 " connections\n",
	       server.served, server.accepted);
	return 0;
}
