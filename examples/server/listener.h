/* SPDX-License-Identifier: MIT */
/*
 * listener.h - the socket that clients come to.
 */
#ifndef CPUSLAB_EXAMPLES_LISTENER_H
#define CPUSLAB_EXAMPLES_LISTENER_H

#include <stdbool.h>

struct server;
struct options;

/* Prints what went wrong: then -1. */
int listener_open(const struct options *options);
/* Say where it listens, with the port that the system chose. */
void listener_print(int listener, const struct options *options);
/* Accept who is there. False if that should rest: there are no descriptors. */
bool listener_accept(int listener, struct server *server);

#endif /* CPUSLAB_EXAMPLES_LISTENER_H */
