/* SPDX-License-Identifier: MIT */
/*
 * portable.c - a lookup finds a CPU that is online, unless a newer table has
 * been published meanwhile.
 */
#include "portable/portable.h"

#define STEERING_BUCKETS 64u
#define STEERING_TURNS 20000u /* of a slow reader */

static struct cpuslab_steering steering_all;
static struct cpuslab_client steering_client;
static uint8_t *steering_online;   /* [CPU]; W domain */
static uint64_t *steering_lookups; /* [actor]; W actor */
static uint64_t steering_looks;    /* W looker */

/* Of lower order than the table: called before it to add a CPU ... */
static void steering_complete(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	cpuslab_store_release_u8(&steering_online[cpu], 1);
}

/* ... and after it to remove one. */
static void steering_remove(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	cpuslab_store_release_u8(&steering_online[cpu], 0);
}

static const struct cpuslab_client_ops steering_client_ops = {
	.complete = steering_complete,
	.remove = steering_remove,
};

static bool steering_lookup(uint64_t number, uint32_t turns)
{
	uint64_t hash = cpuslab_steering_hash(number), generation;
	volatile uint32_t left = turns;
	bool online = false;
	uint32_t target;

	cpuslab_read_enter();
	target = cpuslab_steering_lookup(&steering_all, hash, &generation);
	while (left)
		left--;
	if (target >= structures.limit)
		portable_wrong("a lookup finds no target");
	else if (cpuslab_load_acquire_u8(&steering_online[target]))
		online = true;
	else if (cpuslab_steering_get(&steering_all)->generation == generation)
		portable_wrong("a lookup finds an offline CPU");
	cpuslab_read_exit();
	return online;
}

static void steering_step(const struct portable_actor *actor)
{
	if (steering_lookup(actor->round, 0))
		steering_lookups[actor->id]++;
}

static void steering_look(void)
{
	steering_lookup(steering_looks++, STEERING_TURNS);
	if (cpuslab_steering_check(&steering_all))
		portable_wrong("a steering table breaks an invariant");
}

/* All buckets lead to online CPUs, and to all of them. */
static const char *steering_check_table(uint32_t count)
{
	const struct cpuslab_steering_table *table;
	const char *what = NULL;
	uint32_t i, target;

	cpuslab_read_enter();
	table = cpuslab_steering_get(&steering_all);
	if (table->active != count)
		what = "a table has not as many targets as CPUs";
	for (i = 0; i < STEERING_BUCKETS && count; i++) {
		target = cpuslab_steering_at(table, i);
		if (target >= structures.limit || !steering_online[target])
			what = "a bucket leads to an offline CPU";
	}
	cpuslab_read_exit();
	return what;
}

static const char *steering_check(bool used)
{
	uint64_t lookups = 0;
	uint32_t i, count = 0;

	for (i = 0; i < structures.limit; i++)
		count += steering_online[i];
	for (i = 0; i < structures.actors; i++)
		lookups += steering_lookups[i];
	if (used && !lookups)
		return "no lookup found a CPU";
	return steering_check_table(count);
}

static void steering_free(void)
{
	cpuslab_port_free(steering_lookups);
	cpuslab_port_free(steering_online);
}

static const char *steering_stop(bool used)
{
	const char *what;

	cpuslab_steering_detach(&steering_all);
	/* A change without memory for its table is published by a callback. */
	cpuslab_port_rcu_barrier();
	what = steering_check(used);
	cpuslab_client_fini(&steering_client);
	cpuslab_steering_fini(&steering_all);
	steering_free();
	return what;
}

static int steering_attach(void)
{
	int err;

	steering_client.ops = &steering_client_ops;
	steering_client.name = "steering's test";
	steering_client.order = CPUSLAB_CLIENT_ORDER_STEERING - 1;
	err = cpuslab_client_init(&steering_client, structures.domain);
	if (err)
		return err;
	err = cpuslab_steering_attach(&steering_all, structures.domain);
	if (err)
		cpuslab_client_fini(&steering_client);
	return err;
}

static int steering_start(void)
{
	const struct cpuslab_steering_config config = {
		.buckets = STEERING_BUCKETS,
		.targets = structures.limit,
	};
	int err = -CPUSLAB_ENOMEM;

	steering_online =
		portable_array(structures.limit, 1, sizeof(*steering_online));
	steering_lookups =
		portable_array(structures.actors, 1, sizeof(*steering_lookups));
	if (steering_online && steering_lookups)
		err = cpuslab_steering_init(&steering_all, &config);
	if (err)
		goto free_arrays;
	err = steering_attach();
	if (!err)
		return CPUSLAB_OK;
	cpuslab_steering_fini(&steering_all);
free_arrays:
	steering_free();
	return err;
}

const struct portable_part portable_steering = {
	.start = steering_start,
	.step = steering_step,
	.look = steering_look,
	.stop = steering_stop,
};
