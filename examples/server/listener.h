/* SPDX-License-Identifier: MIT */
/*
 * listener.h - the socket that clients come to.
 */
#ifndef CPUSLAB_EXAMPLES_LISTENER_H
#define CPUSLAB_EXAMPLES_LISTENER_H

struct server;
struct options;

/* Prints what went wrong: then -1. */
int listener_open(const struct options *options);
/* Say where it listens, with the port that the system chose. */
void listener_print(int listener, const struct options *options);
/*
 * Accept some of those who are there. How many: 0 is nobody; below that it
 * should rest, for there are no descriptors.
 */
int listener_accept(int listener, struct server *server);

#endif /* CPUSLAB_EXAMPLES_LISTENER_H */
