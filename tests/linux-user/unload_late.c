/* SPDX-License-Identifier: MIT */
/*
 * unload_late.c - a plugin is unloaded on a busy machine: the library's thread,
 * which is to leave first, gets hardly any CPU time.
 *
 * Argument: the plugin.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cpuslab/port.h>

#include "plugin.h"
#include "torture/torture.h"

#define LATE_BUSY 8u /* threads of normal priority on the CPU */
#define LATE_NAP_US 1000u

static uint32_t late_stop; /* W main */

static void *late_spin(void *arg)
{
	while (!__atomic_load_n(&late_stop, __ATOMIC_RELAXED))
		continue;
	return arg;
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

/* Of the threads that were begun after @known; false if there is none. */
static bool late_starve(long known)
{
	const struct sched_param param = { 0 };
	long thread = late_newest();

	return thread > known &&
	       !sched_setscheduler((pid_t)thread, SCHED_IDLE, &param);
}

static uint64_t late_unload(const char *path)
{
	void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const struct plugin *p;
	long known = late_newest();
	uint64_t begun;

	TORTURE_CHECK(module);
	p = dlsym(module, "plugin");
	TORTURE_CHECK(p);
	TORTURE_OK(p->begin());
	p->work(1);
	p->end();
	if (!late_starve(known))
		torture_skip("the library's thread cannot be starved");
	begun = cpuslab_port_clock();
	TORTURE_OK(dlclose(module));
	return cpuslab_port_clock() - begun;
}

int main(int argc, char **argv)
{
	pthread_t threads[LATE_BUSY];
	uint64_t ns;
	uint32_t i;

	torture_begin(1, argv, "Argument: the plugin.");
	torture_skip_under(TORTURE_SANITIZER | TORTURE_TSAN | TORTURE_VALGRIND |
			   TORTURE_EMULATOR);
	TORTURE_CHECK(argc == 2);
	TORTURE_CHECK(torture_pin((uint32_t)sched_getcpu()));
	for (i = 0; i < LATE_BUSY; i++)
		TORTURE_OK(pthread_create(&threads[i], NULL, late_spin, NULL));
	ns = late_unload(argv[1]);
	__atomic_store_n(&late_stop, 1, __ATOMIC_RELAXED);
	for (i = 0; i < LATE_BUSY; i++)
		TORTURE_OK(pthread_join(threads[i], NULL));
	/* Its thread, if it were left, would run now. */
	for (i = 0; i < 100; i++)
		usleep(LATE_NAP_US);
	printf("  dlclose() took %.3f s\n", (double)ns / 1e9);
	return torture_end();
}
