/* SPDX-License-Identifier: MIT */
/*
 * child.c - run cpuslab-demo-sim, which lies next to this program.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "report.h"

#define CHILD_NAME "cpuslab-demo-sim"

extern char **environ; // NOLINT(readability-redundant-declaration): POSIX

/* The other program's path: this one's with another name. */
static bool child_beside(const char *self, char *path, size_t size)
{
	const char *slash = strrchr(self, '/');
	int length = slash ? (int)(slash - self) + 1 : 0;
	int n = snprintf(path, size, "%.*s" CHILD_NAME, length, self);

	return n > 0 && (size_t)n < size && !access(path, X_OK);
}

static bool child_find(const char *self, char *path, size_t size)
{
	char link[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", link, sizeof(link) - 1);

	if (length > 0) {
		link[length] = '\0';
		if (child_beside(link, path, size))
			return true;
	}
	return child_beside(self, path, size);
}

static int child_spawn(const char *path, char *const argv[], int *out,
		       pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int ends[2];
	int err;

	if (pipe2(ends, O_CLOEXEC))
		return errno;
	err = posix_spawn_file_actions_init(&actions);
	if (!err) {
		err = posix_spawn_file_actions_adddup2(&actions, ends[1],
						       STDOUT_FILENO);
		if (!err)
			err = posix_spawn(pid, path, &actions, NULL, argv,
					  environ);
		posix_spawn_file_actions_destroy(&actions);
	}
	close(ends[1]);
	if (err)
		close(ends[0]);
	*out = ends[0];
	return err;
}

static void child_read(int out,
		       void (*line_read)(void *arg, const char *key,
					 const char *value),
		       void *arg)
{
	FILE *file = fdopen(out, "r");
	char line[256];

	if (!file) {
		close(out);
		return;
	}
	while (fgets(line, sizeof(line), file)) {
		char *value = line + strcspn(line, " \n");

		line[strcspn(line, "\n")] = '\0';
		if (*value)
			*value++ = '\0';
		if (!strcmp(line, "tick"))
			report_tick();
		else
			line_read(arg, line, value);
	}
	fclose(file);
}

static bool child_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return report_check(false,
					    CHILD_NAME " cannot be waited for");
	if (WIFSIGNALED(status))
		return report_check(false, CHILD_NAME " ended by a signal: %s",
				    strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status))
		return report_check(false, CHILD_NAME " ended with status %d",
				    WEXITSTATUS(status));
	return true;
}

bool child_run(const char *self, const char *part, double seconds,
	       uint64_t seed,
	       void (*line_read)(void *arg, const char *key, const char *value),
	       void *arg)
{
	char path[PATH_MAX], name[] = CHILD_NAME, what[16], time[32], start[32];
	char *const argv[] = { name, what, time, start, NULL };
	int err, out = -1;
	pid_t pid;

	snprintf(what, sizeof(what), "%s", part);
	snprintf(time, sizeof(time), "%.3f", seconds);
	snprintf(start, sizeof(start), "%llu", (unsigned long long)seed);
	if (!child_find(self, path, sizeof(path)))
		return report_check(false,
				    "no " CHILD_NAME " next to this program");
	err = child_spawn(path, argv, &out, &pid);
	if (err)
		return report_check(false, CHILD_NAME " cannot be run: %s",
				    strerror(err));
	child_read(out, line_read, arg);
	/* pipe2() that fails sets errno.
	 * NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage) */
	return child_wait(pid);
}
