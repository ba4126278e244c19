/* SPDX-License-Identifier: MIT */
/*
 * port_inline.h - a Windows process: no restartable sequences, so blocks are
 * written by atomics and lib/core/slow.c does the work.
 */
#ifndef CPUSLAB_PORT_INLINE_H
#define CPUSLAB_PORT_INLINE_H

CPUSLAB_INLINE void cpuslab_port_preempt_point(void)
{
}

#include <cpuslab/port/ops_none.h>

#endif /* CPUSLAB_PORT_INLINE_H */
