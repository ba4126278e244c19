/* SPDX-License-Identifier: MIT */
/*
 * ring_consume.h - what the files of ring_consume share. It is linked without
 * the library.
 */
#ifndef RING_CONSUME_H
#define RING_CONSUME_H

#include <poll.h>

#include <cpuslab/ring_map.h>

#define CONSUME_CPUS 1024u
#define CONSUME_COMMAND "/sys/kernel/debug/cpuslab_ring/command"

/* The shared ring, CPU 0, ... */
extern struct cpuslab_ring_map consume_maps[CONSUME_CPUS + 1];
extern int consume_fd;
extern unsigned long consume_argument; /* the second word */

int consume_open(void); /* O_NONBLOCK; or -1 */
void consume_print(const struct cpuslab_ring_event *event);
void consume_events(void (*print)(const struct cpuslab_ring_event *event));
uint64_t consume_all(void);                /* records so far */
bool consume_wait(int timeout);            /* false: destroyed, or time out */
void consume_command(const char *command); /* to the module */
void consume_check(bool passed, const char *name); /* "ok NAME" */

/* Each is one word of the command line; returns the exit status. */
int consume_refused(void);
int consume_hold(void);
int consume_hostile(void);
int consume_turns(void);
int consume_nested(void);
int consume_await(void);
int consume_latest(void);

#endif /* RING_CONSUME_H */
