/* SPDX-License-Identifier: MIT */
/*
 * notifier_private.h - a notifier from inside, for its files and its tests.
 *
 *	poll ---> uevents (netlink)	notifier_socket.c
 *	   |----> timer			notifier.c
 *	   '----> stop (eventfd)	notifier_thread.c
 *
 * What dispatches, one thread at a time, owns all that changes.
 */
#ifndef CPUSLAB_NOTIFIER_PRIVATE_H
#define CPUSLAB_NOTIFIER_PRIVATE_H

#include <pthread.h>
#include <sys/types.h>

#include <cpuslab/notifier.h>

/* The kernel's messages end below 2 KiB of properties and a path. */
#define CPUSLAB__NOTIFIER_MESSAGE 8192u

struct cpuslab_notifier {
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
	uint64_t count[7];   /* enum cpuslab__notifier_count */
	uint32_t last_error; /* positive */
	uint32_t listening;  /* uevents is open */
	char message[CPUSLAB__NOTIFIER_MESSAGE];
};

enum cpuslab__notifier_count {
	CPUSLAB__NOTIFIER_EVENTS,
	CPUSLAB__NOTIFIER_IGNORED,
	CPUSLAB__NOTIFIER_LOST,
	CPUSLAB__NOTIFIER_RESCANS,
	CPUSLAB__NOTIFIER_PREPARED,
	CPUSLAB__NOTIFIER_ABANDONED,
	CPUSLAB__NOTIFIER_ERRORS,
};

/**
 * cpuslab__notifier_create_on() - as cpuslab_notifier_create(), but events
 * come from @socket.
 * @socket: one end of a socketpair(AF_UNIX, SOCK_DGRAM or SOCK_SEQPACKET);
 *          each message is a uevent, whoever sent it. The notifier's own on
 *          CPUSLAB_OK. -1: none.
 */
int cpuslab__notifier_create_on(struct cpuslab_notifier **notifier,
				struct cpuslab_domain *domain,
				const struct cpuslab_notifier_config *config,
				int socket);

/* Count one more. */
void cpuslab__notifier_count(struct cpuslab_notifier *n,
			     enum cpuslab__notifier_count what);
/* Remember a refusal; @result is returned. */
int cpuslab__notifier_note(struct cpuslab_notifier *n, int result);
/* Let the poll descriptor wake for @fd; CPUSLAB_OK or an error. */
int cpuslab__notifier_watch(struct cpuslab_notifier *n, int fd);
/* The error for errno. */
int cpuslab__notifier_error(void);

/* What cpuslab_notifier_dispatch() does, for whoever may. */
int cpuslab__notifier_dispatch(struct cpuslab_notifier *n);

/* notifier_socket.c: the kernel's event socket, or -1. */
int cpuslab__notifier_listen(uint32_t receive_bytes);
/*
 * Take the messages that are there, a bounded number; true if the domain must
 * be compared. *err is the first refusal of a preparation.
 */
bool cpuslab__notifier_drain(struct cpuslab_notifier *n, int *err);

/* notifier_early.c: processors that are present and do not run yet. */
int cpuslab__notifier_prepare(struct cpuslab_notifier *n, uint32_t cpu);
int cpuslab__notifier_abandon(struct cpuslab_notifier *n, uint32_t cpu);
/* Find out what became of each; the first refusal. */
int cpuslab__notifier_settle(struct cpuslab_notifier *n);
/* Undo all. */
void cpuslab__notifier_unprepare(struct cpuslab_notifier *n);

/* notifier_thread.c: end and join the thread, if there is one. */
void cpuslab__notifier_stop(struct cpuslab_notifier *n);

#endif /* CPUSLAB_NOTIFIER_PRIVATE_H */
