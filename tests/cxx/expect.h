/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CXX_EXPECT_H
#define TESTS_CXX_EXPECT_H
/*
 * expect.h - an assertion in every build. Not cmocka's, which leaves a test by
 * longjmp() and so would skip destructors.
 */

#include <cstdio>
#include <cstdlib>

#define expect(condition)                                                      \
	((condition) ? (void)0 : expect_failed(#condition, __FILE__, __LINE__))

[[noreturn]] inline void expect_failed(const char *condition, const char *file,
				       int line)
{
	std::fprintf(stderr, "%s:%d: not so: %s\n", file, line, condition);
	std::abort();
}

#endif /* TESTS_CXX_EXPECT_H */
