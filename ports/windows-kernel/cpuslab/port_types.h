/* SPDX-License-Identifier: MIT */
/*
 * port_types.h - the basic types in the Windows kernel: headers of the compiler
 * only. memcpy and memset are exported by the kernel.
 */
#ifndef CPUSLAB_PORT_TYPES_H
#define CPUSLAB_PORT_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* No part of a reservation can be given memory later. */
#define CPUSLAB_PORT_RESERVES 0

struct cpuslab_port_mutex {
	uint64_t event[3]; /* a KEVENT, as mutex.c asserts */
};

#endif /* CPUSLAB_PORT_TYPES_H */
