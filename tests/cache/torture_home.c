/* SPDX-License-Identifier: MIT */
/*
 * torture_home.c - objects that are allocated on one node and freed on another,
 * for a long time: the backing allocator supplies only those that are in
 * flight, and with a cache for each node no object is ever handed out on the
 * other node.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <cpuslab/atomic.h>
#include <cpuslab/cache.h>

#include "torture/torture.h"

#define HOME_NODES 2u
#define HOME_PLACES 64u /* on their way from one node to the other */
#define HOME_ROUNDS 8u
#define HOME_MAGAZINES 12u
#define HOME_MOST (HOME_PLACES + 2 + HOME_ROUNDS * HOME_MAGAZINES)
#define HOME_ENOUGH (2 * HOME_MOST) /* freed; fewer would show nothing */

struct home_object {
	uint64_t node;
};

/* A node: a thread on one CPU, and its cache. */
static struct home_node {
	struct cpuslab_cache cache;
	uint64_t places[HOME_PLACES]; /* W exchange */
	cpuslab_word asked, returned; /* W any: the backing allocator */
	uint64_t taken;               /* W its thread */
	cpuslab_word freed; /* W its thread: objects of others; R any */
	uint32_t cpu;
} home_nodes[HOME_NODES];

static void *home_alloc(void *arg)
{
	struct home_node *node = arg;
	struct home_object *object = malloc(sizeof(*object));

	TORTURE_CHECK(object);
	object->node = (uint64_t)(node - home_nodes);
	cpuslab_fetch_add_u64(&node->asked, 1);
	return object;
}

static void home_free(void *arg, void *object)
{
	struct home_node *node = arg;

	cpuslab_fetch_add_u64(&node->returned, 1);
	free(object);
}

static struct home_object *home_exchange(uint64_t *place,
					 struct home_object *object)
{
	return (struct home_object *)(uintptr_t)cpuslab_exchange_u64(
		place, (uint64_t)(uintptr_t)object);
}

/* From anywhere: free it to the cache of its own node. */
static void home_give(struct home_object *object)
{
	if (object)
		cpuslab_cache_free(&home_nodes[object->node].cache, object);
}

static void home_step(struct home_node *node, struct home_node *other,
		      uint32_t place)
{
	struct home_object *object = cpuslab_cache_alloc(&node->cache);

	TORTURE_CHECK(object->node == (uint64_t)(node - home_nodes));
	node->taken++;
	/* The other thread did not fetch it: free it here. */
	home_give(home_exchange(&other->places[place], object));
	object = home_exchange(&node->places[place], NULL);
	cpuslab_store_relaxed_u64(&node->freed, node->freed + (object != NULL));
	home_give(object);
}

/* On a busy machine the time alone may be too short for it. */
static bool home_is_enough(void)
{
	uint32_t i;

	for (i = 0; i < HOME_NODES; i++)
		if (cpuslab_load_relaxed_u64(&home_nodes[i].freed) <
		    HOME_ENOUGH)
			return false;
	return true;
}

static void *home_run(void *arg)
{
	struct home_node *node = arg;
	struct home_node *other =
		&home_nodes[HOME_NODES - 1] - (node - home_nodes);
	uint32_t i;

	TORTURE_CHECK(torture_pin(node->cpu));
	for (i = 0; torture_running() || !home_is_enough(); i++)
		home_step(node, other, i % HOME_PLACES);
	return NULL;
}

/* Every object is in flight or in a magazine. */
static void home_check(const struct home_node *node)
{
	printf("  %llu taken, %llu of others freed, %llu allocated, %llu "
	       "returned\n",
	       (unsigned long long)node->taken, (unsigned long long)node->freed,
	       (unsigned long long)node->asked,
	       (unsigned long long)node->returned);
	TORTURE_CHECK(node->freed >= HOME_ENOUGH);
	TORTURE_CHECK(node->asked <= HOME_MOST);
}

static void home_fini(struct home_node *node)
{
	uint32_t i;

	for (i = 0; i < HOME_PLACES; i++)
		home_give(home_exchange(&node->places[i], NULL));
}

int main(int argc, char **argv)
{
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	pthread_t threads[HOME_NODES];
	uint32_t cpus[HOME_NODES], count, i;

	torture_begin(argc, argv,
		      "Objects that are freed elsewhere return to their node.");
	count = torture_cpus(cpus, HOME_NODES);
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
	for (i = 0; i < HOME_NODES; i++) {
		const struct cpuslab_cache_config config = {
			.alloc = home_alloc,
			.free = home_free,
			.arg = &home_nodes[i],
			.rounds = HOME_ROUNDS,
			.magazines = HOME_MAGAZINES,
		};

		home_nodes[i].cpu = cpus[i % count];
		TORTURE_OK(cpuslab_cache_init(&home_nodes[i].cache, slab,
					      &config));
	}
	for (i = 0; i < HOME_NODES; i++)
		TORTURE_OK(pthread_create(&threads[i], NULL, home_run,
					  &home_nodes[i]));
	for (i = 0; i < HOME_NODES; i++)
		TORTURE_OK(pthread_join(threads[i], NULL));
	for (i = 0; i < HOME_NODES; i++)
		home_check(&home_nodes[i]);
	for (i = 0; i < HOME_NODES; i++)
		home_fini(&home_nodes[i]);
	for (i = 0; i < HOME_NODES; i++) {
		cpuslab_cache_fini(&home_nodes[i].cache);
		TORTURE_CHECK(home_nodes[i].asked == home_nodes[i].returned);
	}
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
	return torture_end();
}
