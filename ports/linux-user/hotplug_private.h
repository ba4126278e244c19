/* SPDX-License-Identifier: MIT */
/*
 * hotplug_private.h - a hotplug from inside, for its files and its tests.
 *
 *	poll ---> uevents (netlink)	hotplug_socket.c
 *	   |----> timer			hotplug.c
 *	   '----> wake (eventfd)	hotplug.c: a poke, or the thread's end
 *
 * The thread that dispatches, one at a time, owns all that changes.
 */
#ifndef CPUSLAB_HOTPLUG_PRIVATE_H
#define CPUSLAB_HOTPLUG_PRIVATE_H

#include <pthread.h>

#include <cpuslab/hotplug_poll.h>

/* The kernel's messages end below 2 KiB of properties and a path. */
#define CPUSLAB__HOTPLUG_MESSAGE 8192u

struct cpuslab_hotplug {
	/* W create. */
	struct cpuslab_domain *domain;
	uint32_t process; /* that may use it */
	uint32_t limit;   /* of the domain */
	uint32_t words;   /* of early and found */
	int poll;
	int timer;
	int wake;
	uint64_t rescan_ns;
	bool genuine; /* the socket is netlink: senders are checked */
	/* W create, destroy; R dispatch. */
	bool threaded;
	pthread_t thread;
	uint32_t stopping; /* W destroy; R the thread */
	/* W dispatch. */
	int uevents;          /* or -1 */
	uint32_t early_count; /* INV: the bits in early */
	uint64_t *early;      /* started by us; not known to run yet */
	uint64_t *found;      /* available, while settling */
	struct cpuslab_hotplug_stats stats; /* R any */
	char message[CPUSLAB__HOTPLUG_MESSAGE];
};

/**
 * cpuslab__hotplug_create_on() - as cpuslab_hotplug_create(), without a thread,
 * and with another source of events.
 * @socket: one end of a socketpair(AF_UNIX, SOCK_DGRAM or SOCK_SEQPACKET);
 *          each message is a uevent, from any sender. The hotplug's own on
 *          CPUSLAB_OK. -1: none.
 */
int cpuslab__hotplug_create_on(struct cpuslab_hotplug **hotplug,
			       struct cpuslab_domain *domain,
			       const struct cpuslab_hotplug_config *config,
			       int socket);

/* Count a refusal by the domain; @result is returned, or CPUSLAB_OK. */
int cpuslab__hotplug_note(struct cpuslab_hotplug *hotplug, int result);
/* The error for errno. */
int cpuslab__hotplug_error(void);
/* The same file under a number that is not standard input, output or error. */
int cpuslab__hotplug_above(int fd);
/* Not in a child of the process that created it. */
bool cpuslab__hotplug_is_here(const struct cpuslab_hotplug *hotplug);

/* What cpuslab_hotplug_dispatch() does, without its checks. */
int cpuslab__hotplug_dispatch(struct cpuslab_hotplug *hotplug);

/* hotplug_socket.c: the kernel's event socket, or -1. */
int cpuslab__hotplug_listen(uint32_t receive_bytes);
/*
 * Take the messages that have arrived, a bounded number; true if the domain
 * must be compared. *err is the first refusal of a start.
 */
bool cpuslab__hotplug_drain(struct cpuslab_hotplug *hotplug, int *err);

/* hotplug_early.c: CPUs that are present and do not run yet. */
int cpuslab__hotplug_start(struct cpuslab_hotplug *hotplug, uint32_t cpu);
int cpuslab__hotplug_failure(struct cpuslab_hotplug *hotplug, uint32_t cpu);
/* Find out what became of each; the first refusal. */
int cpuslab__hotplug_settle(struct cpuslab_hotplug *hotplug);
/* Undo all starts. */
void cpuslab__hotplug_undo(struct cpuslab_hotplug *hotplug);

/* hotplug_thread.c: a thread that dispatches; -CPUSLAB_EAGAIN without one. */
int cpuslab__hotplug_thread_create(struct cpuslab_hotplug *hotplug);
/* Stop and join the thread, if there is one. */
void cpuslab__hotplug_thread_destroy(struct cpuslab_hotplug *hotplug);

#endif /* CPUSLAB_HOTPLUG_PRIVATE_H */
