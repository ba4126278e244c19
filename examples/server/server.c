/* SPDX-License-Identifier: MIT */
/*
 * server.c - start, shutdown, and which worker gets a connection.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "connection.h"
#include "server.h"
#include "worker.h"

/* ---- which worker gets a connection -------------------------------------- */

static int server_send(struct server *server, uint32_t cpu,
		       struct connection *connection)
{
	struct cpuslab_message message = {
		.word = { (uint64_t)(uintptr_t)connection },
	};

	return cpuslab_workers_send(&server->workers, cpu, &message);
}

/*
 * The table is only a hint: its CPU may be removed between the lookup and the
 * send, which then fails. The mailbox is never full: it has room for all
 * connections.
 */
static bool server_send_steered(struct server *server,
				struct connection *connection)
{
	uint32_t cpu;

	cpuslab_read_enter();
	cpu = cpuslab_steering_lookup(&server->steering, connection->hash,
				      NULL);
	cpuslab_read_exit();
	return cpu != CPUSLAB_NO_CPU && !server_send(server, cpu, connection);
}

static bool server_send_any(struct server *server,
			    struct connection *connection)
{
	const struct cpuslab_cpumask *set = cpuslab_cpumask_get(server->domain);
	uint32_t cpu = cpuslab_cpumask_next(set, 0);

	while (cpu != CPUSLAB_NO_CPU && server_send(server, cpu, connection))
		cpu = cpuslab_cpumask_next(set, cpu + 1);
	cpuslab_cpumask_put(set);
	return cpu != CPUSLAB_NO_CPU;
}

/*
 * The domain can be without a CPU for a while: when the affinity mask changes
 * from {0} to {1} and there is no memory for a worker on CPU 1. A worker that
 * finds no other must not wait for one: shutdown waits for that worker.
 */
static void server_queue_waiting(struct server *server,
				 struct connection *connection)
{
	pthread_mutex_lock(&server->mutex);
	connection->next = server->waiting;
	server->waiting = connection;
	pthread_mutex_unlock(&server->mutex);
}

void server_steer(struct server *server, struct connection *connection)
{
	if (server_send_steered(server, connection) ||
	    server_send_any(server, connection))
		return;
	server_queue_waiting(server, connection);
	eventfd_write(server->kick, 1);
}

static struct connection *server_take_waiting(struct server *server)
{
	struct connection *list;

	pthread_mutex_lock(&server->mutex);
	list = server->waiting;
	server->waiting = NULL;
	pthread_mutex_unlock(&server->mutex);
	return list;
}

bool server_place_waiting(struct server *server)
{
	struct connection *connection, *next;
	bool all = true;

	for (connection = server_take_waiting(server); connection;
	     connection = next) {
		next = connection->next;
		if (server_send_steered(server, connection) ||
		    server_send_any(server, connection))
			continue;
		server_queue_waiting(server, connection);
		all = false;
	}
	return all;
}

void server_wake_all(struct server *server)
{
	uint32_t limit = cpuslab_domain_limit(server->domain);
	uint32_t cpu;

	pthread_mutex_lock(&server->mutex);
	for (cpu = 0; cpu < limit; cpu++)
		if (server->worker[cpu])
			worker_wake(server->worker[cpu]);
	pthread_mutex_unlock(&server->mutex);
}

/* ---- objects in the slab ------------------------------------------------- */

static int server_init_counts(struct server_counts *counts,
			      struct cpuslab_slab *slab)
{
	struct cpuslab_counter *counters[] = {
		&counts->requests,   &counts->errors,   &counts->duration_ns,
		&counts->sent_bytes, &counts->accepted, &counts->refused,
		&counts->moved,
	};
	size_t i;
	int err;

	for (i = 0; i < sizeof(counters) / sizeof(*counters); i++) {
		err = cpuslab_counter_init(counters[i], slab);
		if (err)
			return err;
	}
	err = cpuslab_gauge_init(&counts->connections, slab);
	if (err)
		return err;
	/* Buckets of 6 %, up to 69 seconds. */
	return cpuslab_histogram_init(&counts->durations, slab, 4, 36);
}

static void server_fini_counts(struct server_counts *counts)
{
	cpuslab_histogram_fini(&counts->durations);
	cpuslab_gauge_fini(&counts->connections);
	cpuslab_counter_fini(&counts->moved);
	cpuslab_counter_fini(&counts->refused);
	cpuslab_counter_fini(&counts->accepted);
	cpuslab_counter_fini(&counts->sent_bytes);
	cpuslab_counter_fini(&counts->duration_ns);
	cpuslab_counter_fini(&counts->errors);
	cpuslab_counter_fini(&counts->requests);
}

/* The allocator behind the cache. */
static void *server_buffer_alloc(void *arg)
{
	(void)arg;
	return malloc(sizeof(struct buffer));
}

static void server_buffer_free(void *arg, void *buffer)
{
	(void)arg;
	free(buffer);
}

static int server_init_slab(struct server *server)
{
	static const struct cpuslab_slab_config slab = { .size = sizeof(slab),
							 .name = "server" };
	static const struct cpuslab_cache_config buffers = {
		.size = sizeof(buffers),
		.alloc = server_buffer_alloc,
		.free = server_buffer_free,
		.rounds = 16,
		.magazines = 64,
	};
	int err = cpuslab_slab_create(&server->slab, server->domain, &slab);

	if (err)
		return err;
	err = server_init_counts(&server->counts, server->slab);
	if (!err)
		err = cpuslab_cache_init(&server->buffers, server->slab,
					 &buffers);
	/* Its objects hold numbers only, so the slab may free them. */
	if (err)
		cpuslab_slab_destroy(server->slab);
	return err;
}

static void server_fini_slab(struct server *server)
{
	/* No worker runs: the sums are final. */
	server->served = cpuslab_counter_sum(&server->counts.requests);
	server->accepted = cpuslab_counter_sum(&server->counts.accepted);
	cpuslab_cache_fini(&server->buffers);
	server_fini_counts(&server->counts);
	cpuslab_slab_destroy(server->slab);
}

/* ---- clients of the domain ----------------------------------------------- */

static void server_handle(void *arg, uint32_t cpu,
			  const struct cpuslab_message *message)
{
	struct server *server = arg;

	worker_adopt(server->worker[cpu],
		     (struct connection *)(uintptr_t)message->word[0]);
}

/* At shutdown: a connection that no worker has received. */
static void server_unhandled(void *arg, const struct cpuslab_message *message)
{
	struct server *server = arg;

	connection_free(server,
			(struct connection *)(uintptr_t)message->word[0]);
}

static int server_init_workers(struct server *server)
{
	const struct cpuslab_workers_config config = {
		.size = sizeof(config),
		.ops = &server->worker_ops,
		.handle = server_handle,
		.unhandled = server_unhandled,
		.arg = server,
		.capacity = server->options.connections,
	};

	worker_ops_init(&server->worker_ops);
	return cpuslab_workers_init(&server->workers, server->domain, &config);
}

/*
 * Each worker sends its connections to others before it ends. Those that no
 * worker receives come to server_unhandled().
 */
static void server_fini_workers(struct server *server)
{
	struct connection *connection, *next;

	cpuslab_workers_fini(&server->workers);
	for (connection = server_take_waiting(server); connection;
	     connection = next) {
		next = connection->next;
		connection_free(server, connection);
	}
}

static int server_init_table(struct server *server)
{
	const struct cpuslab_steering_config config = {
		.size = sizeof(config),
		.buckets = SERVER_BUCKETS,
		.targets = cpuslab_domain_limit(server->domain),
	};

	return cpuslab_steering_init(&server->steering, &config);
}

static void server_fini_table(struct server *server)
{
	cpuslab_steering_fini(&server->steering);
}

static int server_init_steering(struct server *server)
{
	return cpuslab_steering_attach(&server->steering, server->domain);
}

static void server_fini_steering(struct server *server)
{
	cpuslab_steering_detach(&server->steering);
}

static int server_init_hotplug(struct server *server)
{
	const struct cpuslab_hotplug_config config = {
		.size = sizeof(config),
		.flags = CPUSLAB_HOTPLUG_NO_THREAD,
		.rescan_ms = server->options.rescan_ms,
	};

	return cpuslab_hotplug_create(&server->hotplug, server->domain,
				      &config);
}

static void server_fini_hotplug(struct server *server)
{
	cpuslab_hotplug_destroy(server->hotplug);
}

/* ---- start and shutdown -------------------------------------------------- */

static int server_init_domain(struct server *server)
{
	return cpuslab_domain_create(&server->domain, NULL);
}

static void server_fini_domain(struct server *server)
{
	cpuslab_domain_destroy(server->domain);
}

static int server_init_own(struct server *server)
{
	uint32_t limit = cpuslab_domain_limit(server->domain);

	server->worker = calloc(limit, sizeof(struct worker *));
	if (!server->worker)
		return -CPUSLAB_ENOMEM;
	server->kick = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (server->kick < 0) {
		free(server->worker);
		return -CPUSLAB_EAGAIN;
	}
	pthread_mutex_init(&server->mutex, NULL);
	return CPUSLAB_OK;
}

static void server_fini_own(struct server *server)
{
	pthread_mutex_destroy(&server->mutex);
	close(server->kick);
	free(server->worker);
}

/*
 * The clients among these see an added CPU in the order of client.h, and a
 * removed one in reverse: connections are steered to a CPU after its worker
 * runs, and no longer when it is parked.
 */
static const struct server_step {
	const char *name;
	int (*init)(struct server *server);
	void (*fini)(struct server *server);
} server_steps[] = {
	{ "cpus", server_init_domain, server_fini_domain },
	{ "memory and descriptors", server_init_own, server_fini_own },
	{ "slab", server_init_slab, server_fini_slab },
	{ "steering table", server_init_table, server_fini_table },
	{ "workers", server_init_workers, server_fini_workers },
	{ "steering", server_init_steering, server_fini_steering },
	{ "hotplug", server_init_hotplug, server_fini_hotplug },
};

#define SERVER_STEPS (sizeof(server_steps) / sizeof(*server_steps))

static void server_undo(struct server *server, size_t steps)
{
	while (steps--)
		server_steps[steps].fini(server);
}

int server_init(struct server *server, const struct options *options)
{
	size_t i;
	int err;

	memset(server, 0, sizeof(*server));
	server->options = *options;
	for (i = 0; i < SERVER_STEPS; i++) {
		err = server_steps[i].init(server);
		if (!err)
			continue;
		fprintf(stderr, "cpuslab-server: %s: %s\n",
			server_steps[i].name, cpuslab_strerror(err));
		server_undo(server, i);
		return err;
	}
	return CPUSLAB_OK;
}

void server_fini(struct server *server)
{
	server_undo(server, SERVER_STEPS);
}
