/* SPDX-License-Identifier: MIT */
/*
 * worker.h - a thread on each CPU, with its own epoll.
 *
 * The threads of cpuslab/workers_thread.h sleep until a message arrives. Those
 * of a server must also wake when a socket is ready, so it replaces the
 * callbacks idle and wake.
 */
#ifndef CPUSLAB_EXAMPLES_WORKER_H
#define CPUSLAB_EXAMPLES_WORKER_H

#include <cpuslab/workers_thread.h>

struct connection;
struct server;

struct worker {
	struct server *server;
	uint32_t cpu;
	int epoll;       /* of its connections and @event */
	int event;       /* eventfd: wake */
	uint32_t parked; /* its CPU is offline; W callbacks; R any */
	/* W the thread */
	struct connection *connections;
	uint64_t swept;  /* ns, time of the last sweep */
	uint32_t held;   /* R any: connections */
	uint64_t served; /* R any: requests; kept in a park */
};

/* Those of cpuslab_thread_ops, but for what a server adds. */
void worker_ops_init(struct cpuslab_workers_ops *ops);

/* Take a connection that no worker owns. Context: the worker's thread. */
void worker_adopt(struct worker *worker, struct connection *connection);
/* Context: any thread. */
void worker_wake(struct worker *worker);
/* Context: any, for reports; exact under the domain's mutex. */
bool worker_is_parked(const struct worker *worker);

#endif /* CPUSLAB_EXAMPLES_WORKER_H */
