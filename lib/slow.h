/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_LIB_SLOW_H
#define CPUSLAB_LIB_SLOW_H

#include <cpuslab/log.h>
#include <cpuslab/ops.h>
#include <cpuslab/stack.h>

/* The overflow's copy of what @ref names. */
void *cpuslab__overflow(const struct cpuslab_ref *ref, size_t offset);

#endif /* CPUSLAB_LIB_SLOW_H */
