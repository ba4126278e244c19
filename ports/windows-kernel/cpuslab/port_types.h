/* SPDX-License-Identifier: MIT */
/*
 * port_types.h - the basic types in the Windows kernel, from compiler headers
 * only. The kernel exports memcpy and memset.
 */
#ifndef CPUSLAB_PORT_TYPES_H
#define CPUSLAB_PORT_TYPES_H

#include <specstrings.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Drivers cannot reserve address space and commit memory in it later. */
#define CPUSLAB_PORT_ANNOUNCES 1
#define CPUSLAB_PORT_IRQL
#define CPUSLAB_PORT_SAL
#ifndef _IRQL_saves_global_ /* mingw-w64 has all but these */
#define _IRQL_saves_global_(kind, param)
#define _IRQL_restores_global_(kind, param)
#endif

struct cpuslab_port_mutex {
	uint64_t event[3]; /* a KEVENT, as mutex.c asserts */
};

#endif /* CPUSLAB_PORT_TYPES_H */
