/* SPDX-License-Identifier: MIT */
/*
 * torture.c - threads as workers, while CPUs are added and removed: every
 * message is handled once, on its CPU if possible, before a flush returns, and
 * at most one by a worker whose CPU was removed.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>

#include <cpuslab/atomic.h>
#include <cpuslab/steering.h>
#include <cpuslab/workers_thread.h>

#include "torture/torture.h"

#define WORKERS_SENDERS 3u
#define WORKERS_ACTORS (WORKERS_SENDERS * 2) /* with the handlers over them */
#define WORKERS_LIMIT 6u
#define WORKERS_TIMER_NS 150000

struct workers_actor {
	uint64_t random CPUSLAB_ALIGNED(CPUSLAB_CACHE_LINE);
	uint64_t name;
	uint64_t sent, hash;
};

static struct cpuslab_domain *workers_domain;
static struct cpuslab_workers workers;
static struct workers_actor workers_actors[WORKERS_ACTORS];
static uint64_t workers_handled[WORKERS_ACTORS], workers_hash[WORKERS_ACTORS];
static uint64_t workers_left, workers_elsewhere, workers_moved, workers_full;
static uint64_t workers_flushes;
static uint32_t workers_busy[WORKERS_LIMIT]; /* one at a time */
/* Of a CPU; W clients. */
static uint32_t workers_offline[WORKERS_LIMIT]; /* and its worker has to park */
static uint32_t workers_late[WORKERS_LIMIT]; /* messages since; W worker also */
static uint32_t workers_bound[WORKERS_LIMIT]; /* odd: its worker is */
static uint32_t workers_real[64];
static uint32_t workers_real_count;
static __thread struct workers_actor *workers_over;

static void workers_note(const struct cpuslab_message *message)
{
	uint64_t sender = message->word[0];

	TORTURE_CHECK(sender < WORKERS_ACTORS);
	cpuslab_fetch_add_u64(&workers_handled[sender], 1);
	cpuslab_fetch_add_u64(&workers_hash[sender],
			      cpuslab_steering_hash(message->word[1]));
}

static bool workers_is_real(uint32_t cpu)
{
	uint32_t i;

	for (i = 0; i < workers_real_count; i++)
		if (workers_real[i] == cpu)
			return true;
	return false;
}

/* Is the worker where it was bound, and was it bound all the time? */
static void workers_locate(uint32_t cpu)
{
	uint32_t bound = cpuslab_load_acquire_u32(&workers_bound[cpu]);
	bool elsewhere = sched_getcpu() != (int)cpu;

	cpuslab_fence();
	if (elsewhere && bound % 2 &&
	    cpuslab_load_acquire_u32(&workers_bound[cpu]) == bound)
		cpuslab_fetch_add_u64(&workers_elsewhere, 1);
}

static void workers_handle(void *arg, uint32_t cpu,
			   const struct cpuslab_message *message)
{
	TORTURE_CHECK(arg == &workers && cpu < WORKERS_LIMIT);
	TORTURE_CHECK(!cpuslab_exchange_u32(&workers_busy[cpu], 1));
	if (cpuslab_load_acquire_u32(&workers_offline[cpu]))
		TORTURE_CHECK(!cpuslab_fetch_add_u32(&workers_late[cpu], 1));
	if (workers_is_real(cpu))
		workers_locate(cpu);
	if (message->word[2] != cpu)
		cpuslab_fetch_add_u64(&workers_moved, 1);
	workers_note(message);
	TORTURE_CHECK(cpuslab_exchange_u32(&workers_busy[cpu], 0));
}

static void workers_hand_back(void *arg, const struct cpuslab_message *message)
{
	TORTURE_CHECK(arg == &workers);
	workers_note(message);
	workers_left++;
}

/* ---- which CPUs are online: a client that completes before the workers ... */

static void workers_seen_complete(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	cpuslab_store_release_u32(&workers_offline[cpu], 0);
}

static void workers_seen_remove(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	cpuslab_store_release_u32(&workers_late[cpu], 0);
	cpuslab_store_release_u32(&workers_offline[cpu], 1);
}

static const struct cpuslab_client_ops workers_seen_ops = {
	.complete = workers_seen_complete,
	.remove = workers_seen_remove,
};

/* ---- ... and one that completes after them ------------------------------- */

static void workers_bound_change(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	cpuslab_fetch_add_u32(&workers_bound[cpu], 1);
}

static const struct cpuslab_client_ops workers_bound_ops = {
	.complete = workers_bound_change,
	.remove = workers_bound_change,
};

/* ---- sending ------------------------------------------------------------- */

static void workers_send(struct workers_actor *actor)
{
	uint32_t cpu = torture_below(&actor->random, WORKERS_LIMIT);
	const struct cpuslab_message message = { { actor->name, actor->sent,
						   cpu } };
	int result = cpuslab_workers_send(&workers, cpu, &message);

	if (result == CPUSLAB_OK) {
		actor->hash += cpuslab_steering_hash(actor->sent);
		actor->sent++;
	} else if (result == CPUSLAB_FULL) {
		cpuslab_fetch_add_u64(&workers_full, 1);
		return;
	} else {
		TORTURE_IS(result, -CPUSLAB_ENOENT);
	}
}

/* What this thread has sent is handled then; its signal handler sends more. */
static void workers_flush(const struct workers_actor *actor)
{
	uint64_t sent = actor->sent;

	TORTURE_OK(cpuslab_workers_flush(&workers, CPUSLAB_NO_CPU,
					 CPUSLAB_NO_TIMEOUT));
	TORTURE_CHECK(cpuslab_load_relaxed_u64(&workers_handled[actor->name]) >=
		      sent);
	cpuslab_fetch_add_u64(&workers_flushes, 1);
}

static void workers_handler(int signal)
{
	(void)signal;
	if (workers_over)
		workers_send(workers_over);
}

static void *workers_sender(void *arg)
{
	struct workers_actor *actor = arg;
	struct torture_timer timer;

	workers_over = actor + 1;
	torture_timer_start(&timer, WORKERS_TIMER_NS);
	while (torture_running()) {
		workers_send(actor);
		if (!torture_below(&actor->random, 16))
			sched_yield();
		if (!torture_below(&actor->random, 4096))
			workers_flush(actor);
	}
	torture_timer_stop(&timer);
	workers_over = NULL;
	return NULL;
}

static void *workers_storm(void *arg)
{
	uint64_t random = torture_stream(1000);

	while (torture_running()) {
		torture_storm_step(workers_domain, WORKERS_LIMIT, &random);
		sched_yield();
	}
	return arg;
}

static void workers_exact(void)
{
	uint64_t sent = 0;
	uint32_t i;

	for (i = 0; i < WORKERS_ACTORS; i++) {
		TORTURE_CHECK(workers_handled[i] == workers_actors[i].sent);
		TORTURE_CHECK(workers_hash[i] == workers_actors[i].hash);
		sent += workers_actors[i].sent;
	}
	printf("  %llu messages, %llu moved, %llu left, %llu to full boxes, "
	       "%llu handled elsewhere\n",
	       (unsigned long long)sent, (unsigned long long)workers_moved,
	       (unsigned long long)workers_left,
	       (unsigned long long)workers_full,
	       (unsigned long long)workers_elsewhere);
	printf("  %llu flushes\n", (unsigned long long)workers_flushes);
	TORTURE_CHECK(workers_flushes);
	/* Each worker that could be bound was. */
	TORTURE_CHECK(!workers_elsewhere);
}

int main(int argc, char **argv)
{
	const struct cpuslab_workers_config config = {
		.ops = &cpuslab_thread_ops,
		.handle = workers_handle,
		.unhandled = workers_hand_back,
		.arg = &workers,
		.capacity = 64,
	};
	struct cpuslab_client seen = {
		.ops = &workers_seen_ops,
		.name = "seen",
		.order = CPUSLAB_CLIENT_ORDER_WORKERS - 1,
	};
	struct cpuslab_client bound = {
		.ops = &workers_bound_ops,
		.name = "bound",
	};
	pthread_t threads[WORKERS_SENDERS + 1];
	uint32_t i, n = 0;

	torture_begin(argc, argv, "What is sent to workers is handled once.");
	torture_fake_limit(WORKERS_LIMIT);
	torture_handler(workers_handler);
	workers_real_count = torture_cpus(workers_real, 64);
	TORTURE_OK(cpuslab_domain_create(&workers_domain, NULL));
	TORTURE_OK(cpuslab_client_init(&seen, workers_domain));
	TORTURE_OK(cpuslab_workers_init(&workers, workers_domain, &config));
	TORTURE_OK(cpuslab_client_init(&bound, workers_domain));
	for (i = 0; i < WORKERS_ACTORS; i++) {
		workers_actors[i].name = i;
		workers_actors[i].random = torture_stream(i);
	}
	for (i = 0; i < WORKERS_SENDERS; i++)
		TORTURE_OK(pthread_create(&threads[n++], NULL, workers_sender,
					  &workers_actors[i * 2]));
	TORTURE_OK(pthread_create(&threads[n++], NULL, workers_storm, NULL));
	while (n--)
		TORTURE_OK(pthread_join(threads[n], NULL));
	cpuslab_client_fini(&bound);
	cpuslab_workers_fini(&workers);
	workers_exact();
	cpuslab_client_fini(&seen);
	cpuslab_domain_destroy(workers_domain);
	return torture_end();
}
