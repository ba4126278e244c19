/* SPDX-License-Identifier: MIT */
/*
 * unload.c - a plugin with a copy of the library comes and goes while other
 * threads fork: none of them is in a fork handler of a copy that is unloaded.
 *
 * Argument: the plugin.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plugin.h"
#include "torture/torture.h"

#define UNLOAD_FORKS 4 /* threads */
#define UNLOAD_ADDS 100u

static uint64_t unload_forks; /* W any */

static void *unload_fork(void *arg)
{
	int status;
	pid_t pid;

	while (torture_running()) {
		pid = fork();
		if (!pid)
			_exit(0);
		TORTURE_CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
		TORTURE_CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
		__atomic_fetch_add(&unload_forks, 1, __ATOMIC_RELAXED);
	}
	return arg;
}

static void unload_round(const char *path)
{
	void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const struct plugin *p;

	TORTURE_CHECK(module);
	p = dlsym(module, "plugin");
	TORTURE_CHECK(p);
	TORTURE_OK(p->begin());
	p->work(UNLOAD_ADDS);
	TORTURE_IS((long)p->sum(), UNLOAD_ADDS);
	p->end();
	TORTURE_OK(dlclose(module));
}

int main(int argc, char **argv)
{
	pthread_t threads[UNLOAD_FORKS];
	unsigned int rounds = 0, i;

	torture_begin(1, argv, "Argument: the plugin.");
	torture_skip_under(TORTURE_SANITIZER | TORTURE_TSAN | TORTURE_VALGRIND |
			   TORTURE_EMULATOR);
	TORTURE_CHECK(argc == 2);
	for (i = 0; i < UNLOAD_FORKS; i++)
		TORTURE_OK(
			pthread_create(&threads[i], NULL, unload_fork, NULL));
	for (; torture_running(); rounds++)
		unload_round(argv[1]);
	for (i = 0; i < UNLOAD_FORKS; i++)
		TORTURE_OK(pthread_join(threads[i], NULL));
	printf("  %llu forks, unloaded %u times\n",
	       (unsigned long long)unload_forks, rounds);
	return torture_end();
}
