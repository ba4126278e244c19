/* SPDX-License-Identifier: MIT */
/* The contract of the port interface, tested by a program. */
#include <stdio.h>

#include "conformance.h"

static void report(const char *what, int line)
{
	fprintf(stderr, "conformance.c:%d: %s\n", line, what);
}

int main(void)
{
	unsigned int nth, left;
	int failures = 0;

	for (nth = 0; conformance_begin(nth); nth++) {
		failures += cpuslab_conformance(report);
		left = conformance_end();
		if (left)
			fprintf(stderr, "%u left behind\n", left);
		failures += left != 0;
	}
	printf("%u runs, %d failures\n", nth, failures);
	return failures || !nth;
}
