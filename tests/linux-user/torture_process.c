/* SPDX-License-Identifier: MIT */
/*
 * torture_process.c - everything that a process does to its threads at once:
 * torture/process.h. No call hangs, and the total is exact.
 *
 * Arguments: a plugin.
 */
#include <stdio.h>

#include "torture/process.h"
#include "torture/torture.h"

static unsigned long long count(int kind)
{
	return (unsigned long long)process_counts[kind];
}

int main(int argc, char **argv)
{
	torture_begin(1, argv, "A process and its threads.");
	torture_skip_under(TORTURE_VALGRIND | TORTURE_EMULATOR);
	if (argc != 2)
		torture_skip("no plugin is named");
	process_begin(argv[1], NULL);
	process_start();
	process_join();
	process_check();
	process_end();
	printf("  %llu forks, %llu cancelled, %llu plugins, %llu jumps, "
	       "%llu refusals, %llu changes\n",
	       count(PROCESS_FORKS), count(PROCESS_CANCELS),
	       count(PROCESS_PLUGINS), count(PROCESS_JUMPS),
	       count(PROCESS_REFUSALS), count(PROCESS_CHANGES));
	return torture_end();
}
