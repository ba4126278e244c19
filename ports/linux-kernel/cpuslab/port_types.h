/* SPDX-License-Identifier: MIT */
/*
 * port_types.h - the basic types inside the Linux kernel.
 */
#ifndef CPUSLAB_PORT_TYPES_H
#define CPUSLAB_PORT_TYPES_H

#include <linux/limits.h>
#include <linux/mutex.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/types.h>

#ifndef UINT64_MAX
#define UINT32_MAX U32_MAX
#define UINT64_MAX U64_MAX
#endif

/* A module cannot reserve address space and commit memory in it later. */
#define CPUSLAB_PORT_ANNOUNCES 1

struct cpuslab_port_mutex {
	struct mutex mutex;
};

#endif /* CPUSLAB_PORT_TYPES_H */
