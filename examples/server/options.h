/* SPDX-License-Identifier: MIT */
/*
 * options.h - the command line.
 */
#ifndef CPUSLAB_EXAMPLES_OPTIONS_H
#define CPUSLAB_EXAMPLES_OPTIONS_H

#include <stdint.h>

struct options {
	const char *address;
	uint16_t port;        /* 0: any that is free */
	uint32_t connections; /* at most, a power of two */
	uint32_t idle_s;      /* then a connection is closed */
	uint32_t rescan_ms;   /* between two looks at masks and cpusets */
};

/* Ends the process for --help, and with status 2 for what is not understood. */
void options_parse(struct options *options, int argc, char **argv);

#endif /* CPUSLAB_EXAMPLES_OPTIONS_H */
