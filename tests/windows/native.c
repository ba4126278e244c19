/* SPDX-License-Identifier: MIT */
/*
 * native.c - scripts, system and driver in one Linux program.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tester.h"

static int native_first;

void machine_system(struct control *control)
{
	system_control(control);
}

void machine_tester(struct control *control)
{
	tester_control(control);
}

void machine_report(int bad, const char *name, const char *text, int line)
{
	if (bad && line)
		printf("%s: script.c:%d: %s\n", name, line, text);
	else
		printf("%s: %s\n", name, text);
	fflush(stdout);
	if (bad && native_first)
		_Exit(1);
}

/* native [NAME]: all scripts, or one until its first failed check */
int main(int argc, char **argv)
{
	native_first = argc > 1;
	tester_object = (PDRIVER_OBJECT)&native_first; /* just not NULL */
	return script_run(native_first ? argv[1] : NULL);
}
