/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "level.h"

#include <dirent.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "torture/torture.h"

#define LEVEL_ARENAS 2 /* of malloc(): they are soon all in use */
#define LEVEL_LOOKS 5

const char *const level_names[LEVEL_KINDS] = {
	[LEVEL_RSS] = "rss_kb",
	[LEVEL_MAPPINGS] = "mappings",
	[LEVEL_FILES] = "files",
	[LEVEL_THREADS] = "threads",
};

/*
 * The C library keeps some stacks and chunks more or fewer. Files and threads
 * are exact.
 */
static const long level_tolerance[LEVEL_KINDS] = {
	[LEVEL_RSS] = 256,
	[LEVEL_MAPPINGS] = 2,
};

static long level_values[LEVEL_ROUNDS][LEVEL_KINDS];
static uint32_t level_count;

/* A huge page more or less would hide what is lost. */
void level_begin(void)
{
	memset(level_values, 1, sizeof(level_values));
	mallopt(M_ARENA_MAX, LEVEL_ARENAS);
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
}

static long level_lines(const char *path)
{
	static char text[65536];
	int file = open(path, O_RDONLY | O_CLOEXEC);
	long count = 0;
	ssize_t got, i;

	TORTURE_CHECK(file >= 0);
	while ((got = read(file, text, sizeof(text))) > 0)
		for (i = 0; i < got; i++)
			count += text[i] == '\n';
	close(file);
	return count;
}

static long level_entries(const char *path)
{
	DIR *folder = opendir(path);
	long count = 0;

	TORTURE_CHECK(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

/*
 * VmRSS is an estimate on a machine with many CPUs. The other sum lacks some
 * mappings if another thread waits to change one meanwhile (Linux 6.1), so it
 * is the greatest of several.
 */
static long level_rss(void)
{
	long most = 0, kb;
	int i;

	if (access("/proc/self/smaps_rollup", R_OK))
		return torture_proc_kb("/proc/self/status", "VmRSS");
	for (i = 0; i < LEVEL_LOOKS; i++) {
		kb = torture_proc_kb("/proc/self/smaps_rollup", "Rss");
		if (kb > most)
			most = kb;
	}
	return most;
}

const long *level_take(void)
{
	long *value = level_values[level_count];

	TORTURE_CHECK(level_count < LEVEL_ROUNDS);
	level_count++;
	malloc_trim(0);
	value[LEVEL_RSS] = level_rss();
	value[LEVEL_MAPPINGS] = level_lines("/proc/self/maps");
	/* Without ".", "..", and the folder itself. */
	value[LEVEL_FILES] = level_entries("/proc/self/fd") - 3;
	value[LEVEL_THREADS] = torture_proc_kb("/proc/self/status", "Threads");
	return value;
}

/* The least, or the greatest, of [@from, @to). */
static long level_extreme(int kind, uint32_t from, uint32_t to, bool greatest)
{
	long found = level_values[from][kind];
	uint32_t i;

	for (i = from; i < to; i++)
		if ((level_values[i][kind] > found) == greatest)
			found = level_values[i][kind];
	return found;
}

static bool level_is_flat(int kind)
{
	uint32_t warm = level_count / 4, third = (level_count - warm) / 3;
	long early = level_extreme(kind, warm, warm + third, true);
	long late =
		level_extreme(kind, level_count - third, level_count, false);
	bool flat = late <= early + level_tolerance[kind];

	printf("{\"level\": \"%s\", \"mode\": \"%s\", \"begin\": %ld, "
	       "\"end\": %ld, \"early\": %ld, \"late\": %ld, "
	       "\"tolerance\": %ld, \"flat\": %s}\n",
	       level_names[kind], torture_atomic() ? "atomic" : "rseq",
	       level_values[warm][kind], level_values[level_count - 1][kind],
	       early, late, level_tolerance[kind], flat ? "true" : "false");
	return flat;
}

bool level_judge(void)
{
	bool flat = true;
	int kind;

	TORTURE_CHECK(level_count >= LEVEL_LEAST);
	for (kind = 0; kind < LEVEL_KINDS; kind++)
		flat &= level_is_flat(kind);
	fflush(stdout);
	return flat;
}
