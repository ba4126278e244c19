/* SPDX-License-Identifier: MIT */
/*
 * server.h - what the threads of the server share.
 *
 *	main thread                      worker of CPU 0, 1, ... n
 *	  accept --- steering table ---> mailbox -> its own epoll -> answers
 *	  hotplug (who comes and goes)      |            |
 *	  signals                            '-- others <-' when it goes
 *
 * One structure follows the CPUs after the other, in the order in which
 * server_init() sets them up, and is left in reverse:
 *
 *	a CPU comes                       a CPU goes
 *	1. the slab has its copy of counters    4. the slab folds its copy
 *	2. its mailbox opens                    3. its mailbox is shut
 *	3. its worker runs, bound to it         2. its worker hands on all
 *	4. the steering table gives it a        1. the table steers to it no
 *	   share of the connections                longer
 *
 * So nobody is steered to a worker that does not run, and who leaves finds
 * where to send what he has.
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

/* Each is a sum over all CPUs, exact whoever came and went meanwhile. */
struct server_counts {
	struct cpuslab_counter requests;    /* answered */
	struct cpuslab_counter errors;      /* of these, with a status >= 400 */
	struct cpuslab_counter duration_ns; /* of all requests together */
	struct cpuslab_counter sent_bytes;
	struct cpuslab_counter accepted;    /* connections */
	struct cpuslab_counter refused;     /* there were too many */
	struct cpuslab_counter moved;       /* to another worker */
	struct cpuslab_gauge connections;   /* open now */
	struct cpuslab_histogram durations; /* in ns, less 1: see metrics.c */
};

struct server {
	struct options options;         /* W init */
	struct cpuslab_domain *domain;  /* W init */
	struct cpuslab_slab *slab;      /* W init */
	struct server_counts counts;    /* W any, by operations */
	struct cpuslab_cache buffers;   /* W any: for requests under way */
	struct cpuslab_workers workers; /* W the domain's callbacks */
	struct cpuslab_steering steering;
	struct cpuslab_hotplug *hotplug; /* W main thread */
	uint32_t draining; /* W main thread; R any: no new requests, please */

	uint64_t served, accepted; /* in all; W server_fini() */

	pthread_mutex_t mutex;      /* of the two below; taken last */
	struct worker **worker;     /* [limit] those that were ever made */
	struct connection *waiting; /* for a CPU that is there */
	int kick;                   /* eventfd: look at the waiting ones */
};

/* Prints why if it fails; then nothing is left. */
int server_init(struct server *server, const struct options *options);
/* Closes what is open. */
void server_fini(struct server *server);

/* Give a connection, which nobody has, to the worker that it is steered to. */
void server_steer(struct server *server, struct connection *connection);
/* The same for those that found nobody. False if some still do. */
bool server_house_waiting(struct server *server);
/* Every worker has a look at what is to be done. */
void server_wake_all(struct server *server);

#endif /* CPUSLAB_EXAMPLES_SERVER_H */
