/* SPDX-License-Identifier: MIT */
/*
 * conformance.h - the contract of <cpuslab/port.h> as code.
 */
#ifndef CONFORMANCE_H
#define CONFORMANCE_H

#include <cpuslab/port.h>

/*
 * Test the port that this is compiled with. Calls @fail for each promise that
 * the port does not keep, and returns their number.
 *
 * Needs no C library beyond <cpuslab/port_types.h>, so it also runs inside a
 * kernel. Context: may sleep; not in a read section.
 */
int cpuslab_conformance(void (*fail)(const char *what, int line));

/*
 * For programs only: make the port ready for its @nth test, from 0 on. False:
 * there are no more. conformance_end() returns how much was left behind.
 */
bool conformance_begin(unsigned int nth);
unsigned int conformance_end(void);

#endif /* CONFORMANCE_H */
