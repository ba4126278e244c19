/* SPDX-License-Identifier: MIT */
/*
 * torture_follower.c - three steps, each of which has something for every
 * CPU and needs what the steps before it have, while CPUs come, are
 * refused and go, and the follower itself comes and goes. Nothing is given back
 * too early, twice or never, and whatever was served on a CPU's queue is
 * counted in the end.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include <cpuslab/atomic.h>
#include <cpuslab/follower.h>
#include <cpuslab/port.h>
#include <cpuslab/read.h>

#include "torture/torture.h"

#define FOLLOWER_SERVERS 3u
#define FOLLOWER_LIMIT 6u
#define FOLLOWER_VECTORS 4u /* not one for every CPU */
#define FOLLOWER_ALIVE 0x71756575u
#define FOLLOWER_NO_VECTOR 0u

struct follower_queue {
	struct cpuslab_rcu rcu;
	uint64_t alive;
	uint64_t served; /* W servers */
};

enum {
	STEP_QUEUE,
	STEP_VECTOR,
	STEP_WORKER,
	STEP_COUNT
};

static struct cpuslab_domain *follower_domain;
static struct cpuslab_follower follower;
static void *follower_queues[FOLLOWER_LIMIT]; /* published; R servers */

/* What the steps have; W callbacks, one at a time. */
static struct follower_queue *follower_owned[FOLLOWER_LIMIT];
static uint32_t follower_vector[FOLLOWER_LIMIT]; /* 1 to FOLLOWER_VECTORS */
static bool follower_taken[FOLLOWER_VECTORS + 1];
static bool follower_worker[FOLLOWER_LIMIT];
static uint64_t follower_moods;
static uint64_t follower_refusals[STEP_COUNT];
static uint64_t follower_commits;

static uint64_t follower_served;  /* W servers, at their ends */
static uint64_t follower_counted; /* W grace periods */

/* ---- a queue: memory that others work on --------------------------------- */

static int queue_prepare(void *arg, uint32_t cpu)
{
	struct follower_queue *queue = calloc(1, sizeof(*queue));

	(void)arg;
	TORTURE_CHECK(queue && !follower_owned[cpu]);
	TORTURE_CHECK(!follower_vector[cpu] && !follower_worker[cpu]);
	queue->alive = FOLLOWER_ALIVE;
	follower_owned[cpu] = queue;
	return CPUSLAB_OK;
}

static void queue_commit(void *arg, uint32_t cpu)
{
	(void)arg;
	TORTURE_CHECK(!cpuslab_load_relaxed_ptr(&follower_queues[cpu]));
	/* [torture.queue] Servers find it alive. */
	cpuslab_store_release_ptr(&follower_queues[cpu], follower_owned[cpu]);
}

static void queue_undo(void *arg, uint32_t cpu)
{
	(void)arg;
	TORTURE_CHECK(follower_owned[cpu]);
	TORTURE_CHECK(!cpuslab_load_relaxed_ptr(&follower_queues[cpu]));
	free(follower_owned[cpu]);
	follower_owned[cpu] = NULL;
}

static void queue_retired(struct cpuslab_rcu *rcu)
{
	struct follower_queue *queue = (struct follower_queue *)(void *)rcu;

	cpuslab_fetch_add_u64(&follower_counted,
			      cpuslab_load_relaxed_u64(&queue->served));
	queue->alive = 0;
	free(queue);
}

static void queue_leave(void *arg, uint32_t cpu)
{
	(void)arg;
	TORTURE_CHECK(follower_owned[cpu]);
	TORTURE_CHECK(cpuslab_load_relaxed_ptr(&follower_queues[cpu]) ==
		      follower_owned[cpu]);
	cpuslab_store_release_ptr(&follower_queues[cpu], NULL);
	cpuslab_port_call_rcu(&follower_owned[cpu]->rcu, queue_retired);
	follower_owned[cpu] = NULL;
}

/* ---- a vector: of these there are too few -------------------------------- */

static int vector_prepare(void *arg, uint32_t cpu)
{
	uint32_t vector = FOLLOWER_VECTORS;

	(void)arg;
	TORTURE_CHECK(follower_owned[cpu] && !follower_vector[cpu]);
	while (follower_taken[vector])
		if (--vector == FOLLOWER_NO_VECTOR) {
			follower_refusals[STEP_VECTOR]++;
			return -CPUSLAB_ENOMEM;
		}
	follower_taken[vector] = true;
	follower_vector[cpu] = vector;
	return CPUSLAB_OK;
}

static void vector_give_back(void *arg, uint32_t cpu)
{
	(void)arg;
	TORTURE_CHECK(follower_owned[cpu] && !follower_worker[cpu]);
	TORTURE_CHECK(follower_taken[follower_vector[cpu]]);
	follower_taken[follower_vector[cpu]] = false;
	follower_vector[cpu] = FOLLOWER_NO_VECTOR;
}

/* ---- a worker: wants or not ---------------------------------------------- */

static int worker_prepare(void *arg, uint32_t cpu)
{
	(void)arg;
	TORTURE_CHECK(follower_vector[cpu] && !follower_worker[cpu]);
	if (!torture_below(&follower_moods, 4)) {
		follower_refusals[STEP_WORKER]++;
		return -CPUSLAB_EACCES;
	}
	follower_worker[cpu] = true;
	return CPUSLAB_OK;
}

static void worker_commit(void *arg, uint32_t cpu)
{
	(void)arg;
	TORTURE_CHECK(follower_worker[cpu]);
	TORTURE_CHECK(cpuslab_load_relaxed_ptr(&follower_queues[cpu]));
	follower_commits++;
}

static void worker_give_back(void *arg, uint32_t cpu)
{
	(void)arg;
	TORTURE_CHECK(follower_worker[cpu] && follower_vector[cpu]);
	follower_worker[cpu] = false;
}

static const struct cpuslab_follower_step follower_steps[STEP_COUNT] = {
	[STEP_QUEUE] = {
		.name = "queue",
		.prepare = queue_prepare,
		.commit = queue_commit,
		.undo = queue_undo,
		.leave = queue_leave,
	},
	[STEP_VECTOR] = {
		.name = "vector",
		.prepare = vector_prepare,
		.undo = vector_give_back,
		.leave = vector_give_back,
	},
	[STEP_WORKER] = {
		.name = "worker",
		.prepare = worker_prepare,
		.commit = worker_commit,
		.undo = worker_give_back,
		.leave = worker_give_back,
	},
};

/* Nobody follows: no step has anything. */
static void follower_has_nothing(void)
{
	uint32_t i;

	for (i = 0; i < FOLLOWER_LIMIT; i++) {
		TORTURE_CHECK(!follower_owned[i] && !follower_vector[i] &&
			      !follower_worker[i]);
		TORTURE_CHECK(!cpuslab_load_relaxed_ptr(&follower_queues[i]));
	}
	for (i = 1; i <= FOLLOWER_VECTORS; i++)
		TORTURE_CHECK(!follower_taken[i]);
}

/* ---- threads ------------------------------------------------------------- */

static void *follower_server(void *arg)
{
	uint64_t random = torture_stream(*(const uint32_t *)arg), served = 0;

	while (torture_running()) {
		uint32_t cpu = torture_below(&random, FOLLOWER_LIMIT);
		struct follower_queue *queue;

		cpuslab_read_enter();
		/* [torture.queue] pairs with queue_commit(). */
		queue = cpuslab_load_acquire_ptr(&follower_queues[cpu]);
		if (queue) {
			TORTURE_CHECK(queue->alive == FOLLOWER_ALIVE);
			cpuslab_fetch_add_u64(&queue->served, 1);
			served++;
		}
		cpuslab_read_exit();
		if (!torture_below(&random, 64))
			torture_migrate(&random);
	}
	cpuslab_fetch_add_u64(&follower_served, served);
	return NULL;
}

static void *follower_storm(void *arg)
{
	uint64_t random = torture_stream(1000);

	while (torture_running()) {
		int result = torture_storm_call(follower_domain, FOLLOWER_LIMIT,
						&random);

		TORTURE_CHECK(result == CPUSLAB_OK ||
			      result == -CPUSLAB_ENOMEM ||
			      result == -CPUSLAB_EACCES);
		sched_yield();
	}
	return arg;
}

/* The follower comes, or is refused; and goes. */
static void *follower_comes_and_goes(void *arg)
{
	uint64_t random = torture_stream(3000);
	uint64_t *comings = arg;

	while (torture_running()) {
		uint32_t stays = torture_below(&random, 64);
		int err = cpuslab_follower_init(&follower, follower_domain,
						follower_steps, STEP_COUNT);

		if (!err) {
			(*comings)++;
			while (stays--)
				sched_yield();
			cpuslab_follower_fini(&follower);
		} else {
			TORTURE_CHECK(err == -CPUSLAB_ENOMEM ||
				      err == -CPUSLAB_EACCES);
			TORTURE_CHECK(cpuslab_follower_refused(&follower));
		}
		follower_has_nothing();
	}
	return NULL;
}

int main(int argc, char **argv)
{
	static uint32_t names[FOLLOWER_SERVERS];
	pthread_t threads[FOLLOWER_SERVERS + 2];
	uint64_t comings = 0;
	uint32_t i, n = 0;

	torture_begin(argc, argv, "What steps have is given back in reverse.");
	torture_quiet();
	torture_fake_limit(FOLLOWER_LIMIT);
	follower_moods = torture_stream(2000);
	TORTURE_OK(cpuslab_domain_create(&follower_domain, NULL));
	for (i = 0; i < FOLLOWER_SERVERS; i++) {
		names[i] = i;
		TORTURE_OK(pthread_create(&threads[n++], NULL, follower_server,
					  &names[i]));
	}
	TORTURE_OK(pthread_create(&threads[n++], NULL, follower_storm, NULL));
	TORTURE_OK(pthread_create(&threads[n++], NULL, follower_comes_and_goes,
				  &comings));
	while (n--)
		TORTURE_OK(pthread_join(threads[n], NULL));
	TORTURE_OK(cpuslab_domain_check(follower_domain));
	cpuslab_domain_destroy(follower_domain);
	TORTURE_OK(cpuslab_port_rcu_barrier());
	TORTURE_CHECK(follower_counted == follower_served);
	printf("  %llu times there, %llu commits, %llu and %llu refusals, "
	       "%llu served\n",
	       (unsigned long long)comings,
	       (unsigned long long)follower_commits,
	       (unsigned long long)follower_refusals[STEP_VECTOR],
	       (unsigned long long)follower_refusals[STEP_WORKER],
	       (unsigned long long)follower_served);
	return torture_end();
}
