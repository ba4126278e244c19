/* SPDX-License-Identifier: MIT */
/*
 * executed.c - which atomic accesses the tasks have executed: a test cannot
 * notice that another one is relaxed. The addresses of the calls are written to
 * PROGRAM.executed when the program ends.
 */
#include <stdio.h>

#include "model.h"

#define EXECUTED_MAX 65536u

extern char *program_invocation_name; /* the C library's */

static uintptr_t executed[EXECUTED_MAX];

void model_executed(const void *pc)
{
	uintptr_t at = (uintptr_t)pc;
	uint32_t i = (uint32_t)at % EXECUTED_MAX;

	while (executed[i] && executed[i] != at)
		i = (i + 1) % EXECUTED_MAX;
	executed[i] = at;
}

static __attribute__((destructor)) void executed_write(void)
{
	char name[4096];
	FILE *file;
	uint32_t i;

	snprintf(name, sizeof(name), "%s.executed", program_invocation_name);
	file = fopen(name, "w");
	if (!file)
		return;
	for (i = 0; i < EXECUTED_MAX; i++)
		if (executed[i])
			fprintf(file, "%#jx\n", (uintmax_t)executed[i] - 1);
	fclose(file);
}
