/* SPDX-License-Identifier: MIT */
/*
 * port_types.h - the basic types inside the Linux kernel.
 */
#ifndef CPUSLAB_PORT_TYPES_H
#define CPUSLAB_PORT_TYPES_H

#include <linux/atomic.h>
#include <linux/kconfig.h>
#include <linux/limits.h>
#include <linux/mutex.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/types.h>

#if !IS_ENABLED(CONFIG_64BIT) || (!defined(system_has_cmpxchg128) &&           \
				  !defined(system_has_cmpxchg_double))
#error "cpuslab needs 64 bits and a compare-and-swap of 16 bytes: x86-64, arm64"
#endif

#ifndef UINT64_MAX
#define UINT32_MAX U32_MAX
#define UINT64_MAX U64_MAX
#endif

/* A module cannot reserve address space and commit memory in it later. */
#define CPUSLAB_PORT_ANNOUNCES 1

/* In port_inline.h. */
#define CPUSLAB_PORT_RING_APPENDED(shape, from, end)                           \
	cpuslab__ring_file_appended((shape), (from), (end))

struct cpuslab_port_mutex {
	struct mutex mutex;
};

#endif /* CPUSLAB_PORT_TYPES_H */
