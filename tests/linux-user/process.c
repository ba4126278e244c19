/* SPDX-License-Identifier: MIT */
/*
 * process.c - each child has an epoch of its own, however it was forked, with a
 * kernel that clears a page in children and with one that does not.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "private.h"
#include "torture/torture.h"

#define PROCESS_DEPTH 3

static bool process_unwipable; /* behave as if the kernel were old */

int madvise(void *addr, size_t bytes, int advice)
{
	if (process_unwipable && advice == MADV_WIPEONFORK) {
		errno = EINVAL;
		return -1;
	}
	return (int)syscall(SYS_madvise, addr, bytes, advice);
}

static pid_t process_by_fork(void)
{
	return fork();
}

/* Runs no fork handlers. */
static pid_t process_by_clone(void)
{
	return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

/* The first child of a new namespace has pid 1, and so has its own child. */
static pid_t process_by_namespace(void)
{
	if (unshare(CLONE_NEWPID) && unshare(CLONE_NEWUSER | CLONE_NEWPID))
		torture_skip("no PID namespace is permitted");
	return fork();
}

static void process_wait(pid_t pid)
{
	int status = torture_await(pid);

	if (status == TORTURE_SKIP)
		torture_skip("a child cannot do it");
	TORTURE_OK(status);
}

static uint32_t process_epochs[PROCESS_DEPTH];

/* @process and its descendants; all epochs differ. */
static void process_descend(pid_t (*process)(void), uint32_t depth)
{
	uint32_t i;
	pid_t pid;

	errno = ERANGE;
	process_epochs[depth] = cpuslab_port_process_epoch();
	TORTURE_CHECK(errno == ERANGE);
	TORTURE_CHECK(process_epochs[depth]);
	for (i = 0; i < depth; i++)
		TORTURE_CHECK(process_epochs[i] != process_epochs[depth]);
	if (depth + 1 < PROCESS_DEPTH) {
		pid = process();
		if (!pid) {
			process_descend(process, depth + 1);
			_exit(0);
		}
		process_wait(pid);
	}
	TORTURE_CHECK(cpuslab_port_process_epoch() == process_epochs[depth]);
}

/* In a child, so that each case makes the first use of a process. */
static void process_case(pid_t (*process)(void), bool unwipable)
{
	pid_t pid = fork();

	if (!pid) {
		process_unwipable = unwipable;
		cpuslab__linux_init();
		process_descend(process, 0);
		_exit(0);
	}
	process_wait(pid);
}

int main(int argc, char **argv)
{
	torture_begin(argc, argv, "Each child has an epoch of its own.");
	torture_skip_under(TORTURE_VALGRIND | TORTURE_EMULATOR);
	process_case(process_by_fork, false);
	process_case(process_by_fork, true);
	process_case(process_by_clone, false);
	process_case(process_by_clone, true);
	process_case(process_by_namespace, false);
	process_case(process_by_namespace, true);
	return torture_end();
}
