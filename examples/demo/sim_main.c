/* SPDX-License-Identifier: MIT */
/*
 * sim_main.c - cpuslab-demo-sim: the parts of the demo whose CPUs really come
 * and go. cpuslab-demo starts it and reads what it prints.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine.h"
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

static void sim_tell_driver(const struct scenario *scenario, bool cpuslab,
			    const struct outcome *outcome, bool expected)
{
	const char *driver = cpuslab ? "cpuslab" : "usual", *name;
	char text[SCENARIO_TEXT];
	unsigned long value;
	size_t i;

	scenario_text(scenario, cpuslab, outcome, expected, text);
	sim_tell(driver, "%s", text);
	sim_tell("figure", "%s_%s_signal %d", scenario->name, driver,
		 outcome->signal);
	for (i = 0; (name = scenario_figure(scenario, outcome, i, &value)); i++)
		sim_tell("figure", "%s_%s_%s %lu", scenario->name, driver, name,
			 value);
}

/* The scenarios that need no driver's knowledge. */
static int sim_usual(void)
{
	const struct scenario *scenario;
	struct verdict verdict;
	size_t i;

	for (i = 0; (scenario = scenario_get(i, true)); i++) {
		if (!scenario->title)
			continue;
		sim_tell("title", "%s", scenario->title);
		if (scenario->code)
			sim_tell("code", "%s", scenario->code);
		system_judge(scenario, 1, &verdict);
		sim_tell_driver(scenario, false, &verdict.usual, verdict.fails);
		sim_tell_driver(scenario, true, &verdict.cpuslab,
				verdict.right);
		sim_tell(verdict.fails && verdict.right ? "passed" : "failed",
			 "%s", scenario->name);
	}
	return 0;
}

int main(int argc, char **argv)
{
	double seconds = argc > 2 ? strtod(argv[2], NULL) : 1;
	uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 0) : 1;

	/* The seed is the caller's. */
	unsetenv("SIM_SEED");
	alarm((unsigned int)seconds + SIM_PATIENCE);
	if (argc > 1 && !strcmp(argv[1], "usual"))
		return sim_usual();
	if (argc > 1 && !strcmp(argv[1], "storm"))
		return sim_storms(seconds, seed);
	fprintf(stderr, "usage: cpuslab-demo-sim usual|storm [SECONDS [SEED]]\n"
			"       (cpuslab-demo starts it)\n");
	return 2;
}
