/* SPDX-License-Identifier: MIT */
/*
 * rseq_none.h - this machine or C library has no restartable sequences: every
 * operation takes the slow path, which uses atomics.
 */
#ifndef CPUSLAB_RSEQ_NONE_H
#define CPUSLAB_RSEQ_NONE_H

#define CPUSLAB__HAVE_RSEQ 0

#include <cpuslab/port/ops_none.h>

CPUSLAB_INLINE void cpuslab__rseq_clear(void)
{
}

#endif /* CPUSLAB_RSEQ_NONE_H */
