/* SPDX-License-Identifier: MIT */
/*
 * worker.h - a thread on each CPU, with its own epoll.
 *
 * The threads of cpuslab/workers_thread.h sleep until a message arrives. Those
 * of a server must also wake when a socket is ready, so the server has its own
 * callbacks of cpuslab_workers_ops.
 */
#ifndef CPUSLAB_EXAMPLES_WORKER_H
#define CPUSLAB_EXAMPLES_WORKER_H

#include <pthread.h>
#include <semaphore.h>

#include <cpuslab/binding.h>
#include <cpuslab/workers.h>

struct connection;
struct server;

struct worker {
	struct server *server;
	uint32_t cpu;
	uint32_t state; /* WORKER_*; W callbacks; the thread when parked */
	int epoll;      /* of its connections and @event */
	int event;      /* eventfd: look at the state and the mailbox */
	sem_t parked;   /* posted when started, and when parked */
	pthread_t thread;
	struct cpuslab_binding binding;
	struct connection *connections; /* from here on: W the thread */
	uint64_t swept;                 /* ns, time of the last sweep */
	uint32_t held;                  /* R any: connections */
	uint64_t served;                /* R any: requests; kept in a park */
};

extern const struct cpuslab_workers_ops worker_ops;

/* Take a connection that no worker owns. Context: the worker's thread. */
void worker_adopt(struct worker *worker, struct connection *connection);
/* Context: any thread. */
void worker_wake(struct worker *worker);
/* Context: any, for reports; exact under the domain's mutex. */
bool worker_is_parked(const struct worker *worker);

#endif /* CPUSLAB_EXAMPLES_WORKER_H */
