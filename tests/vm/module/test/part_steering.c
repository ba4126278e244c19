// SPDX-License-Identifier: MIT
/*
 * part_steering.c - whoever looks up is given a processor that is there; or a
 * newer table says otherwise.
 */
#include <linux/delay.h>
#include <linux/slab.h>

#include <cpuslab/steering.h>

#include "structures.h"

#define PART_BUCKETS 64

static struct cpuslab_steering part_all;
static struct cpuslab_client part_client;
static u8 *part_here;     /* [processor]; W domain */
static u64 *part_lookups; /* [actor]; W actor */
static u64 part_looks;    /* W looker */
static atomic64_t part_changed;

/* Registered before the table, so told first of one who comes ... */
static void part_complete(struct cpuslab_client *client, uint32_t cpu)
{
	smp_store_release(&part_here[cpu], 1);
}

/* ... and last of one who goes. */
static void part_remove(struct cpuslab_client *client, uint32_t cpu)
{
	smp_store_release(&part_here[cpu], 0);
}

static const struct cpuslab_client_ops part_client_ops = {
	.complete = part_complete,
	.remove = part_remove,
};

static bool part_lookup(u64 number, unsigned int delay_us)
{
	u64 hash = cpuslab_steering_hash(number), generation;
	bool here = false;
	u32 target;

	cpuslab_read_enter();
	target = cpuslab_steering_lookup(&part_all, hash, &generation);
	if (delay_us)
		udelay(delay_us);
	if (target >= nr_cpu_ids)
		structures_wrong("steering: %u", target);
	else if (smp_load_acquire(&part_here[target]))
		here = true;
	else if (cpuslab_steering_get(&part_all)->generation == generation)
		structures_wrong("steering: %u has gone", target);
	else
		atomic64_inc(&part_changed);
	cpuslab_read_exit();
	return here;
}

static void part_step(const struct structures_actor *actor)
{
	if (part_lookup(actor->round, 0))
		part_lookups[actor->id]++;
}

/* One that takes its time to go where it was told. */
static void part_look(void)
{
	int err = cpuslab_steering_check(&part_all);

	part_lookup(part_looks++, 500);

	if (err)
		structures_wrong("steering: check: %d", err);
}

static int part_check(void)
{
	const struct cpuslab_steering_table *table;
	u32 cpu, here = 0, active, target;
	u64 generation, lookups = 0;
	int i, err = 0;

	for (cpu = 0; cpu < nr_cpu_ids; cpu++)
		here += part_here[cpu];
	for (i = 0; i < structures_actors; i++)
		lookups += part_lookups[i];
	cpuslab_read_enter();
	table = cpuslab_steering_get(&part_all);
	active = table->active;
	generation = table->generation;
	for (i = 0; i < PART_BUCKETS && !err; i++) {
		target = cpuslab_steering_at(table, i);
		if (target >= nr_cpu_ids || !part_here[target])
			err = test_wrong("bucket %d leads to %u", i, target);
	}
	cpuslab_read_exit();
	pr_info("cpuslab_test: steering: %llu lookups, %lld of a table that had changed, %llu generations\n",
		lookups, (s64)atomic64_read(&part_changed), generation);
	if (!err && active != here)
		err = test_wrong("steering to %u of %u", active, here);
	return err;
}

static void part_free(void)
{
	kvfree(part_lookups);
	kvfree(part_here);
}

static int part_stop(void)
{
	int err;

	cpuslab_steering_unfollow(&part_all);
	cpuslab_client_fini(&part_client);
	err = part_check();
	cpuslab_steering_fini(&part_all);
	part_free();
	return err;
}

static int part_follow(void)
{
	int err;

	part_client.ops = &part_client_ops;
	part_client.name = "part_steering";
	err = cpuslab_client_init(&part_client, test_hp.domain);
	if (err)
		return err;
	err = cpuslab_steering_follow(&part_all, test_hp.domain);
	if (err)
		cpuslab_client_fini(&part_client);
	return err;
}

static int part_start(void)
{
	const struct cpuslab_steering_config config = {
		.buckets = PART_BUCKETS,
		.targets = nr_cpu_ids,
	};
	int err = -ENOMEM;

	atomic64_set(&part_changed, 0);
	part_here = kvcalloc(nr_cpu_ids, sizeof(u8), GFP_KERNEL);
	part_lookups = kvcalloc(structures_actors, sizeof(u64), GFP_KERNEL);
	if (part_here && part_lookups)
		err = cpuslab_steering_init(&part_all, &config);
	if (err)
		goto free_arrays;
	err = part_follow();
	if (!err)
		return 0;
	cpuslab_steering_fini(&part_all);
free_arrays:
	part_free();
	return err;
}

const struct structures_part part_steering = {
	.name = "steering",
	.start = part_start,
	.step = part_step,
	.look = part_look,
	.stop = part_stop,
};
