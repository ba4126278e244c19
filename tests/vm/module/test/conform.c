// SPDX-License-Identifier: MIT
/*
 * conform.c - the contract of the port interface, inside the kernel.
 */
#include "conformance.c"

#include "test.h"

static void conform_failed(const char *what, int line)
{
	pr_err("cpuslab_test: conformance.c:%d: %s\n", line, what);
}

int conform_check(void)
{
	int failures = cpuslab_conformance(conform_failed);

	return failures ? test_wrong("%d failures", failures) : 0;
}
