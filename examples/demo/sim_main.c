/* SPDX-License-Identifier: MIT */
/*
 * sim_main.c - cpuslab-demo-sim: the parts of the demo that need CPUs
 * which can come and go for real. Started by cpuslab-demo, which reads what it
 * prints.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim_demo.h"

#define SIM_PATIENCE 120 /* seconds beyond those asked for: it hangs */

void sim_tell(const char *key, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("%s ", key);
	vprintf(format, args);
	putchar('\n');
	va_end(args);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	double seconds = argc > 2 ? strtod(argv[2], NULL) : 1;
	uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 0) : 1;

	/* The seed is the caller's. */
	unsetenv("SIM_SEED");
	alarm((unsigned int)seconds + SIM_PATIENCE);
	if (argc > 1 && !strcmp(argv[1], "usual"))
		return sim_scripts(seed);
	if (argc > 1 && !strcmp(argv[1], "storm"))
		return sim_storms(seconds, seed);
	fprintf(stderr, "usage: cpuslab-demo-sim usual|storm [SECONDS [SEED]]\n"
			"       (cpuslab-demo starts it)\n");
	return 2;
}
