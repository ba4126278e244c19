/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_PORT_ATOMIC_H
#define CPUSLAB_PORT_ATOMIC_H

#if defined(__GNUC__)
#include <cpuslab/port/atomic_builtin.h>
#else
/* For compilers without the builtins of gcc and clang. */
#include <cpuslab/port/atomic_interlocked.h>
#endif

#endif /* CPUSLAB_PORT_ATOMIC_H */
