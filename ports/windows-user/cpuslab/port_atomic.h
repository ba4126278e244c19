/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_PORT_ATOMIC_H
#define CPUSLAB_PORT_ATOMIC_H

#if defined(__GNUC__)
#include <cpuslab/port/atomic_builtin.h>
#else
/* Lies in the kernel port's folder, which follows in the include path. */
#include <cpuslab/port/atomic_interlocked.h>
#endif

#endif /* CPUSLAB_PORT_ATOMIC_H */
