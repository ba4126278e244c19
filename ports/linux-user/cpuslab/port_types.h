/* SPDX-License-Identifier: MIT */
/*
 * port_types.h - the basic types on Linux with a C library.
 */
#ifndef CPUSLAB_PORT_TYPES_H
#define CPUSLAB_PORT_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define CPUSLAB_PORT_ANNOUNCES 0
#define CPUSLAB_PORT_FORKS

/* A cpuslab_word, which base.h defines later. */
typedef __attribute__((aligned(8))) uint64_t cpuslab_port_word;

/* All zero: unlocked. */
struct cpuslab_port_mutex {
	cpuslab_port_word owner; /* see mutex.c; W, R any */
	int cancel;              /* W, R holder: state to restore */
	bool reserve;            /* W, R holder: reserved again when unlocked */
	bool lost;               /* W fork handler in the child; R any */
	struct cpuslab_port_mutex *next; /* of all */
};

#endif /* CPUSLAB_PORT_TYPES_H */
