/* SPDX-License-Identifier: MIT */
/*
 * torture.c - what was sent is received once, of each sender in order,
 * whatever happens to the CPUs that it was sent to.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>

#include <cpuslab/atomic.h>
#include <cpuslab/mailbox.h>
#include <cpuslab/steering.h>

#include "torture/torture.h"

#define MAILBOX_SENDERS 3u
#define MAILBOX_ACTORS (MAILBOX_SENDERS * 2) /* with handlers */
#define MAILBOX_RECEIVERS 2u
#define MAILBOX_LIMIT 6u
#define MAILBOX_TIMER_NS 150000

/* The count and the hash of the numbers that were sent or received. */
struct mailbox_sum {
	uint64_t count;
	uint64_t hash;
};

struct mailbox_actor {
	uint64_t name CPUSLAB_ALIGNED(CPUSLAB_CACHE_LINE);
	uint64_t random;
	uint64_t full, gone;
	struct mailbox_sum sent;
};

struct mailbox_receiver {
	uint32_t name CPUSLAB_ALIGNED(CPUSLAB_CACHE_LINE);
	bool in_order; /* the only regular one of its boxes */
	struct mailbox_sum received[MAILBOX_ACTORS];
	uint64_t last[MAILBOX_LIMIT][MAILBOX_ACTORS];
	uint64_t partial;
};

static struct cpuslab_domain *mailbox_domain;
static struct cpuslab_mailbox mailbox;
static struct mailbox_actor mailbox_actors[MAILBOX_ACTORS];
static struct mailbox_receiver mailbox_receivers[MAILBOX_RECEIVERS + 1];
static uint64_t mailbox_senders_left = MAILBOX_SENDERS;
static __thread struct mailbox_actor *mailbox_over;

static void mailbox_count(struct mailbox_sum *sum, uint64_t number)
{
	sum->count++;
	sum->hash += cpuslab_steering_hash(number);
}

static void mailbox_send(struct mailbox_actor *actor)
{
	uint64_t number = actor->sent.count + 1;
	const struct cpuslab_message message = { { actor->name, number,
						   ~number } };
	int result = cpuslab_mailbox_send(
		&mailbox, torture_below(&actor->random, MAILBOX_LIMIT + 1),
		&message);

	if (result == CPUSLAB_OK) {
		mailbox_count(&actor->sent, number);
	} else if (result == CPUSLAB_FULL) {
		actor->full++;
	} else {
		TORTURE_IS(result, -CPUSLAB_ENOENT);
		actor->gone++;
	}
}

static void mailbox_handler(int signal)
{
	(void)signal;
	if (mailbox_over)
		mailbox_send(mailbox_over);
}

static void *mailbox_sender(void *arg)
{
	struct mailbox_actor *actor = arg;
	struct torture_timer timer;

	mailbox_over = actor + 1;
	torture_timer_start(&timer, MAILBOX_TIMER_NS);
	while (torture_running()) {
		mailbox_send(actor);
		if (!torture_below(&actor->random, 64))
			torture_migrate(&actor->random);
	}
	torture_timer_stop(&timer);
	mailbox_over = NULL;
	cpuslab_fetch_add_u64(&mailbox_senders_left, (uint64_t)-1);
	return NULL;
}

/* ---- receiving ----------------------------------------------------------- */

static void mailbox_take(struct mailbox_receiver *receiver, uint32_t cpu,
			 const struct cpuslab_message *message)
{
	uint64_t sender = message->word[0], number = message->word[1];

	TORTURE_CHECK(sender < MAILBOX_ACTORS);
	TORTURE_CHECK(message->word[2] == ~number);
	mailbox_count(&receiver->received[sender], number);
	if (!receiver->in_order)
		return;
	TORTURE_CHECK(number > receiver->last[cpu][sender]);
	receiver->last[cpu][sender] = number;
}

static void mailbox_receive(struct mailbox_receiver *receiver, uint32_t cpu)
{
	struct cpuslab_message message;
	int result;

	while (!(result = cpuslab_mailbox_receive(&mailbox, cpu, &message)))
		mailbox_take(receiver, cpu, &message);
	TORTURE_CHECK(result == CPUSLAB_EMPTY || result == CPUSLAB_PARTIAL ||
		      result == -CPUSLAB_ENOENT);
	receiver->partial += result == CPUSLAB_PARTIAL;
}

static bool mailbox_done(void)
{
	return !cpuslab_load_acquire_u64(&mailbox_senders_left);
}

/* Some boxes are this receiver's, whether their CPUs are online or not. */
static void *mailbox_regular(void *arg)
{
	struct mailbox_receiver *receiver = arg;
	uint64_t random = torture_stream(200 + receiver->name);
	uint32_t cpu;

	while (!mailbox_done()) {
		for (cpu = receiver->name; cpu < MAILBOX_LIMIT;
		     cpu += MAILBOX_RECEIVERS)
			mailbox_receive(receiver, cpu);
		torture_migrate(&random);
	}
	return NULL;
}

/* One thread receives undelivered messages, at the same time. */
static void *mailbox_collector(void *arg)
{
	struct mailbox_receiver *receiver = arg;
	uint32_t cpu;

	while (!mailbox_done()) {
		for (cpu = cpuslab_mailbox_next_undelivered(&mailbox, 0);
		     cpu != CPUSLAB_NO_CPU;
		     cpu = cpuslab_mailbox_next_undelivered(&mailbox, cpu + 1))
			mailbox_receive(receiver, cpu);
		sched_yield();
	}
	return NULL;
}

static void *mailbox_storm(void *arg)
{
	uint64_t random = torture_stream(1000);

	while (torture_running()) {
		torture_storm_step(mailbox_domain, MAILBOX_LIMIT, &random);
		sched_yield();
	}
	return arg;
}

static void mailbox_exact(void)
{
	uint64_t sent = 0, full = 0, gone = 0, partial = 0;
	uint32_t i, k, cpu;

	for (cpu = 0; cpu < MAILBOX_LIMIT; cpu++)
		mailbox_receive(&mailbox_receivers[cpu % MAILBOX_RECEIVERS],
				cpu);
	TORTURE_CHECK(cpuslab_mailbox_next_undelivered(&mailbox, 0) ==
		      CPUSLAB_NO_CPU);
	for (i = 0; i < MAILBOX_ACTORS; i++) {
		struct mailbox_sum sum = { 0, 0 };

		for (k = 0; k <= MAILBOX_RECEIVERS; k++) {
			sum.count += mailbox_receivers[k].received[i].count;
			sum.hash += mailbox_receivers[k].received[i].hash;
		}
		TORTURE_CHECK(sum.count == mailbox_actors[i].sent.count);
		TORTURE_CHECK(sum.hash == mailbox_actors[i].sent.hash);
		sent += sum.count;
		full += mailbox_actors[i].full;
		gone += mailbox_actors[i].gone;
	}
	for (k = 0; k <= MAILBOX_RECEIVERS; k++)
		partial += mailbox_receivers[k].partial;
	printf("  %llu messages, %llu to full and %llu to no boxes, "
	       "%llu half sent\n",
	       (unsigned long long)sent, (unsigned long long)full,
	       (unsigned long long)gone, (unsigned long long)partial);
}

int main(int argc, char **argv)
{
	pthread_t threads[MAILBOX_SENDERS + MAILBOX_RECEIVERS + 2];
	uint32_t i, n = 0;

	torture_begin(argc, argv, "Each message is received once.");
	torture_fake_limit(MAILBOX_LIMIT);
	torture_handler(mailbox_handler);
	TORTURE_OK(cpuslab_domain_create(&mailbox_domain, NULL));
	TORTURE_OK(cpuslab_mailbox_init(&mailbox, mailbox_domain, 64));
	for (i = 0; i < MAILBOX_ACTORS; i++) {
		mailbox_actors[i].name = i;
		mailbox_actors[i].random = torture_stream(i);
	}
	for (i = 0; i < MAILBOX_SENDERS; i++)
		TORTURE_OK(pthread_create(&threads[n++], NULL, mailbox_sender,
					  &mailbox_actors[i * 2]));
	for (i = 0; i < MAILBOX_RECEIVERS; i++) {
		mailbox_receivers[i].name = i;
		mailbox_receivers[i].in_order = true;
		TORTURE_OK(pthread_create(&threads[n++], NULL, mailbox_regular,
					  &mailbox_receivers[i]));
	}
	TORTURE_OK(pthread_create(&threads[n++], NULL, mailbox_collector,
				  &mailbox_receivers[i]));
	TORTURE_OK(pthread_create(&threads[n++], NULL, mailbox_storm, NULL));
	while (n--)
		TORTURE_OK(pthread_join(threads[n], NULL));
	mailbox_exact();
	cpuslab_mailbox_fini(&mailbox);
	cpuslab_domain_destroy(mailbox_domain);
	return torture_end();
}
