/* SPDX-License-Identifier: MIT */
/*
 * port_inline.h - Windows processes have no restartable sequences, so
 * operations use atomics, in lib/core/slow.c.
 */
#ifndef CPUSLAB_PORT_INLINE_H
#define CPUSLAB_PORT_INLINE_H

#include <cpuslab/port/directory.h>

#define CPUSLAB_PORT_HAS_ERROR 1

CPUSLAB_INLINE void cpuslab_port_preempt_point(void)
{
}

#include <cpuslab/port/ops_none.h>

#endif /* CPUSLAB_PORT_INLINE_H */
