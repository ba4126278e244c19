/* SPDX-License-Identifier: MIT */
/*
 * port_types.h - the basic types on any system with a C library, simulated
 * CPUs.
 */
#ifndef CPUSLAB_PORT_TYPES_H
#define CPUSLAB_PORT_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Either, so that all of the library can be tested: see sim_config. */
#define CPUSLAB_PORT_RESERVES sim__reserves()
bool sim__reserves(void);

/* One task runs at a time, so plain words are enough. */
struct cpuslab_port_mutex {
	const void *holder;              /* a thread; NULL: free */
	struct cpuslab_port_mutex *held; /* the holder's next one */
	uint64_t life;                   /* of the simulator that made it */
	unsigned int rank;
};

#endif /* CPUSLAB_PORT_TYPES_H */
