/* SPDX-License-Identifier: MIT */
/*
 * platform.c - domains of any limit on this machine.
 *
 * A fake /sys names more possible CPUs than the machine has. It is deleted
 * before anything is measured.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "platform.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "discover.h"

static void platform_mkdir(const char *root, const char *rest, char *path,
			   size_t size)
{
	snprintf(path, size, "%s/%s", root, rest);
	if (mkdir(path, 0755))
		measure_die("fake /sys", "cannot create a folder");
}

static void platform_write(const char *root, const char *rest, uint32_t last)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, rest);
	file = fopen(path, "w");
	if (!file || fprintf(file, "0-%u\n", (unsigned int)last) < 0 ||
	    fclose(file))
		measure_die("fake /sys", "cannot write to it");
}

/* Deepest first. */
static void platform_remove(const char *root)
{
	static const char *const rest[] = { "/devices/system/cpu/possible",
					    "/devices/system/cpu",
					    "/devices/system", "/devices", "" };
	char path[128];
	size_t i;

	for (i = 0; i < sizeof(rest) / sizeof(rest[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", root, rest[i]);
		remove(path);
	}
}

const char *bench_mode(void)
{
	return cpuslab_port_uses_atomics() ? "atomic" : "rseq";
}

void bench_world_init(void)
{
	/* The library keeps a pointer to it. */
	static char root[] = "/tmp/cpuslab-bench-XXXXXX";
	char path[128];

	if (!mkdtemp(root))
		measure_die("fake /sys", "cannot create a folder");
	platform_mkdir(root, "devices", path, sizeof(path));
	platform_mkdir(root, "devices/system", path, sizeof(path));
	platform_mkdir(root, "devices/system/cpu", path, sizeof(path));
	platform_write(root, "devices/system/cpu/possible", PLATFORM_LIMIT - 1);
	cpuslab__discover_set_roots(root, NULL);
	/* The library reads the limit once. */
	if (cpuslab_port_cpu_limit() < PLATFORM_LIMIT)
		measure_die("fake /sys", "was not read");
	platform_remove(root);
}
