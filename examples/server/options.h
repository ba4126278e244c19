/* SPDX-License-Identifier: MIT */
/*
 * options.h - the command line.
 */
#ifndef CPUSLAB_EXAMPLES_OPTIONS_H
#define CPUSLAB_EXAMPLES_OPTIONS_H

#include <stdint.h>

struct options {
	const char *address;
	uint16_t port;        /* 0: the system chooses a free one */
	uint32_t connections; /* maximum; a power of two */
	uint32_t idle_s;      /* until an idle or slow one is closed */
	uint32_t rescan_ms;   /* from one reading of masks to the next */
};

/* Exits after --help, and with status 2 after an error. */
void options_parse(struct options *options, int argc, char **argv);

#endif /* CPUSLAB_EXAMPLES_OPTIONS_H */
