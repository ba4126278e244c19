/* SPDX-License-Identifier: MIT */
/*
 * filter.h - a filter of system calls, as a sandbox has.
 */
#ifndef CPUSLAB_TESTS_FILTER_H
#define CPUSLAB_TESTS_FILTER_H

#include <stddef.h>

/* As <linux/seccomp.h> says, whose SECCOMP_RET_* a filter's action is. */
#include <linux/seccomp.h>

#define FILTER_CALLS 32 /* at most */

/*
 * From here on each of the @count @calls of the calling thread, and of threads
 * and processes that it creates, has the result @action. The program is skipped
 * where that is not permitted.
 */
void filter_install(const unsigned int *calls, size_t count,
		    unsigned int action);

#endif /* CPUSLAB_TESTS_FILTER_H */
