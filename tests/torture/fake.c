/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "fake.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "discover.h"

static char fake_root[256];
static pid_t fake_owner;
static bool fake_at_exit;

static void fake_need(bool is, const char *path)
{
	if (is)
		return;
	perror(path);
	_exit(1);
}

static int fake_unlink(const char *path, const struct stat *status, int flag,
		       struct FTW *ftw)
{
	(void)status;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void fake_wipe(void)
{
	if (fake_root[0] && fake_owner == getpid())
		nftw(fake_root, fake_unlink, 16, FTW_DEPTH | FTW_PHYS);
	fake_root[0] = '\0';
}

void fake_begin(void)
{
	const char *folder = getenv("TMPDIR");

	fake_wipe();
	snprintf(fake_root, sizeof(fake_root), "%s/cpuslab-XXXXXX",
		 folder ? folder : "/tmp");
	fake_need(mkdtemp(fake_root), fake_root);
	fake_owner = getpid();
	if (!fake_at_exit)
		atexit(fake_wipe);
	fake_at_exit = true;
}

static void fake_join(char *path, size_t size, const char *rest)
{
	int n = snprintf(path, size, "%s/%s", fake_root, rest);

	fake_need(n > 0 && (size_t)n < size, rest);
}

/* Create every folder on the way to @path. */
static void fake_parents(char *path)
{
	char *slash = path + strlen(fake_root);

	while ((slash = strchr(slash + 1, '/'))) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
}

void fake_put(const char *path, const char *text)
{
	char full[512];
	FILE *file;

	fake_join(full, sizeof(full), path);
	fake_parents(full);
	file = fopen(full, "w");
	fake_need(file, full);
	fputs(text, file);
	fclose(file);
}

void fake_folder(const char *path)
{
	char full[512];

	fake_join(full, sizeof(full), path);
	fake_parents(full);
	mkdir(full, 0755);
}

void fake_fifo(const char *path)
{
	char full[512];

	fake_join(full, sizeof(full), path);
	fake_parents(full);
	fake_need(!mkfifo(full, 0644), full);
}

void fake_link(const char *path, const char *target)
{
	char full[512];

	fake_join(full, sizeof(full), path);
	fake_parents(full);
	fake_need(!symlink(target, full), full);
}

void fake_delete(const char *path)
{
	char full[512];

	fake_join(full, sizeof(full), path);
	unlink(full);
}

void fake_use(bool sys, bool proc)
{
	cpuslab__discover_set_roots(sys ? fake_root : NULL,
				    proc ? fake_root : NULL);
}

static const char *fake_mask; /* where the process may run */

static void fake_mask_range(void *arg, uint32_t first, uint32_t last)
{
	unsigned long *words = arg;

	for (; first <= last; first++)
		words[first / CPUSLAB__MASK_BITS] |=
			1ul << first % CPUSLAB__MASK_BITS;
}

static int fake_mask_get(pid_t thread, size_t bytes, cpu_set_t *set)
{
	(void)thread;
	memset(set, 0, bytes);
	cpuslab__cpulist_parse(fake_mask, strlen(fake_mask), fake_mask_range,
			       set);
	return 0;
}

void fake_system(const char *present, const char *online)
{
	fake_put("devices/system/cpu/present", present);
	fake_put("devices/system/cpu/online", online);
	fake_mask = online;
	cpuslab__discover_set_affinity(fake_mask_get);
}

/* The thread that set the roots may have ended, so forget them only here. */
void fake_remove(void)
{
	if (!fake_root[0])
		return;
	fake_wipe();
	cpuslab__discover_set_roots(NULL, NULL);
	cpuslab__discover_set_affinity(NULL);
}
