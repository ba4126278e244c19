/* SPDX-License-Identifier: MIT */
/*
 * clients.c - what acts on another CPU, or when the set of CPUs changes.
 *
 *	workers/cpuslab		messages to another CPU's worker, as many as its
 *				box takes; timed until all are handled
 *	ping-pong/cpuslab	each message waits until the last one is handled
 *	clients/cpuslab		one CPU is added and removed, with three clients
 */
#include "platform.h"

#include <sched.h>
#include <stdlib.h>

#include <cpuslab/workers_thread.h>

#include "lists.h"
#include "slots.h"

#define CLIENTS 3u

struct clients {
	struct cpuslab_domain *domain;
	struct cpuslab_workers workers;
	struct cpuslab_client client[CLIENTS];
	uint32_t other;
	char pad[SLOTS_LINE]; /* the sender reads what is before */
	uint64_t count;       /* W the worker; or the first client */
	uint32_t begun_on;    /* W the worker: the CPU of its first message */
};

static struct clients *clients_new(void)
{
	struct clients *clients = calloc(1, sizeof(*clients));

	if (!clients)
		measure_die("setup", "no memory");
	clients->domain = platform_domain_real();
	return clients;
}

static void clients_free(struct clients *clients)
{
	cpuslab_domain_destroy(clients->domain);
	free(clients);
}

static void clients_must(int err)
{
	if (err)
		measure_die("clients", cpuslab_strerror(err));
}

static uint64_t clients_count(void *arg)
{
	return cpuslab_load_acquire_u64(&((struct clients *)arg)->count);
}

/* ---- workers ------------------------------------------------------------- */

static const char *workers_unfit(const struct bench_run *run)
{
	(void)run;
	return measure_cpus() < 2 ? "needs two CPUs" : NULL;
}

static void workers_handle(void *arg, uint32_t cpu,
			   const struct cpuslab_message *message)
{
	struct clients *clients = arg;

	(void)cpu;
	if (!clients->count)
		clients->begun_on = measure_here();
	cpuslab_store_release_u64(&clients->count,
				  clients->count + message->word[0]);
}

static void workers_teardown(void *arg)
{
	struct clients *clients = arg;

	cpuslab_workers_fini(&clients->workers);
	clients_free(clients);
}

static void workers_run(void *arg, uint64_t n)
{
	static const struct cpuslab_message one = { { 1 } };
	struct clients *clients = arg;
	uint64_t end = clients_count(clients) + n;

	while (n--)
		while (cpuslab_workers_send(&clients->workers, clients->other,
					    &one) == CPUSLAB_FULL)
			sched_yield();
	lists_wait(clients_count, clients, end);
}

static void *workers_setup(struct bench_run *run)
{
	struct clients *clients = clients_new();
	const struct cpuslab_workers_config config = {
		.ops = &cpuslab_thread_ops,
		.handle = workers_handle,
		.arg = clients,
		.capacity = LISTS_BOX,
	};

	(void)run;
	clients->other = measure_nth(1);
	/* A worker is bound only to a CPU that the program may use. */
	measure_unpin();
	clients_must(cpuslab_workers_init(&clients->workers, clients->domain,
					  &config));
	measure_pin(0);
	workers_run(clients, 1);
	if (clients->begun_on != clients->other)
		measure_die("workers", "a worker is not on its CPU");
	return clients;
}

static void ping_pong_run(void *arg, uint64_t n)
{
	while (n--)
		workers_run(arg, 1);
}

/* ---- three clients ------------------------------------------------------- */

static int client_start(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	(void)cpu;
	return CPUSLAB_OK;
}

/* The first client counts. */
static void client_complete(struct cpuslab_client *client, uint32_t cpu)
{
	struct clients *clients = client->arg;

	if (client == clients->client)
		clients->count += cpu == clients->other;
}

static void client_remove(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	(void)cpu;
}

static void *clients_setup(struct bench_run *run)
{
	static const struct cpuslab_client_ops ops = {
		.start = client_start,
		.complete = client_complete,
		.remove = client_remove,
	};
	struct clients *clients = clients_new();
	uint32_t i;

	(void)run;
	/* A CPU number that no CPU has. */
	clients->other = cpuslab_domain_limit(clients->domain) - 1;
	for (i = 0; i < CLIENTS; i++) {
		clients->client[i].ops = &ops;
		clients->client[i].name = "client";
		clients->client[i].arg = clients;
		clients->client[i].order = (int32_t)i;
		clients_must(cpuslab_client_init(&clients->client[i],
						 clients->domain));
	}
	return clients;
}

static void clients_teardown(void *arg)
{
	struct clients *clients = arg;
	uint32_t i;

	for (i = CLIENTS; i--;)
		cpuslab_client_fini(&clients->client[i]);
	clients_free(clients);
}

static void clients_run(void *arg, uint64_t n)
{
	struct clients *clients = arg;
	struct cpuslab_domain *domain = clients->domain;

	while (n--) {
		clients_must(cpuslab_domain_add_start(domain, clients->other));
		clients_must(
			cpuslab_domain_add_complete(domain, clients->other));
		clients_must(cpuslab_domain_remove(domain, clients->other));
	}
}

#define CLIENTS_BODY(name_, run_, setup_, teardown_, ...)                      \
	{                                                                      \
		.how = { .name = name_, .run = run_, .count = clients_count }, \
		.setup = setup_, .teardown = teardown_, __VA_ARGS__            \
	}

const struct bench_body clients_bodies[] = {
	CLIENTS_BODY("workers/cpuslab", workers_run, workers_setup,
		     workers_teardown, .unfit = workers_unfit),
	CLIENTS_BODY("ping-pong/cpuslab", ping_pong_run, workers_setup,
		     workers_teardown, .unfit = workers_unfit),
	CLIENTS_BODY("clients/cpuslab", clients_run, clients_setup,
		     clients_teardown, .flags = 0),
	{ .how = { .name = NULL } },
};
