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

struct cpuslab_port_mutex {
	pthread_mutex_t mutex;
	const void *holder; /* W holder; R fork handlers */
	unsigned int rank;
	bool kept;            /* W fork handlers: taken by them */
	bool tried;           /* W holder: signals are blocked meanwhile */
	uint64_t signals[16]; /* W holder: a sigset_t, those blocked before */
	struct cpuslab_port_mutex *next; /* of all, in rank order */
};

#endif /* CPUSLAB_PORT_TYPES_H */
