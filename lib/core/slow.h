/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_LIB_SLOW_H
#define CPUSLAB_LIB_SLOW_H

#include <cpuslab/log.h>
#include <cpuslab/ops.h>
#include <cpuslab/stack.h>

/* The shared block's copy of what @handle names. */
void *cpuslab__shared_block(const struct cpuslab_percpu *handle, size_t offset);

#endif /* CPUSLAB_LIB_SLOW_H */
