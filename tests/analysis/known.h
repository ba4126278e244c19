/* SPDX-License-Identifier: MIT */
/*
 * known.h - what an analyser should know of lib/, before each of its files: the
 * port's allocator under names that it knows, so that it finds a leak or a use
 * after free, and that a broken assertion ends the program.
 */
#ifndef CPUSLAB_ANALYSIS_KNOWN_H
#define CPUSLAB_ANALYSIS_KNOWN_H

#include <stdlib.h>

#include <cpuslab/port.h>

#define cpuslab_port_zalloc(bytes) calloc(1, bytes)
#define cpuslab_port_free(ptr) free(ptr)

#undef cpuslab_assert
#define cpuslab_assert(cond) ((cond) ? (void)0 : abort())

#endif /* CPUSLAB_ANALYSIS_KNOWN_H */
