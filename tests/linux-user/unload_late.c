/* SPDX-License-Identifier: MIT */
/*
 * unload_late.c - a plugin is unloaded while the library's thread, which is to
 * leave first, gets no CPU time: a signal handler of the program holds it, by a
 * signal of a fault, which threads of the library do not block.
 *
 * Argument: the plugin.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cpuslab/port.h>

#include "plugin.h"
#include "torture/torture.h"

/* More than the second for which dlclose() waits for a callback. */
#define LATE_SECONDS 2
#define LATE_NAP_US 1000u

static uint32_t late_held; /* W the thread, in the handler */
static uint32_t late_unloads, late_goes_on;

static void late_hold(int signal)
{
	(void)signal;
	__atomic_store_n(&late_held, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&late_unloads, __ATOMIC_ACQUIRE))
		usleep(LATE_NAP_US);
	sleep(LATE_SECONDS);
	__atomic_store_n(&late_goes_on, 1, __ATOMIC_RELEASE);
}

/* The greatest number of a thread, of all that were begun so far. */
static long late_newest(void)
{
	DIR *folder = opendir("/proc/self/task");
	struct dirent *entry;
	long newest = 0;

	TORTURE_CHECK(folder);
	while ((entry = readdir(folder)))
		if (atol(entry->d_name) > newest)
			newest = atol(entry->d_name);
	closedir(folder);
	return newest;
}

static void late_hold_thread(long thread)
{
	struct sigaction action = { .sa_handler = late_hold };

	TORTURE_OK(sigaction(SIGTRAP, &action, NULL));
	TORTURE_OK((int)syscall(SYS_tgkill, getpid(), thread, SIGTRAP));
	while (!__atomic_load_n(&late_held, __ATOMIC_ACQUIRE))
		usleep(LATE_NAP_US);
}

static void late_unload(const char *path)
{
	void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const struct plugin *p;
	long known = late_newest();

	TORTURE_CHECK(module);
	p = dlsym(module, "plugin");
	TORTURE_CHECK(p);
	TORTURE_OK(p->begin());
	p->work(1);
	p->end();
	TORTURE_CHECK(late_newest() > known);
	late_hold_thread(late_newest());
	__atomic_store_n(&late_unloads, 1, __ATOMIC_RELEASE);
	TORTURE_OK(dlclose(module));
	/* Otherwise the thread would return into code that is unmapped. */
	TORTURE_CHECK(__atomic_load_n(&late_goes_on, __ATOMIC_ACQUIRE));
}

int main(int argc, char **argv)
{
	torture_begin(1, argv, "Argument: the plugin.");
	torture_skip_under(TORTURE_VALGRIND | TORTURE_EMULATOR);
	TORTURE_CHECK(argc == 2);
	late_unload(argv[1]);
	return torture_end();
}
