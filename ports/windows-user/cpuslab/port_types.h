/* SPDX-License-Identifier: MIT */
/*
 * port_types.h - the basic types in a Windows process.
 */
#ifndef CPUSLAB_PORT_TYPES_H
#define CPUSLAB_PORT_TYPES_H

#include <sal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define CPUSLAB_PORT_ANNOUNCES 0
#define CPUSLAB_PORT_SAL

struct cpuslab_port_mutex {
	void *lock; /* an SRWLOCK */
};

#endif /* CPUSLAB_PORT_TYPES_H */
