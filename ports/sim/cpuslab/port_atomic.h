/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_PORT_ATOMIC_H
#define CPUSLAB_PORT_ATOMIC_H

#include <cpuslab/port/atomic_builtin.h>

#endif /* CPUSLAB_PORT_ATOMIC_H */
