/* SPDX-License-Identifier: MIT */
/*
 * copy.h - what copy.c is to copies.c, once for each copy of cpuslab.
 */
#ifndef CPUSLAB_TESTS_COPY_H
#define CPUSLAB_TESTS_COPY_H

struct copy {
	int (*begin)(void);
	void (*add)(void);
	unsigned long long (*sum)(void);
	void (*end)(void);
	const char *(*version)(void); /* of the library: differs by copy */
};

extern const struct copy copy_one, copy_two;

#endif /* CPUSLAB_TESTS_COPY_H */
