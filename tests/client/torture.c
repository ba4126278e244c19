/* SPDX-License-Identifier: MIT */
/*
 * torture.c - three clients in a declared order, each of which has something
 * for every CPU and needs what the clients before it have, while CPUs are
 * added, refused and removed, and the clients register and unregister. Nothing
 * is freed too early, twice or never, and all that was served on a CPU's queue
 * is counted in the end. A fourth client, of higher order than these but
 * registered first, looks on.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cpuslab/atomic.h>
#include <cpuslab/client.h>
#include <cpuslab/port.h>
#include <cpuslab/read.h>

#include "torture/torture.h"

#define CLIENT_SERVERS 3u
#define CLIENT_LIMIT 6u
#define CLIENT_VECTORS 4u /* fewer than CPUs */
#define CLIENT_ALIVE 0x71756575u
#define CLIENT_NO_VECTOR 0u

struct client_queue {
	struct cpuslab_rcu rcu;
	uint64_t alive;
	cpuslab_word served; /* W servers */
};

enum {
	CLIENT_QUEUE,
	CLIENT_VECTOR,
	CLIENT_WORKER,
	CLIENT_COUNT
};

static struct cpuslab_domain *domain;
static void *queues[CLIENT_LIMIT]; /* published; R servers */

/* What the clients have; W callbacks, one at a time. */
static struct client_queue *queue_owned[CLIENT_LIMIT];
static uint32_t vector_owned[CLIENT_LIMIT]; /* 1 to CLIENT_VECTORS */
static bool vector_taken[CLIENT_VECTORS + 1];
static bool worker_owned[CLIENT_LIMIT];
static bool worker_runs[CLIENT_LIMIT];
static uint64_t worker_random;
static uint64_t refusals[CLIENT_COUNT];
static uint64_t completes;

static uint32_t all_registered; /* W the thread that registers them */
static uint64_t total_served;   /* W servers, when they end */
static uint64_t total_counted;  /* W grace periods */

/* ---- a queue: memory that other threads use ------------------------------ */

static int queue_start(struct cpuslab_client *client, uint32_t cpu)
{
	struct client_queue *queue = calloc(1, sizeof(*queue));

	(void)client;
	TORTURE_CHECK(queue && !queue_owned[cpu]);
	TORTURE_CHECK(!vector_owned[cpu] && !worker_owned[cpu]);
	queue->alive = CLIENT_ALIVE;
	queue_owned[cpu] = queue;
	return CPUSLAB_OK;
}

static void queue_complete(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	TORTURE_CHECK(!cpuslab_load_relaxed_ptr(&queues[cpu]));
	TORTURE_CHECK(!worker_runs[cpu]);
	/* [torture.queue] Pairs with client_server(): it finds a live queue. */
	cpuslab_store_release_ptr(&queues[cpu], queue_owned[cpu]);
}

static void queue_failure(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	TORTURE_CHECK(queue_owned[cpu]);
	TORTURE_CHECK(!vector_owned[cpu] && !worker_owned[cpu]);
	TORTURE_CHECK(!cpuslab_load_relaxed_ptr(&queues[cpu]));
	free(queue_owned[cpu]);
	queue_owned[cpu] = NULL;
}

static void queue_retired(struct cpuslab_rcu *rcu)
{
	struct client_queue *queue = (struct client_queue *)(void *)rcu;

	cpuslab_fetch_add_u64(&total_counted,
			      cpuslab_load_relaxed_u64(&queue->served));
	queue->alive = 0;
	free(queue);
}

static void queue_remove(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	TORTURE_CHECK(queue_owned[cpu]);
	TORTURE_CHECK(!vector_owned[cpu] && !worker_owned[cpu]);
	TORTURE_CHECK(cpuslab_load_relaxed_ptr(&queues[cpu]) ==
		      queue_owned[cpu]);
	cpuslab_store_release_ptr(&queues[cpu], NULL);
	cpuslab_port_call_rcu(&queue_owned[cpu]->rcu, queue_retired);
	queue_owned[cpu] = NULL;
}

/* ---- a vector: there are too few of them --------------------------------- */

static int vector_start(struct cpuslab_client *client, uint32_t cpu)
{
	uint32_t vector = CLIENT_VECTORS;

	(void)client;
	TORTURE_CHECK(queue_owned[cpu] && !vector_owned[cpu]);
	while (vector_taken[vector])
		if (--vector == CLIENT_NO_VECTOR) {
			refusals[CLIENT_VECTOR]++;
			return -CPUSLAB_ENOMEM;
		}
	vector_taken[vector] = true;
	vector_owned[cpu] = vector;
	return CPUSLAB_OK;
}

static void vector_free(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	TORTURE_CHECK(queue_owned[cpu] && !worker_owned[cpu]);
	TORTURE_CHECK(vector_taken[vector_owned[cpu]]);
	vector_taken[vector_owned[cpu]] = false;
	vector_owned[cpu] = CLIENT_NO_VECTOR;
}

/* ---- a worker: refuses at random ----------------------------------------- */

static int worker_start(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	TORTURE_CHECK(vector_owned[cpu] && !worker_owned[cpu]);
	if (!torture_below(&worker_random, 4)) {
		refusals[CLIENT_WORKER]++;
		return -CPUSLAB_EACCES;
	}
	worker_owned[cpu] = true;
	return CPUSLAB_OK;
}

static void worker_complete(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	TORTURE_CHECK(worker_owned[cpu] && !worker_runs[cpu]);
	TORTURE_CHECK(cpuslab_load_relaxed_ptr(&queues[cpu]));
	worker_runs[cpu] = true;
	completes++;
}

static void worker_failure(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	TORTURE_CHECK(worker_owned[cpu] && !worker_runs[cpu]);
	TORTURE_CHECK(vector_owned[cpu]);
	worker_owned[cpu] = false;
}

static void worker_remove(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	TORTURE_CHECK(worker_owned[cpu] && worker_runs[cpu]);
	TORTURE_CHECK(vector_owned[cpu]);
	TORTURE_CHECK(cpuslab_load_relaxed_ptr(&queues[cpu]));
	worker_runs[cpu] = worker_owned[cpu] = false;
}

static const struct cpuslab_client_ops client_ops[CLIENT_COUNT] = {
	[CLIENT_QUEUE] = {
		.start = queue_start,
		.complete = queue_complete,
		.failure = queue_failure,
		.remove = queue_remove,
	},
	[CLIENT_VECTOR] = {
		.start = vector_start,
		.failure = vector_free,
		.remove = vector_free,
	},
	[CLIENT_WORKER] = {
		.start = worker_start,
		.complete = worker_complete,
		.failure = worker_failure,
		.remove = worker_remove,
	},
};

static const char *const client_names[CLIENT_COUNT] = { "queue", "vector",
							"worker" };

/* ---- the one that looks on ----------------------------------------------- */

static int watcher_start(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	/* [torture.all] pairs with client_comes_and_goes(). */
	if (cpuslab_load_acquire_u32(&all_registered))
		TORTURE_CHECK(worker_owned[cpu]);
	TORTURE_CHECK(!worker_runs[cpu]);
	return CPUSLAB_OK;
}

static void watcher_online(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	if (cpuslab_load_acquire_u32(&all_registered))
		TORTURE_CHECK(worker_runs[cpu]);
}

static void watcher_failure(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	if (cpuslab_load_acquire_u32(&all_registered))
		TORTURE_CHECK(worker_owned[cpu]);
	TORTURE_CHECK(!worker_runs[cpu]);
}

static const struct cpuslab_client_ops watcher_ops = {
	.start = watcher_start,
	.complete = watcher_online,
	.failure = watcher_failure,
	.remove = watcher_online,
};

/* ---- threads ------------------------------------------------------------- */

static void *client_server(void *arg)
{
	uint64_t random = torture_stream(*(const uint32_t *)arg), served = 0;

	while (torture_running()) {
		uint32_t cpu = torture_below(&random, CLIENT_LIMIT);
		struct client_queue *queue;

		cpuslab_read_enter();
		/* [torture.queue] pairs with queue_complete(). */
		queue = cpuslab_load_acquire_ptr(&queues[cpu]);
		if (queue) {
			TORTURE_CHECK(queue->alive == CLIENT_ALIVE);
			cpuslab_fetch_add_u64(&queue->served, 1);
			served++;
		}
		cpuslab_read_exit();
		if (!torture_below(&random, 64))
			torture_migrate(&random);
	}
	cpuslab_fetch_add_u64(&total_served, served);
	return NULL;
}

static void client_expect_refusal(int err)
{
	struct cpuslab_refusal refusal;

	TORTURE_CHECK(err == -CPUSLAB_ENOMEM || err == -CPUSLAB_EACCES);
	TORTURE_OK(cpuslab_domain_refused(domain, &refusal));
	/* Another thread may have been refused since. */
	TORTURE_CHECK(refusal.cpu < CLIENT_LIMIT);
	TORTURE_CHECK(!strcmp(refusal.client, refusal.error == -CPUSLAB_ENOMEM ?
						      "vector" :
						      "worker"));
}

static void *client_storm(void *arg)
{
	uint64_t random = torture_stream(1000);

	while (torture_running()) {
		int result = torture_storm_call(domain, CLIENT_LIMIT, &random);

		if (result != CPUSLAB_OK)
			client_expect_refusal(result);
		sched_yield();
	}
	return arg;
}

/* No client is registered: none has anything. */
static void client_expect_nothing(void)
{
	uint32_t i;

	for (i = 0; i < CLIENT_LIMIT; i++) {
		TORTURE_CHECK(!queue_owned[i] && !vector_owned[i] &&
			      !worker_owned[i] && !worker_runs[i]);
		TORTURE_CHECK(!cpuslab_load_relaxed_ptr(&queues[i]));
	}
	for (i = 1; i <= CLIENT_VECTORS; i++)
		TORTURE_CHECK(!vector_taken[i]);
}

/* Register as many as are not refused; the number of these. */
static uint32_t client_register(struct cpuslab_client *clients)
{
	uint32_t i;

	for (i = 0; i < CLIENT_COUNT; i++) {
		int err;

		clients[i].ops = &client_ops[i];
		clients[i].name = client_names[i];
		clients[i].order = (int32_t)i;
		err = cpuslab_client_init(&clients[i], domain);
		if (err) {
			client_expect_refusal(err);
			break;
		}
	}
	return i;
}

/* The three register, or are refused, and unregister, again and again. */
static void *client_comes_and_goes(void *arg)
{
	uint64_t random = torture_stream(3000);
	uint64_t *registrations = arg;

	while (torture_running()) {
		uint32_t stays = torture_below(&random, 64);
		struct cpuslab_client clients[CLIENT_COUNT] = { 0 };
		uint32_t count = client_register(clients);

		if (count == CLIENT_COUNT) {
			++*registrations;
			/* [torture.all] pairs with the watcher's callbacks. */
			cpuslab_store_release_u32(&all_registered, 1);
			while (stays--)
				sched_yield();
			cpuslab_store_release_u32(&all_registered, 0);
		}
		while (count--)
			cpuslab_client_fini(&clients[count]);
		client_expect_nothing();
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct cpuslab_client watcher = {
		.ops = &watcher_ops,
		.name = "watcher",
		.order = CLIENT_COUNT,
	};
	static uint32_t names[CLIENT_SERVERS];
	pthread_t threads[CLIENT_SERVERS + 2];
	uint64_t registrations = 0;
	uint32_t i, n = 0;

	torture_begin(argc, argv, "What clients have is undone in reverse.");
	torture_quiet();
	torture_fake_limit(CLIENT_LIMIT);
	worker_random = torture_stream(2000);
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(cpuslab_client_init(&watcher, domain));
	for (i = 0; i < CLIENT_SERVERS; i++) {
		names[i] = i;
		TORTURE_OK(pthread_create(&threads[n++], NULL, client_server,
					  &names[i]));
	}
	TORTURE_OK(pthread_create(&threads[n++], NULL, client_storm, NULL));
	TORTURE_OK(pthread_create(&threads[n++], NULL, client_comes_and_goes,
				  &registrations));
	while (n--)
		TORTURE_OK(pthread_join(threads[n], NULL));
	cpuslab_client_fini(&watcher);
	TORTURE_OK(cpuslab_domain_check(domain));
	cpuslab_domain_destroy(domain);
	TORTURE_OK(cpuslab_port_rcu_barrier());
	TORTURE_CHECK(total_counted == total_served);
	printf("  %llu times all registered, %llu completes, "
	       "%llu and %llu refusals, %llu served\n",
	       (unsigned long long)registrations, (unsigned long long)completes,
	       (unsigned long long)refusals[CLIENT_VECTOR],
	       (unsigned long long)refusals[CLIENT_WORKER],
	       (unsigned long long)total_served);
	return torture_end();
}
