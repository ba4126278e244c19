/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_LIB_CAS16_H
#define CPUSLAB_LIB_CAS16_H
/*
 * cas16.h - compare-and-swap of two words (16 bytes) at once.
 *
 * With gcc and clang it is the __sync builtin, which becomes one instruction if
 * the function's target has it; the __atomic builtin becomes a library call. A
 * port implements it where CPUSLAB_PORT_CAS16 is defined.
 *
 * If both words change, a load of the second with acquire that finds the new
 * value is followed by loads that find the new first one. Operations on one of
 * the words may be concurrent.
 */

#include <cpuslab/atomic.h>

/*
 * If *pair equals @expect, set it to @desired and return true. Sequentially
 * consistent.
 */
bool cpuslab__cas16(struct cpuslab_pair *pair, struct cpuslab_pair expect,
		    struct cpuslab_pair desired);

#endif /* CPUSLAB_LIB_CAS16_H */
