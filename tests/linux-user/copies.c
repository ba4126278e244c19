/* SPDX-License-Identifier: MIT */
/*
 * copies.c - many copies of the library in one process, as plugins that have it
 * compiled in: they do not share anything, all of them work in a forked child,
 * and those that are unloaded leave nothing behind.
 *
 * Argument: such a plugin, of which each copy is a file in memory.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plugin.h"
#include "torture/torture.h"

#define COPIES 64
#define COPIES_ADDS 100u

struct copies_copy {
	int file; /* stays open: the loader compares names */
	void *module;
	const struct plugin *plugin;
};
static struct copies_copy copies_all[COPIES];

static void copies_load(struct copies_copy *copy, const char *path)
{
	int from = open(path, O_RDONLY | O_CLOEXEC);
	struct stat file;
	char name[32];

	copy->file = memfd_create("copy", MFD_CLOEXEC);
	TORTURE_CHECK(from >= 0 && copy->file >= 0 && !fstat(from, &file));
	TORTURE_CHECK(sendfile(copy->file, from, NULL, (size_t)file.st_size) ==
		      file.st_size);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", copy->file);
	/* Global, so that copies would bind to each other if they could. */
	copy->module = dlopen(name, RTLD_NOW | RTLD_GLOBAL);
	if (!copy->module)
		printf("%s\n", dlerror());
	TORTURE_CHECK(copy->module);
	close(from);
	TORTURE_CHECK(!dlsym(copy->module, "cpuslab_domain_create"));
	copy->plugin = dlsym(copy->module, "plugin");
	TORTURE_CHECK(copy->plugin);
	TORTURE_OK(copy->plugin->begin());
}

static void copies_work(void)
{
	int i;

	for (i = 0; i < COPIES; i++)
		copies_all[i].plugin->work(COPIES_ADDS);
}

static void copies_check(uint64_t times)
{
	int i;

	for (i = 0; i < COPIES; i++)
		TORTURE_CHECK(copies_all[i].plugin->sum() ==
			      times * COPIES_ADDS);
}

static void copies_end(void)
{
	int i;

	for (i = 0; i < COPIES; i++)
		copies_all[i].plugin->end();
}

/* ---- a thread that stays ------------------------------------------------- */

static sem_t copies_worked, copies_unloaded;

static void *copies_thread(void *arg)
{
	copies_work();
	copies_check(2);
	sem_post(&copies_worked);
	while (sem_wait(&copies_unloaded))
		continue;
	return arg;
}

static int copies_threads(void)
{
	DIR *folder = opendir("/proc/self/task");
	int threads = 0;

	TORTURE_CHECK(folder);
	while (readdir(folder))
		threads++;
	closedir(folder);
	return threads;
}

/* ---- a forked child ------------------------------------------------------ */

static void copies_fork(void (*child)(void))
{
	pid_t id = fork();
	int status;

	if (!id) {
		child();
		_exit(0);
	}
	TORTURE_CHECK(id > 0 && waitpid(id, &status, 0) == id && !status);
}

static void copies_in_child(void)
{
	copies_work();
	copies_check(3);
	copies_end();
}

static void copies_nothing(void)
{
}

int main(int argc, char **argv)
{
	pthread_t thread;
	int before, i;

	torture_begin(1, argv, "Argument: a plugin with the library inside.");
	torture_skip_under(TORTURE_EMULATOR | TORTURE_SANITIZER);
	TORTURE_CHECK(argc == 2);
	for (i = 0; i < COPIES; i++)
		copies_load(&copies_all[i], argv[1]);
	copies_work();
	sem_init(&copies_worked, 0, 0);
	sem_init(&copies_unloaded, 0, 0);
	before = copies_threads();
	TORTURE_OK(pthread_create(&thread, NULL, copies_thread, NULL));
	while (sem_wait(&copies_worked))
		continue;
	copies_fork(copies_in_child);
	copies_check(2);
	copies_end();
	for (i = 0; i < COPIES; i++)
		TORTURE_OK(dlclose(copies_all[i].module));
	TORTURE_CHECK(!dlsym(RTLD_DEFAULT, "plugin"));
	TORTURE_CHECK(copies_threads() == before + 1);
	copies_fork(copies_nothing);
	sem_post(&copies_unloaded);
	TORTURE_OK(pthread_join(thread, NULL));
	return torture_end();
}
