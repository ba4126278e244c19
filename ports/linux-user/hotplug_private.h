/* SPDX-License-Identifier: MIT */
/*
 * hotplug_private.h - a hotplug from inside, for its files and its tests.
 *
 *	poll ---> uevents (netlink)	hotplug_socket.c
 *	   |----> timer			hotplug.c
 *	   '----> stop (eventfd)	hotplug_thread.c
 *
 * What dispatches, one thread at a time, owns all that changes.
 */
#ifndef CPUSLAB_HOTPLUG_PRIVATE_H
#define CPUSLAB_HOTPLUG_PRIVATE_H

#include <pthread.h>
#include <sys/types.h>

#include <cpuslab/hotplug.h>

/* The kernel's messages end below 2 KiB of properties and a path. */
#define CPUSLAB__HOTPLUG_MESSAGE 8192u

struct cpuslab_hotplug {
	/* W create. */
	struct cpuslab_domain *domain;
	pid_t pid;      /* who may use it */
	uint32_t limit; /* of the domain */
	uint32_t words; /* of early and found */
	int poll;
	int timer;
	bool genuine; /* the socket is netlink: senders are checked */
	/* W start; R dispatch, destroy. */
	bool threaded;
	int stop; /* or -1 */
	pthread_t thread;
	uint32_t stopping; /* W destroy; R the thread */
	/* W dispatch. */
	int uevents;          /* or -1 */
	uint32_t early_count; /* INV: the bits in early */
	uint64_t *early;      /* prepared by us; not known to run yet */
	uint64_t *found;      /* available, while settling */
	/* W dispatch, relaxed; R any. */
	uint64_t count[7];   /* enum cpuslab__hotplug_count */
	uint32_t last_error; /* positive */
	uint32_t listening;  /* uevents is open */
	char message[CPUSLAB__HOTPLUG_MESSAGE];
};

enum cpuslab__hotplug_count {
	CPUSLAB__HOTPLUG_EVENTS,
	CPUSLAB__HOTPLUG_IGNORED,
	CPUSLAB__HOTPLUG_LOST,
	CPUSLAB__HOTPLUG_RESCANS,
	CPUSLAB__HOTPLUG_PREPARED,
	CPUSLAB__HOTPLUG_ABANDONED,
	CPUSLAB__HOTPLUG_ERRORS,
};

/**
 * cpuslab__hotplug_create_on() - as cpuslab_hotplug_create(), but events
 * come from @socket.
 * @socket: one end of a socketpair(AF_UNIX, SOCK_DGRAM or SOCK_SEQPACKET);
 *          each message is a uevent, whoever sent it. The hotplug's own on
 *          CPUSLAB_OK. -1: none.
 */
int cpuslab__hotplug_create_on(struct cpuslab_hotplug **hotplug,
			       struct cpuslab_domain *domain,
			       const struct cpuslab_hotplug_config *config,
			       int socket);

/* Count one more. */
void cpuslab__hotplug_count(struct cpuslab_hotplug *n,
			    enum cpuslab__hotplug_count what);
/* Remember a refusal; @result is returned. */
int cpuslab__hotplug_note(struct cpuslab_hotplug *n, int result);
/* Let the poll descriptor wake for @fd; CPUSLAB_OK or an error. */
int cpuslab__hotplug_watch(struct cpuslab_hotplug *n, int fd);
/* The error for errno. */
int cpuslab__hotplug_error(void);

/* What cpuslab_hotplug_dispatch() does, for whoever may. */
int cpuslab__hotplug_dispatch(struct cpuslab_hotplug *n);

/* hotplug_socket.c: the kernel's event socket, or -1. */
int cpuslab__hotplug_listen(uint32_t receive_bytes);
/*
 * Take the messages that are there, a bounded number; true if the domain must
 * be compared. *err is the first refusal of a preparation.
 */
bool cpuslab__hotplug_drain(struct cpuslab_hotplug *n, int *err);

/* hotplug_early.c: CPUs that are present and do not run yet. */
int cpuslab__hotplug_prepare(struct cpuslab_hotplug *n, uint32_t cpu);
int cpuslab__hotplug_abandon(struct cpuslab_hotplug *n, uint32_t cpu);
/* Find out what became of each; the first refusal. */
int cpuslab__hotplug_settle(struct cpuslab_hotplug *n);
/* Undo all. */
void cpuslab__hotplug_unprepare(struct cpuslab_hotplug *n);

/* hotplug_thread.c: end and join the thread, if there is one. */
void cpuslab__hotplug_stop(struct cpuslab_hotplug *n);

#endif /* CPUSLAB_HOTPLUG_PRIVATE_H */
