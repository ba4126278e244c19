/* SPDX-License-Identifier: MIT */
/*
 * worker.h - a thread on each CPU, with an epoll of its own.
 *
 * cpuslab/workers_thread.h has threads that sleep until a message comes. Those of a
 * server sleep until a message or a socket is ready, so these are its own: the
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
	uint32_t state; /* WORKER_*; W callbacks, and parking the thread */
	int epoll;      /* its connections, and: */
	int event;      /* eventfd: something has changed */
	sem_t parked;   /* or has begun */
	pthread_t thread;
	struct cpuslab_binding binding;
	struct connection *connections; /* W its thread, from here on */
	uint64_t swept;                 /* when it last looked for idle ones */
	uint32_t held;                  /* R any: connections */
	uint64_t served;                /* R any: requests; survives a park */
};

extern const struct cpuslab_workers_ops worker_ops;

/* Take a connection that nobody has. Its thread only. */
void worker_adopt(struct worker *worker, struct connection *connection);
/* Any thread. */
void worker_wake(struct worker *worker);
/* For reports, and under the domain's mutex: is it parked? */
bool worker_is_parked(const struct worker *worker);

#endif /* CPUSLAB_EXAMPLES_WORKER_H */
