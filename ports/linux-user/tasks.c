/* SPDX-License-Identifier: MIT */
/*
 * tasks.c - the threads of this process, as /proc shows them.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cpuslab/port.h>

#include "discover.h"

/* Flags of a task that the kernel made, such as for io_uring or vhost. */
#define TASKS_IO_WORKER 0x10u
#define TASKS_USER_WORKER 0x4000u
#define TASKS_NO_SETAFFINITY 0x04000000u
/* Fields of /proc/self/task/N/stat, the state being 3. */
#define TASKS_FIELD_FLAGS 9
#define TASKS_FIELD_CPU 39

struct tasks_stat {
	char state; /* 'R': runs, or waits for its CPU; 'Z': has ended */
	uint32_t flags;
	uint32_t cpu; /* where it runs, or ran last */
};

/*
 * The task list, if it is ours: a /proc of another PID namespace shows our
 * threads under numbers that are invalid here or belong to other threads.
 */
static DIR *tasks_open(void)
{
	char rest[64], path[512];

	snprintf(rest, sizeof(rest), "self/task/%ld", syscall(SYS_gettid));
	if (!cpuslab__proc_path(path, sizeof(path), rest) ||
	    access(path, F_OK) ||
	    !cpuslab__proc_path(path, sizeof(path), "self/task"))
		return NULL;
	return opendir(path);
}

bool cpuslab__tasks_each(bool (*task)(void *arg, pid_t thread), void *arg)
{
	DIR *dir = tasks_open();
	struct dirent *entry;
	bool more = true;
	uint32_t thread;

	if (!dir)
		return false;
	while (more && (entry = readdir(dir)))
		if (cpuslab__number_parse(entry->d_name, &thread) && thread)
			more = task(arg, (pid_t)thread);
	closedir(dir);
	return true;
}

/* The thread's name, in brackets, may contain anything. */
static bool tasks_parse(char *text, struct tasks_stat *stat)
{
	char *at = strrchr(text, ')');
	int field = 2;

	while (at && (at = strchr(at, ' '))) {
		field++;
		at++;
		if (field == 3)
			stat->state = *at;
		else if (field == TASKS_FIELD_FLAGS)
			stat->flags = (uint32_t)strtoul(at, NULL, 10);
		else if (field == TASKS_FIELD_CPU) {
			stat->cpu = (uint32_t)strtoul(at, NULL, 10);
			return true;
		}
	}
	return false;
}

static bool tasks_stat(pid_t thread, struct tasks_stat *stat)
{
	char rest[64], path[512], text[1024];
	ssize_t bytes;
	int fd;

	snprintf(rest, sizeof(rest), "self/task/%ld/stat", (long)thread);
	if (!cpuslab__proc_path(path, sizeof(path), rest))
		return false;
	errno = 0; /* a file that is not the kernel's may be empty */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return false;
	bytes = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[bytes < 0 ? 0 : bytes] = '\0';
	return tasks_parse(text, stat);
}

/*
 * Does it run no code of the program? It is the kernel's, or has ended: a main
 * thread that called pthread_exit() is listed as long as the process, and no
 * change of the cpuset reaches its mask any more.
 */
static bool tasks_is_idle(const struct tasks_stat *stat)
{
	return stat->state == 'Z' ||
	       stat->flags & (TASKS_IO_WORKER | TASKS_USER_WORKER |
			      TASKS_NO_SETAFFINITY);
}

bool cpuslab__task_is_idle(pid_t thread)
{
	struct tasks_stat stat;

	return tasks_stat(thread, &stat) && tasks_is_idle(&stat);
}

/* ---- each thread once ---------------------------------------------------- */

/* A thread that neither runs nor waits for its CPU is on none. */
static bool tasks_preempt(void *arg, pid_t thread)
{
	struct tasks_stat stat;
	bool *all = arg;

	if (!tasks_stat(thread, &stat))
		*all = errno == ENOENT || errno == ESRCH;
	else if (stat.state == 'R' && !tasks_is_idle(&stat) &&
		 thread != (pid_t)syscall(SYS_gettid))
		*all = !cpuslab_port_fence_cpu(stat.cpu);
	return *all;
}

bool cpuslab__tasks_preempt(void)
{
	bool all = true;

	return cpuslab__tasks_each(tasks_preempt, &all) && all;
}

/* ---- a CPU that no thread can be on -------------------------------------- */

struct tasks_nobody {
	struct cpuslab__mask mask;
	uint32_t cpu;
	bool holds; /* for all threads so far */
};

/*
 * The kernel changes the mask of a thread that runs before it moves the thread.
 * A thread that has ended is on no CPU.
 */
static bool tasks_is_elsewhere(struct tasks_nobody *nobody, pid_t thread)
{
	struct tasks_stat stat;

	if (!cpuslab__affinity_get(thread, &nobody->mask))
		return errno == ESRCH;
	if (!tasks_stat(thread, &stat))
		return errno == ENOENT || errno == ESRCH;
	if (tasks_is_idle(&stat))
		return true;
	return !cpuslab__mask_has(&nobody->mask, nobody->cpu) &&
	       !(stat.state == 'R' && stat.cpu == nobody->cpu);
}

static bool tasks_ask(void *arg, pid_t thread)
{
	struct tasks_nobody *nobody = arg;

	nobody->holds = tasks_is_elsewhere(nobody, thread);
	return nobody->holds;
}

bool cpuslab__tasks_elsewhere(uint32_t cpu)
{
	struct tasks_nobody *nobody = calloc(1, sizeof(*nobody));
	bool elsewhere;

	if (!nobody)
		return false;
	nobody->cpu = cpu;
	elsewhere = cpuslab__tasks_each(tasks_ask, nobody) && nobody->holds;
	free(nobody);
	return elsewhere;
}
