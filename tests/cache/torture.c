/* SPDX-License-Identifier: MIT */
/*
 * torture.c - an object is handed out to one user at a time, and in the end
 * every object is back at the backing allocator.
 *
 * Threads free objects that they allocated, or that others did: objects travel
 * through a table of places. Signal handlers do the same, and another thread
 * drains.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>

#include <cpuslab/atomic.h>
#include <cpuslab/cache.h>

#include "torture/torture.h"

#define CACHE_WORKERS 4
#define CACHE_LIMIT 6u
#define CACHE_TIMER_NS 150000
#define CACHE_OBJECTS 4096u
#define CACHE_PLACES 32u
#define CACHE_ROUNDS 8u
#define CACHE_MAGAZINES 12u

struct cache_object {
	cpuslab_word state; /* CACHE_*: where it is */
};

enum {
	CACHE_UNALLOCATED,
	CACHE_CACHED, /* handed out to the cache */
	CACHE_USED,
};

static struct cpuslab_domain *cache_domain;
static struct cpuslab_slab *cache_slab;
static struct cpuslab_cache cache;
static struct cache_object cache_objects[CACHE_OBJECTS];
static uint64_t cache_next, cache_out, cache_asked;
static uint64_t cache_places[CACHE_PLACES]; /* W exchange */
static uint64_t cache_used, cache_drains, cache_partial;
static uint64_t cache_randoms[CACHE_WORKERS][2];
static __thread uint64_t *cache_over;

static bool cache_turn(struct cache_object *object, uint64_t from, uint64_t to)
{
	return cpuslab_cas_u64(&object->state, &from, to);
}

static void *cache_object_alloc(void *arg)
{
	uint32_t tries;

	for (tries = 0; tries < CACHE_OBJECTS; tries++) {
		struct cache_object *object =
			&cache_objects[cpuslab_fetch_add_u64(&cache_next, 1) %
				       CACHE_OBJECTS];

		if (!cache_turn(object, CACHE_UNALLOCATED, CACHE_CACHED))
			continue;
		cpuslab_fetch_add_u64(&cache_out, 1);
		cpuslab_fetch_add_u64(&cache_asked, 1);
		return object;
	}
	return arg; /* NULL */
}

static void cache_object_free(void *arg, void *object)
{
	(void)arg;
	cpuslab_fetch_add_u64(&cache_out, (uint64_t)-1);
	TORTURE_CHECK(cache_turn(object, CACHE_CACHED, CACHE_UNALLOCATED));
}

static void cache_give(struct cache_object *object)
{
	TORTURE_CHECK(cache_turn(object, CACHE_USED, CACHE_CACHED));
	cpuslab_cache_free(&cache, object);
}

static void cache_step(uint64_t *random)
{
	struct cache_object *object = cpuslab_cache_alloc(&cache);
	uint64_t *place = &cache_places[torture_below(random, CACHE_PLACES)];

	if (!object)
		return;
	TORTURE_CHECK(cache_turn(object, CACHE_CACHED, CACHE_USED));
	if (torture_below(random, 2))
		object = (struct cache_object *)(uintptr_t)cpuslab_exchange_u64(
			place, (uint64_t)(uintptr_t)object);
	if (object)
		cache_give(object);
	cpuslab_fetch_add_u64(&cache_used, 1);
}

static void cache_handler(int signal)
{
	(void)signal;
	if (cache_over)
		cache_step(cache_over);
}

static void *cache_worker(void *arg)
{
	uint64_t *random = arg;
	struct torture_timer timer;

	cache_over = random + 1;
	torture_timer_start(&timer, CACHE_TIMER_NS);
	while (torture_running()) {
		cache_step(random);
		if (!torture_below(random, 64))
			torture_migrate(random);
	}
	torture_timer_stop(&timer);
	cache_over = NULL;
	return NULL;
}

static void *cache_drainer(void *arg)
{
	int result;

	while (torture_running()) {
		result = cpuslab_cache_drain(&cache);
		TORTURE_CHECK(result == CPUSLAB_OK ||
			      result == CPUSLAB_PARTIAL);
		cache_drains++;
		cache_partial += result == CPUSLAB_PARTIAL;
		sched_yield();
	}
	return arg;
}

static void *cache_storm(void *arg)
{
	uint64_t random = torture_stream(1000);

	while (torture_running())
		torture_storm_step(cache_domain, CACHE_LIMIT, &random);
	return arg;
}

static void cache_exact(void)
{
	struct cpuslab_cache_stats cached;
	struct cpuslab_stats stats;
	uint32_t i;

	for (i = 0; i < CACHE_PLACES; i++)
		if (cache_places[i])
			cache_give((struct cache_object *)(uintptr_t)
					   cache_places[i]);
	cpuslab_cache_stats_get(&cache, &cached);
	TORTURE_CHECK(cache_out <= CACHE_ROUNDS * cached.magazines);
	TORTURE_OK(cpuslab_slab_check(cache_slab));
	/* No thread holds a magazine, so this drains all of them. */
	if (cpuslab_cache_drain(&cache) == CPUSLAB_OK)
		TORTURE_CHECK(!cache_out);
	cpuslab_stats_get(cache_slab, &stats);
	cpuslab_cache_fini(&cache);
	TORTURE_CHECK(!cache_out);
	for (i = 0; i < CACHE_OBJECTS; i++)
		TORTURE_CHECK(cache_objects[i].state == CACHE_UNALLOCATED);
	printf("  %llu used, %llu allocated, %llu drains (%llu partial), "
	       "%llu releases\n",
	       (unsigned long long)cache_used, (unsigned long long)cache_asked,
	       (unsigned long long)cache_drains,
	       (unsigned long long)cache_partial,
	       (unsigned long long)stats.releases);
}

int main(int argc, char **argv)
{
	const struct cpuslab_cache_config config = {
		.alloc = cache_object_alloc,
		.free = cache_object_free,
		.rounds = CACHE_ROUNDS,
		.magazines = CACHE_MAGAZINES,
	};
	pthread_t threads[CACHE_WORKERS + 2];
	int i;

	torture_begin(argc, argv, "No object is lost or handed out twice.");
	torture_fake_limit(CACHE_LIMIT);
	torture_handler(cache_handler);
	TORTURE_OK(cpuslab_domain_create(&cache_domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&cache_slab, cache_domain, NULL));
	TORTURE_OK(cpuslab_cache_init(&cache, cache_slab, &config));
	for (i = 0; i < CACHE_WORKERS; i++) {
		cache_randoms[i][0] = torture_stream((uint64_t)i);
		cache_randoms[i][1] = torture_stream((uint64_t)i + 50);
		TORTURE_OK(pthread_create(&threads[i], NULL, cache_worker,
					  cache_randoms[i]));
	}
	TORTURE_OK(pthread_create(&threads[i++], NULL, cache_storm, NULL));
	TORTURE_OK(pthread_create(&threads[i], NULL, cache_drainer, NULL));
	for (; i >= 0; i--)
		TORTURE_OK(pthread_join(threads[i], NULL));
	cache_exact();
	cpuslab_slab_destroy(cache_slab);
	cpuslab_domain_destroy(cache_domain);
	return torture_end();
}
