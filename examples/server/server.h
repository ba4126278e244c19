/* SPDX-License-Identifier: MIT */
/*
 * server.h - what the threads of the server share.
 *
 *	main thread                      worker of CPU 0, 1, ... n
 *	  accept --- steering table ---> mailbox -> its own epoll -> answers
 *	  hotplug (CPU changes)             |            |
 *	  signals                           '-- others <-' when it is parked
 *
 * The clients of the domain see an added CPU in the order of client.h, and a
 * removed one in reverse:
 *
 *	a CPU is added                    a CPU is removed
 *	1. the slab makes its copies      4. the slab folds its copies
 *	2. its mailbox opens              3. its mailbox shuts
 *	3. its worker runs, bound to it   2. its worker is asked to move its
 *	                                     connections, and to sleep
 *	4. the steering table gives it a  1. the steering table takes its share
 *	   share of the connections          away
 *
 * So no connection is steered to a worker that does not run, and one that has
 * to park finds the others in the steering table.
 */
#ifndef CPUSLAB_EXAMPLES_SERVER_H
#define CPUSLAB_EXAMPLES_SERVER_H

#include <pthread.h>

#include <cpuslab/cpuslab.h>
#include <cpuslab/hotplug.h>

#include "options.h"

#define SERVER_BUCKETS 256u /* of the steering table */

struct connection;
struct worker;

/* Sums over all CPUs; exact whichever CPUs were added and removed. */
struct server_counts {
	struct cpuslab_counter requests;    /* answered */
	struct cpuslab_counter errors;      /* those with a status >= 400 */
	struct cpuslab_counter duration_ns; /* of all requests */
	struct cpuslab_counter sent_bytes;
	struct cpuslab_counter accepted;    /* connections */
	struct cpuslab_counter refused;     /* too many were open */
	struct cpuslab_counter moved;       /* to another worker */
	struct cpuslab_gauge connections;   /* open now */
	struct cpuslab_histogram durations; /* in ns, less 1: see metrics.c */
};

struct server {
	struct options options;                /* W init */
	struct cpuslab_domain *domain;         /* W init */
	struct cpuslab_slab *slab;             /* W init */
	struct server_counts counts;           /* W any, by operations */
	struct cpuslab_cache buffers;          /* W any: for input */
	struct cpuslab_workers_ops worker_ops; /* W init */
	struct cpuslab_workers workers;        /* W the domain's callbacks */
	struct cpuslab_steering steering;
	struct cpuslab_hotplug *hotplug; /* W main thread */
	uint32_t draining; /* W main thread; R any: close idle connections */

	uint64_t served, accepted; /* totals; W server_fini() */

	pthread_mutex_t mutex;      /* guards the next two; innermost */
	struct worker **worker;     /* [limit]; NULL: never created */
	struct connection *waiting; /* found no worker */
	int kick;                   /* eventfd: look at @waiting */
};

/* Prints what failed, and then leaves nothing behind. */
int server_init(struct server *server, const struct options *options);
/* Closes all connections. */
void server_fini(struct server *server);

/* Send a connection that no worker owns to the worker for it. */
void server_steer(struct server *server, struct connection *connection);
/* The same for those that found no worker. False: some are still waiting. */
bool server_place_waiting(struct server *server);
/* Wake each worker to look for work. */
void server_wake_all(struct server *server);

#endif /* CPUSLAB_EXAMPLES_SERVER_H */
