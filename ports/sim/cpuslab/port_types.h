/* SPDX-License-Identifier: MIT */
/*
 * port_types.h - the basic types of port sim, on any hosted C implementation.
 */
#ifndef CPUSLAB_PORT_TYPES_H
#define CPUSLAB_PORT_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define CPUSLAB_PORT_ANNOUNCES 0
#define CPUSLAB_PORT_FORKS
#define CPUSLAB_PORT_HAS_RCU_USERS

/* One task runs at a time, so plain words are enough. */
struct cpuslab_port_mutex {
	const void *holder;              /* a thread; NULL: free */
	struct cpuslab_port_mutex *held; /* the next mutex that it holds */
	uint64_t life;                   /* the simulation that made it */
	unsigned int rank;
};

#endif /* CPUSLAB_PORT_TYPES_H */
