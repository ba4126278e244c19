/* SPDX-License-Identifier: MIT */
/*
 * standard_error.c - a line is logged while another thread has the lock of
 * stderr, which with musl also a child of a fork would wait for, for good; and
 * no thread is cancelled there.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cpuslab/cpuslab.h>

#include "torture/torture.h"

#define ERROR_SECONDS 20u /* then a call has waited */

static struct cpuslab_domain *error_domains[3];
static pthread_barrier_t error_barrier;
static int error_pipe[2];
static bool error_returned;

/* Nothing has been logged about that domain. */
static void error_log(int domain)
{
	static const char said[] =
		"cpuslab: domain cpuslab: its limit excludes CPU 4294967295\n";
	char text[2 * sizeof(said)];

	TORTURE_IS(cpuslab_domain_remove(error_domains[domain], CPUSLAB_NO_CPU),
		   -CPUSLAB_ERANGE);
	TORTURE_IS(syscall(SYS_read, error_pipe[0], text, sizeof(text)),
		   (long)sizeof(said) - 1);
	TORTURE_CHECK(!memcmp(text, said, sizeof(said) - 1));
}

static void *error_holder(void *arg)
{
	flockfile(stderr);
	pthread_barrier_wait(&error_barrier);
	pthread_barrier_wait(&error_barrier);
	funlockfile(stderr);
	return arg;
}

static void *error_cancelled(void *arg)
{
	pthread_cancel(pthread_self());
	error_log(2);
	error_returned = true;
	pthread_testcancel();
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	void *result;
	pid_t pid;
	int i, status;

	torture_begin(argc, argv, "A line is logged without a lock.");
	alarm(ERROR_SECONDS);
	for (i = 0; i < 3; i++)
		TORTURE_OK(cpuslab_domain_create(&error_domains[i], NULL));
	torture_quiet();
	TORTURE_OK(pipe(error_pipe));
	TORTURE_CHECK(dup2(error_pipe[1], STDERR_FILENO) >= 0);
	TORTURE_OK(pthread_barrier_init(&error_barrier, NULL, 2));
	TORTURE_OK(pthread_create(&thread, NULL, error_holder, NULL));
	pthread_barrier_wait(&error_barrier);
	error_log(0);
	pid = fork();
	TORTURE_CHECK(pid >= 0);
	if (!pid) {
		alarm(ERROR_SECONDS / 2);
		error_log(1);
		_exit(0);
	}
	TORTURE_CHECK(waitpid(pid, &status, 0) == pid && !status);
	pthread_barrier_wait(&error_barrier);
	TORTURE_OK(pthread_join(thread, NULL));
	TORTURE_OK(pthread_create(&thread, NULL, error_cancelled, NULL));
	TORTURE_OK(pthread_join(thread, &result));
	TORTURE_CHECK(error_returned && result == PTHREAD_CANCELED);
	for (i = 0; i < 3; i++)
		cpuslab_domain_destroy(error_domains[i]);
	return torture_end();
}
