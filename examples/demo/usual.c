/* SPDX-License-Identifier: MIT */
/*
 * usual.c - reports the usual way next to cpuslab, which cpuslab-demo-sim ran.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "demo.h"
#include "report.h"

#define USUAL_SCENARIOS 5u /* that must have been played */

static void usual_read(void *arg, const char *key, const char *value)
{
	unsigned int *played = arg;
	char name[64];
	size_t length;

	if (!strcmp(key, "title")) {
		report_say("\n   %s\n", value);
	} else if (!strcmp(key, "code")) {
		report_say("       %s\n", value);
	} else if (!strcmp(key, "usual") || !strcmp(key, "cpuslab")) {
		report_say("       %-9s%s\n", key, value);
	} else if (!strcmp(key, "figure")) {
		length = strcspn(value, " ");
		snprintf(name, sizeof(name), "%.*s", (int)length, value);
		report_count(name, strtoull(value + length, NULL, 10));
	} else {
		report_check(!strcmp(key, "passed"),
			     "%s: the usual way fails, cpuslab is exact",
			     value);
		++*played;
	}
}

void demo_usual(const char *self)
{
	unsigned int played = 0;

	report_part("usual", "3. The usual way next to it");
	report_say("   Most programs count the CPUs once and index by the "
		   "one they are on:\n"
		   "\n"
		   "       slots = alloc(sysconf(_SC_NPROCESSORS_ONLN) * 64);\n"
		   "       cpu = sched_getcpu();\n"
		   "       atomic_fetch_add(&slots[cpu].events, 1);\n"
		   "\n"
		   "   Both ways go through the same scripts, on simulated "
		   "CPUs, where what\n"
		   "   takes months on real ones happens at once; each in a "
		   "process of its own.\n");
	if (child_run(self, "usual", 0, 1, usual_read, &played))
		report_check(played == USUAL_SCENARIOS,
			     "%u of %u scripts were run", played,
			     USUAL_SCENARIOS);
	report_count("scripts", played);
}
