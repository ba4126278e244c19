/* SPDX-License-Identifier: MIT */
/*
 * worker.c - a thread that serves connections on its CPU until that is removed.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "connection.h"
#include "server.h"
#include "worker.h"

#define WORKER_EVENTS 64
#define WORKER_SWEEP_NS 1000000000u
#define WORKER_LINGER_NS 2000000000u

/* ---- its connections ----------------------------------------------------- */

static void worker_count(struct worker *worker, uint32_t held)
{
	cpuslab_store_relaxed_u32(&worker->held, held);
}

static void worker_link(struct worker *worker, struct connection *connection)
{
	connection->worker = worker;
	connection->prev = NULL;
	connection->next = worker->connections;
	if (connection->next)
		connection->next->prev = connection;
	worker->connections = connection;
	worker_count(worker, worker->held + 1);
}

static void worker_unlink(struct worker *worker, struct connection *connection)
{
	if (connection->prev)
		connection->prev->next = connection->next;
	else
		worker->connections = connection->next;
	if (connection->next)
		connection->next->prev = connection->prev;
	connection->worker = NULL;
	worker_count(worker, worker->held - 1);
}

static int worker_poll(struct worker *worker, struct connection *connection,
		       int operation)
{
	struct epoll_event event = {
		.events = connection->sends ? EPOLLOUT : EPOLLIN,
		.data.ptr = connection,
	};

	connection->polled_for = event.events;
	return epoll_ctl(worker->epoll, operation, connection->fd, &event);
}

/* Take the connection from the worker; the caller owns it then. */
static void worker_release(struct worker *worker, struct connection *connection)
{
	(void)epoll_ctl(worker->epoll, EPOLL_CTL_DEL, connection->fd, NULL);
	worker_unlink(worker, connection);
}

static void worker_close(struct worker *worker, struct connection *connection)
{
	worker_release(worker, connection);
	connection_free(worker->server, connection);
}

void worker_adopt(struct worker *worker, struct connection *connection)
{
	worker_link(worker, connection);
	/* Level-triggered: input that has arrived already is an event. */
	if (worker_poll(worker, connection, EPOLL_CTL_ADD)) {
		worker_unlink(worker, connection);
		connection_free(worker->server, connection);
	}
}

/*
 * A new CPU takes its share of the connections: each moves with its whole state
 * the next time that it has input. The CPU that the table names may have been
 * removed meanwhile; then the connection stays.
 */
static void worker_move(struct worker *worker, struct connection *connection)
{
	struct cpuslab_message message = {
		.word = { (uint64_t)(uintptr_t)connection },
	};
	struct server *server = worker->server;
	uint32_t target;

	cpuslab_read_enter();
	target = cpuslab_steering_lookup(&server->steering, connection->hash,
					 NULL);
	cpuslab_read_exit();
	if (cpuslab_likely(target == worker->cpu) || target == CPUSLAB_NO_CPU)
		return;
	/* The receiver may run with it before the send returns. */
	worker_release(worker, connection);
	if (cpuslab_workers_send(&server->workers, target, &message))
		worker_adopt(worker, connection);
	else
		cpuslab_counter_add(&server->counts.moved, 1);
}

static void worker_serve(struct worker *worker, struct connection *connection)
{
	uint32_t wanted;

	if (!connection_serve(worker->server, connection)) {
		worker_close(worker, connection);
		return;
	}
	wanted = connection->sends ? EPOLLOUT : EPOLLIN;
	if (connection->polled_for != wanted &&
	    worker_poll(worker, connection, EPOLL_CTL_MOD)) {
		worker_close(worker, connection);
		return;
	}
	worker_move(worker, connection);
}

/*
 * Once a second close connections that were idle, lingered, or took too long
 * for a request: a client that sends a byte now and then holds none forever.
 */
static void worker_sweep(struct worker *worker)
{
	uint64_t idle = (uint64_t)worker->server->options.idle_s * 1000000000u;
	uint64_t now = connection_now(), limit;
	struct connection *connection, *next;

	if (now - worker->swept < WORKER_SWEEP_NS)
		return;
	worker->swept = now;
	for (connection = worker->connections; connection; connection = next) {
		next = connection->next;
		limit = connection->lingers ? WORKER_LINGER_NS : idle;
		if (now - connection->active > limit)
			worker_close(worker, connection);
	}
}

static bool worker_has_done(const struct connection *connection)
{
	return !connection->sends && !connection->lingers &&
	       !connection_has_more(connection);
}

/*
 * The server shuts down: answer what has arrived and close the connections that
 * have nothing more. One with more than a turn's input gets another turn, as
 * its socket stays readable.
 */
static void worker_drain(struct worker *worker)
{
	struct connection *connection, *next;

	for (connection = worker->connections; connection; connection = next) {
		next = connection->next;
		if (!connection_serve(worker->server, connection) ||
		    worker_has_done(connection))
			worker_close(worker, connection);
		else
			(void)worker_poll(worker, connection, EPOLL_CTL_MOD);
	}
}

/*
 * The worker's CPU was removed: the steering table no longer names it and its
 * mailbox is shut, so no connection arrives. Move those that it has to other
 * workers, even in the middle of a request. If the CPU returns meanwhile, some
 * come back.
 */
static void worker_hand_on(struct worker *worker)
{
	struct connection *connection;

	while ((connection = worker->connections)) {
		worker_release(worker, connection);
		server_steer(worker->server, connection);
		cpuslab_counter_add(&worker->server->counts.moved, 1);
	}
}

/* ---- its thread ---------------------------------------------------------- */

static void worker_wait(struct worker *worker)
{
	struct epoll_event events[WORKER_EVENTS];
	eventfd_t ignored;
	int timeout = worker->connections ? 1000 : -1;
	int i, count;

	count = epoll_wait(worker->epoll, events, WORKER_EVENTS, timeout);
	for (i = 0; i < count; i++)
		if (events[i].data.ptr)
			worker_serve(worker, events[i].data.ptr);
		else
			eventfd_read(worker->event, &ignored);
}

void worker_wake(struct worker *worker)
{
	eventfd_write(worker->event, 1);
}

bool worker_is_parked(const struct worker *worker)
{
	return cpuslab_load_relaxed_u32(&worker->parked);
}

static void worker_park_set(struct worker *worker, bool parked)
{
	cpuslab_store_relaxed_u32(&worker->parked, parked);
}

/* ---- creation ------------------------------------------------------------ */

static int worker_open(struct worker *worker)
{
	struct epoll_event event = { .events = EPOLLIN };

	worker->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (worker->epoll < 0)
		return -CPUSLAB_EAGAIN;
	worker->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (worker->event < 0)
		goto close_epoll;
	if (!epoll_ctl(worker->epoll, EPOLL_CTL_ADD, worker->event, &event))
		return CPUSLAB_OK;
	close(worker->event);
close_epoll:
	close(worker->epoll);
	return -CPUSLAB_EAGAIN;
}

static void worker_publish(struct server *server, uint32_t cpu,
			   struct worker *worker)
{
	pthread_mutex_lock(&server->mutex);
	server->worker[cpu] = worker;
	pthread_mutex_unlock(&server->mutex);
}

static int worker_create(struct server *server, uint32_t cpu)
{
	struct worker *worker = calloc(1, sizeof(*worker));

	if (!worker)
		return -CPUSLAB_ENOMEM;
	worker->server = server;
	worker->cpu = cpu;
	worker_park_set(worker, true);
	if (worker_open(worker)) {
		free(worker);
		return -CPUSLAB_EAGAIN;
	}
	worker_publish(server, cpu, worker);
	return CPUSLAB_OK;
}

static void worker_destroy(struct worker *worker)
{
	worker_publish(worker->server, worker->cpu, NULL);
	close(worker->event);
	close(worker->epoll);
	free(worker);
}

/* ---- the callbacks ------------------------------------------------------- */

static struct worker *worker_of(struct cpuslab_workers *workers, uint32_t cpu)
{
	struct server *server = workers->config.arg;

	return server->worker[cpu];
}

/*
 * A CPU is about to be added. All that can fail is done here, where the CPU can
 * still be refused.
 */
static int worker_op_create(struct cpuslab_workers *workers, uint32_t cpu,
			    void **thread)
{
	int err = worker_create(workers->config.arg, cpu);

	if (err)
		return err;
	err = cpuslab_thread_ops.create(workers, cpu, thread);
	if (err)
		worker_destroy(worker_of(workers, cpu));
	return err;
}

/* The CPU runs, for the first time or again. */
static void worker_op_unpark(struct cpuslab_workers *workers, uint32_t cpu,
			     void *thread)
{
	worker_park_set(worker_of(workers, cpu), false);
	cpuslab_thread_ops.unpark(workers, cpu, thread);
}

/* The CPU is offline. Its worker finishes what it is doing. */
static void worker_op_park(struct cpuslab_workers *workers, uint32_t cpu,
			   void *thread)
{
	worker_park_set(worker_of(workers, cpu), true);
	cpuslab_thread_ops.park(workers, cpu, thread);
}

/* It has finished, and sleeps next. */
static void worker_op_parked(struct cpuslab_workers *workers, uint32_t cpu,
			     void *thread)
{
	(void)thread;
	worker_hand_on(worker_of(workers, cpu));
}

static void worker_op_destroy(struct cpuslab_workers *workers, uint32_t cpu,
			      void *thread)
{
	cpuslab_thread_ops.destroy(workers, cpu, thread);
	worker_destroy(worker_of(workers, cpu));
}

static void worker_op_wake(struct cpuslab_workers *workers, uint32_t cpu,
			   void *thread)
{
	(void)thread;
	worker_wake(worker_of(workers, cpu));
}

/* Its mailbox is empty: serve its connections until it is woken. */
static void worker_op_idle(struct cpuslab_workers *workers, uint32_t cpu,
			   void *thread)
{
	struct worker *worker = worker_of(workers, cpu);

	(void)thread;
	/* [server.draining] pairs with main_drain(). */
	if (cpuslab_load_acquire_u32(&worker->server->draining))
		worker_drain(worker);
	worker_sweep(worker);
	worker_wait(worker);
}

void worker_ops_init(struct cpuslab_workers_ops *ops)
{
	*ops = cpuslab_thread_ops;
	ops->create = worker_op_create;
	ops->unpark = worker_op_unpark;
	ops->park = worker_op_park;
	ops->destroy = worker_op_destroy;
	ops->wake = worker_op_wake;
	ops->idle = worker_op_idle;
	ops->parked = worker_op_parked;
}
