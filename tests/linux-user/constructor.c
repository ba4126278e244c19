/* SPDX-License-Identifier: MIT */
/*
 * constructor.c - the library is used for the first time while another thread
 * holds the dynamic loader's lock and waits for it.
 *
 * Arguments: modules whose constructors do that.
 */
#include <dlfcn.h>
#include <stdio.h>

#include "torture/torture.h"

int main(int argc, char **argv)
{
	void *module;
	int i;

	torture_begin(1, argv, "Arguments: modules to load.");
	for (i = 1; i < argc; i++) {
		module = dlopen(argv[i], RTLD_NOW | RTLD_LOCAL);
		if (!module)
			printf("%s\n", dlerror());
		TORTURE_CHECK(module);
		TORTURE_OK(dlclose(module));
	}
	return torture_end();
}
