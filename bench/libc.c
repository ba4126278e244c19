/* SPDX-License-Identifier: MIT */
/*
 * libc.c - an add in a process with glibc, and in one with musl, where the
 * library registers threads for rseq.
 *
 * The process that measures can have one C library only. So each of the two is
 * a child, and runs where its parent is pinned. A chunk includes a message to
 * the child and its reply, some microseconds.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cpuslab/port.h>

#include "lists.h"

struct libc_work {
	const char *name; /* of the body */
	pid_t child;
	int socket;
	uint64_t count;
};

/* Write the child's path: this program's, with the body's C library. */
static void libc_path(const char *name, char path[PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
	const char *libc = strrchr(name, '-');

	if (length < 0 || (size_t)length + strlen(libc) >= PATH_MAX)
		measure_die(name, "cannot find this program's folder");
	strcpy(path + length, libc);
}

static const char *libc_unfit(const struct bench_run *run)
{
	char path[PATH_MAX];

	if (cpuslab_port_uses_atomics())
		return "atomic mode";
	libc_path(run->name, path);
	return access(path, X_OK) ? "built without musl-gcc" : NULL;
}

static void *libc_setup(struct bench_run *run)
{
	struct libc_work *work = calloc(1, sizeof(*work));
	char path[PATH_MAX];
	int ends[2];

	libc_path(run->name, path);
	if (!work || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		measure_die(run->name, "no memory");
	work->name = run->name;
	work->child = fork();
	if (!work->child) {
		dup2(ends[1], 0);
		execl(path, path, (char *)NULL);
		_exit(2);
	}
	close(ends[1]);
	work->socket = ends[0];
	return work;
}

static void libc_run(void *arg, uint64_t n)
{
	struct libc_work *work = arg;

	if (send(work->socket, &n, sizeof(n), MSG_NOSIGNAL) != sizeof(n) ||
	    read(work->socket, &work->count, sizeof(work->count)) !=
		    sizeof(work->count))
		measure_die(work->name, "the child does not reply");
}

static uint64_t libc_count(void *arg)
{
	return ((struct libc_work *)arg)->count;
}

static void libc_teardown(void *arg)
{
	struct libc_work *work = arg;

	close(work->socket);
	waitpid(work->child, NULL, 0);
	free(work);
}

#define LIBC_BODY(name_)                                                       \
	{                                                                      \
		.how = { .name = name_,                                        \
			 .run = libc_run,                                      \
			 .count = libc_count },                                \
		.unfit = libc_unfit, .setup = libc_setup,                      \
		.teardown = libc_teardown                                      \
	}

const struct bench_body libc_bodies[] = {
	LIBC_BODY("add/cpuslab-glibc"),
	LIBC_BODY("add/cpuslab-musl"),
	{ .how = { .name = NULL } },
};
