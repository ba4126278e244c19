/* SPDX-License-Identifier: MIT */
/*
 * port_types.h - the basic types on Linux with a C library.
 */
#ifndef CPUSLAB_PORT_TYPES_H
#define CPUSLAB_PORT_TYPES_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define CPUSLAB_PORT_ANNOUNCES 0

struct cpuslab_port_mutex {
	pthread_mutex_t mutex;
	const void *holder;              /* W holder; R any */
	unsigned int rank;               /* W init */
	bool kept;                       /* W fork handlers: taken by them */
	uint64_t signals[16];            /* W holder: a sigset_t, to restore */
	struct cpuslab_port_mutex *next; /* of all, in rank order */
};

#endif /* CPUSLAB_PORT_TYPES_H */
