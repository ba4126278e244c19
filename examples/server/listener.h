/* SPDX-License-Identifier: MIT */
/*
 * listener.h - the listening socket.
 */
#ifndef CPUSLAB_EXAMPLES_LISTENER_H
#define CPUSLAB_EXAMPLES_LISTENER_H

struct server;
struct options;

/* The socket; or -1 after a message. */
int listener_open(const struct options *options);
/* Print the address, with the port that the system chose. */
void listener_print(int listener, const struct options *options);
/*
 * Accept some pending connections and return their number. -1: no file
 * descriptors are left, so pause.
 */
int listener_accept(int listener, struct server *server);

#endif /* CPUSLAB_EXAMPLES_LISTENER_H */
