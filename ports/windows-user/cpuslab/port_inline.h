/* SPDX-License-Identifier: MIT */
/*
 * port_inline.h - Windows processes have no restartable sequences, so
 * operations use atomics, in lib/core/slow.c.
 */
#ifndef CPUSLAB_PORT_INLINE_H
#define CPUSLAB_PORT_INLINE_H

#include <cpuslab/port/directory.h>

#define CPUSLAB_PORT_HAS_ERROR 1

CPUSLAB_BEGIN

#define CPUSLAB_PORT_MUTEX_CAN_BE_LOST 1
CPUSLAB_API bool
cpuslab_port_mutex_is_lost(const struct cpuslab_port_mutex *mutex);
CPUSLAB_API int cpuslab_port_mutex_enter(struct cpuslab_port_mutex *mutex);

CPUSLAB_INLINE void cpuslab_port_preempt_point(void)
{
}

CPUSLAB_END

#include <cpuslab/port/ops_none.h>

#endif /* CPUSLAB_PORT_INLINE_H */
