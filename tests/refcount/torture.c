/* SPDX-License-Identifier: MIT */
/*
 * torture.c - a count that is killed while in use is released once, when no
 * reference is left, and gives out no reference afterwards. Before that it is
 * killed and resurrected, and made atomic and back.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <cpuslab/atomic.h>
#include <cpuslab/port.h>
#include <cpuslab/read.h>
#include <cpuslab/refcount.h>

#include "torture/torture.h"

#define REFCOUNT_WORKERS 4
#define REFCOUNT_LIMIT 6u
#define REFCOUNT_TIMER_NS 150000
#define REFCOUNT_HELD 3

/* From its first reference to its fini. */
struct refcount_object {
	struct cpuslab_refcount refcount;
	cpuslab_word inside;   /* W any: references in use */
	cpuslab_word released; /* W the callback */
};

struct refcount_actor {
	uint64_t random CPUSLAB_ALIGNED(CPUSLAB_CACHE_LINE);
	struct refcount_object *held[REFCOUNT_HELD];
	uint64_t gets, refused;
};

static struct cpuslab_domain *refcount_domain;
static struct cpuslab_slab *refcount_slab;
static struct refcount_object *refcount_now; /* W main; R any, RCU */
static struct refcount_actor refcount_actors[REFCOUNT_WORKERS][2];
static uint64_t refcount_rounds, refcount_again, refcount_lives;
static __thread struct refcount_actor *refcount_over;

static struct refcount_object *refcount_of(struct cpuslab_refcount *refcount)
{
	return (struct refcount_object *)(void *)refcount;
}

static void refcount_released(struct cpuslab_refcount *refcount)
{
	struct refcount_object *object = refcount_of(refcount);

	TORTURE_CHECK(!cpuslab_load_acquire_u64(&object->inside));
	TORTURE_CHECK(!cpuslab_fetch_add_u64(&object->released, 1));
}

static void refcount_put(struct refcount_object *object)
{
	TORTURE_CHECK(!cpuslab_load_acquire_u64(&object->released));
	cpuslab_fetch_add_u64(&object->inside, (uint64_t)-1);
	cpuslab_refcount_put(&object->refcount);
}

static struct refcount_object *refcount_get(struct refcount_actor *actor)
{
	struct refcount_object *object;
	bool got;

	cpuslab_read_enter();
	/* [refcount_now] pairs with refcount_begin(). */
	object = cpuslab_load_acquire_ptr(&refcount_now);
	got = cpuslab_refcount_try_get(&object->refcount);
	if (got) {
		cpuslab_fetch_add_u64(&object->inside, 1);
		TORTURE_CHECK(!cpuslab_load_acquire_u64(&object->released));
		cpuslab_refcount_get_many(&object->refcount, 3);
		TORTURE_CHECK(!cpuslab_refcount_put_many(&object->refcount, 3));
	}
	cpuslab_read_exit();
	actor->gets += got;
	actor->refused += !got;
	return got ? object : NULL;
}

static void refcount_step(struct refcount_actor *actor)
{
	uint32_t i = torture_below(&actor->random, REFCOUNT_HELD);
	struct refcount_object *object = actor->held[i];

	actor->held[i] = NULL;
	if (object)
		refcount_put(object);
	else
		actor->held[i] = refcount_get(actor);
}

static void refcount_handler(int signal)
{
	(void)signal;
	if (refcount_over)
		refcount_step(refcount_over);
}

static void refcount_leave(struct refcount_actor *actor)
{
	int i;

	for (i = 0; i < REFCOUNT_HELD; i++) {
		if (actor->held[i])
			refcount_put(actor->held[i]);
		actor->held[i] = NULL;
	}
}

static void *refcount_worker(void *arg)
{
	struct refcount_actor *actor = arg;
	struct torture_timer timer;

	refcount_over = actor + 1;
	torture_timer_start(&timer, REFCOUNT_TIMER_NS);
	while (torture_running()) {
		refcount_step(actor);
		if (!torture_below(&actor->random, 64))
			torture_migrate(&actor->random);
	}
	torture_timer_stop(&timer);
	refcount_over = NULL;
	refcount_leave(actor);
	refcount_leave(actor + 1);
	return NULL;
}

static void *refcount_storm(void *arg)
{
	uint64_t random = torture_stream(1000);

	while (torture_running())
		torture_storm_step(refcount_domain, REFCOUNT_LIMIT, &random);
	return arg;
}

/* ---- rounds -------------------------------------------------------------- */

static struct refcount_object *refcount_begin(void)
{
	struct refcount_object *object, *old = refcount_now;

	object = aligned_alloc(CPUSLAB_CACHE_LINE,
			       (sizeof(*object) + CPUSLAB_CACHE_LINE - 1) &
				       ~(size_t)(CPUSLAB_CACHE_LINE - 1));
	TORTURE_CHECK(object);
	object->inside = object->released = 0;
	TORTURE_OK(cpuslab_refcount_init(&object->refcount, refcount_slab,
					 refcount_released));
	/* [refcount_now] It is ready; pairs with refcount_get(). */
	cpuslab_store_release_ptr(&refcount_now, object);
	return old;
}

static uint64_t refcount_graces;

static void refcount_grace(struct cpuslab_rcu *rcu)
{
	(void)rcu;
	cpuslab_fetch_add_u64(&refcount_graces, 1);
}

/* No thread is in a try_get() of the replaced count afterwards. */
static void refcount_synchronize(void)
{
	struct cpuslab_rcu rcu;

	cpuslab_port_call_rcu(&rcu, refcount_grace);
	cpuslab_port_rcu_barrier();
}

static void refcount_kill(struct refcount_object *object)
{
	int result;

	while ((result = cpuslab_refcount_kill(&object->refcount)) ==
	       -CPUSLAB_EAGAIN)
		refcount_again++;
	TORTURE_OK(result);
	TORTURE_CHECK(!cpuslab_refcount_try_get(&object->refcount));
	TORTURE_IS(cpuslab_refcount_kill(&object->refcount), CPUSLAB_DIFFERS);
}

/* All references, most of which come and go; main's first is one. */
static void refcount_atomic(struct refcount_object *object)
{
	int result;

	while ((result = cpuslab_refcount_switch_to_atomic(
			&object->refcount)) == -CPUSLAB_EAGAIN)
		refcount_again++;
	TORTURE_OK(result);
	/* Each actor holds some, and gets 4 more for a moment. */
	TORTURE_CHECK(cpuslab_refcount_count(&object->refcount) - 1 <=
		      REFCOUNT_WORKERS * 2 * (REFCOUNT_HELD + 4));
}

/* A reference of its own keeps it from being released. */
static void refcount_resurrect(struct refcount_object *object)
{
	TORTURE_CHECK(cpuslab_refcount_try_get(&object->refcount));
	refcount_kill(object);
	TORTURE_CHECK(cpuslab_refcount_try_get_dying(&object->refcount));
	TORTURE_OK(cpuslab_refcount_resurrect(&object->refcount));
	TORTURE_CHECK(!cpuslab_refcount_put_many(&object->refcount, 2));
	TORTURE_CHECK(!cpuslab_load_acquire_u64(&object->released));
	refcount_lives++;
}

static void refcount_change(struct refcount_object *object, uint64_t *random)
{
	uint32_t steps = torture_below(random, 4);

	while (steps--) {
		switch (torture_below(random, 3)) {
		case 0:
			refcount_atomic(object);
			break;
		case 1:
			TORTURE_OK(cpuslab_refcount_switch_to_percpu(
				&object->refcount));
			break;
		default:
			refcount_resurrect(object);
		}
		torture_migrate(random);
	}
}

static void refcount_end(struct refcount_object *object)
{
	while (!cpuslab_refcount_is_zero(&object->refcount))
		sched_yield();
	/*
	 * The thread that put the last reference may still be in the callback.
	 */
	while (!cpuslab_load_acquire_u64(&object->released))
		sched_yield();
	refcount_synchronize();
	TORTURE_CHECK(object->released == 1 && !object->inside);
	cpuslab_refcount_fini(&object->refcount);
	free(object);
	refcount_rounds++;
}

static void refcount_round(uint64_t *random)
{
	struct refcount_object *old;

	refcount_change(refcount_now, random);
	/* Killed while all threads still find it, or afterwards. */
	if (torture_below(random, 2)) {
		refcount_kill(refcount_now);
		old = refcount_begin();
	} else {
		old = refcount_begin();
		refcount_kill(old);
	}
	refcount_end(old);
	torture_migrate(random);
}

static void refcount_report(void)
{
	struct cpuslab_stats stats;
	uint64_t gets = 0, refused = 0;
	int i;

	for (i = 0; i < REFCOUNT_WORKERS * 2; i++) {
		gets += refcount_actors[i / 2][i % 2].gets;
		refused += refcount_actors[i / 2][i % 2].refused;
	}
	TORTURE_OK(cpuslab_slab_check(refcount_slab));
	cpuslab_stats_get(refcount_slab, &stats);
	printf("  %llu kills, %llu resurrections, %llu again, %llu gets, "
	       "%llu refused, %llu releases\n",
	       (unsigned long long)refcount_rounds,
	       (unsigned long long)refcount_lives,
	       (unsigned long long)refcount_again, (unsigned long long)gets,
	       (unsigned long long)refused, (unsigned long long)stats.releases);
}

int main(int argc, char **argv)
{
	pthread_t threads[REFCOUNT_WORKERS + 1];
	uint64_t random;
	int i;

	torture_begin(argc, argv, "A killed count is released once.");
	torture_fake_limit(REFCOUNT_LIMIT);
	torture_handler(refcount_handler);
	random = torture_stream(500);
	TORTURE_OK(cpuslab_domain_create(&refcount_domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&refcount_slab, refcount_domain, NULL));
	refcount_begin();
	for (i = 0; i < REFCOUNT_WORKERS; i++) {
		refcount_actors[i][0].random = torture_stream((uint64_t)i);
		refcount_actors[i][1].random = torture_stream((uint64_t)i + 50);
		TORTURE_OK(pthread_create(&threads[i], NULL, refcount_worker,
					  refcount_actors[i]));
	}
	TORTURE_OK(pthread_create(&threads[i], NULL, refcount_storm, NULL));
	while (torture_running())
		refcount_round(&random);
	for (; i >= 0; i--)
		TORTURE_OK(pthread_join(threads[i], NULL));
	refcount_kill(refcount_now);
	refcount_end(refcount_now);
	refcount_report();
	cpuslab_slab_destroy(refcount_slab);
	cpuslab_domain_destroy(refcount_domain);
	return torture_end();
}
