/* SPDX-License-Identifier: MIT */
/*
 * cas16.h - compare-and-swap of two words at once.
 *
 * The __sync builtin: gcc and clang turn it into one instruction where the
 * function's target has it, while the __atomic one becomes a library call.
 */
#ifndef CPUSLAB_LIB_CAS16_H
#define CPUSLAB_LIB_CAS16_H

#include <cpuslab/atomic.h>

/*
 * If *pair equals @expect, make it @desired and return true. Sequentially
 * consistent.
 */
bool cpuslab__cas16(struct cpuslab_pair *pair, struct cpuslab_pair expect,
		    struct cpuslab_pair desired);

#endif /* CPUSLAB_LIB_CAS16_H */
