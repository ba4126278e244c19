/* SPDX-License-Identifier: MIT */
/*
 * rseq.h - found in place of the C library's: as if that were too old to have
 * one.
 */
#ifndef CPUSLAB_TESTS_NO_RSEQ_H
#define CPUSLAB_TESTS_NO_RSEQ_H

#endif /* CPUSLAB_TESTS_NO_RSEQ_H */
