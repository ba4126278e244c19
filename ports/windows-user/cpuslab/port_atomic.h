/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_PORT_ATOMIC_H
#define CPUSLAB_PORT_ATOMIC_H

#include <cpuslab/base.h>

#if CPUSLAB__BUILTINS
#include <cpuslab/port/atomic_builtin.h>
#else
#include <cpuslab/port/atomic_interlocked.h>
#endif

#endif /* CPUSLAB_PORT_ATOMIC_H */
