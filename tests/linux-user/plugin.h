/* SPDX-License-Identifier: MIT */
/*
 * plugin.h - what a plugin provides to dlclose.c.
 */
#ifndef CPUSLAB_TESTS_PLUGIN_H
#define CPUSLAB_TESTS_PLUGIN_H

#include <stdint.h>

/* The symbol "plugin" of the module. */
struct plugin {
	int (*begin)(void);
	void (*work)(uint64_t times); /* any thread */
	uint64_t (*sum)(void);
	void (*end)(void);
	/* Run the @nth operation on the null handle, and return its result. */
	int (*on_null)(unsigned int nth);
	/* Of the copy of the library. */
	const char *(*registration)(void);
};

extern const struct plugin plugin;

#endif /* CPUSLAB_TESTS_PLUGIN_H */
