/* SPDX-License-Identifier: MIT */
/*
 * strangers.c - a slab is destroyed while other threads queue objects of
 * another slab without end: it waits for what was queued before.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>

#include <cpuslab/cpuslab.h>
#include <cpuslab/port.h>

#include "torture/torture.h"

#define STRANGERS 4u
#define STRANGERS_DESTROYS 50u
#define STRANGERS_BATCHES 4u /* grace periods that one destroy may see */

static struct cpuslab_domain *domain;
static struct cpuslab_slab *busy;
static bool strangers_over;
static uint32_t strangers_batches; /* W the thread that runs callbacks */

/* Queues itself again, so the queue is never empty. */
static void strangers_again(struct cpuslab_rcu *rcu)
{
	__atomic_fetch_add(&strangers_batches, 1, __ATOMIC_RELAXED);
	if (!__atomic_load_n(&strangers_over, __ATOMIC_ACQUIRE))
		cpuslab_port_call_rcu(rcu, strangers_again);
}

static void *strangers_queue(void *arg)
{
	static const struct cpuslab_type type = {
		.name = "stranger",
		.size = 8,
		.counters = 1,
	};
	struct cpuslab_percpu handle;

	while (!__atomic_load_n(&strangers_over, __ATOMIC_ACQUIRE)) {
		TORTURE_OK(cpuslab_alloc(busy, &type, &handle));
		TORTURE_OK(cpuslab_free_rcu(busy, &handle));
	}
	return arg;
}

static void strangers_destroy(void)
{
	struct cpuslab_counter counter;
	struct cpuslab_slab *slab;
	uint32_t before, batches;

	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
	TORTURE_OK(cpuslab_counter_init(&counter, slab));
	TORTURE_OK(cpuslab_free_rcu(slab, &counter.handle));
	before = __atomic_load_n(&strangers_batches, __ATOMIC_RELAXED);
	cpuslab_slab_destroy(slab);
	batches =
		__atomic_load_n(&strangers_batches, __ATOMIC_RELAXED) - before;
	/* While it waited for its turn others may have run batches. */
	TORTURE_CHECK(batches < 100 * STRANGERS_BATCHES);
}

int main(int argc, char **argv)
{
	struct cpuslab_rcu rcu;
	pthread_t threads[STRANGERS];
	uint32_t i;

	torture_begin(argc, argv, "A destroy during busy grace periods.");
	torture_skip_under(TORTURE_VALGRIND | TORTURE_EMULATOR);
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&busy, domain, NULL));
	cpuslab_port_call_rcu(&rcu, strangers_again);
	for (i = 0; i < STRANGERS; i++)
		TORTURE_OK(pthread_create(&threads[i], NULL, strangers_queue,
					  NULL));
	for (i = 0; i < STRANGERS_DESTROYS; i++)
		strangers_destroy();
	__atomic_store_n(&strangers_over, true, __ATOMIC_RELEASE);
	for (i = 0; i < STRANGERS; i++)
		TORTURE_OK(pthread_join(threads[i], NULL));
	cpuslab_slab_destroy(busy);
	TORTURE_OK(cpuslab_port_rcu_barrier());
	cpuslab_domain_destroy(domain);
	return torture_end();
}
