/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_LIB_SLOW_H
#define CPUSLAB_LIB_SLOW_H
/*
 * slow.h - what else the slow path offers inside the library.
 */

#include <cpuslab/log.h>
#include <cpuslab/ops.h>
#include <cpuslab/stack.h>

/* Byte @offset of the shared block's copy. */
void *cpuslab__shared_block(const struct cpuslab_percpu *handle, size_t offset);

#endif /* CPUSLAB_LIB_SLOW_H */
