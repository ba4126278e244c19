// SPDX-License-Identifier: MIT
/*
 * instances.c - several domains that share the two states of the module. Each
 * has clients and slabs; one client refuses, and the others are undone.
 *
 *	each domain:	two slabs, then client 0, client 1 (which may refuse)
 *
 * Calls of the clients are recorded as "2+0": domain 2, start, client 0; "-" is
 * a failure.
 */
#include <linux/cpumask.h>
#include <linux/slab.h>

#include "test.h"

#define INSTANCES 4
#define INSTANCES_TEXT 128

struct instance {
	struct test_driver driver;
	struct cpuslab_client clients[2];
	struct cpuslab_slab *slabs[2];
	struct cpuslab_percpu handles[2];
};

static struct instance *instances; /* [INSTANCES], or NULL */
static unsigned int instances_refuses = INSTANCES;
static char instances_text[INSTANCES_TEXT]; /* W under the hotplug lock */
static u64 instances_bytes; /* committed when the refuser was set */

static const struct cpuslab_type instances_type = {
	.name = "instances",
	.size = 64,
	.counters = 8,
};

/* ---- calls of the clients ------------------------------------------------ */

static unsigned int instances_index(const struct cpuslab_client *client)
{
	return (const struct instance *)client->arg - instances;
}

static unsigned int instances_which(const struct cpuslab_client *client)
{
	return client - instances[instances_index(client)].clients;
}

static void instances_write(const struct cpuslab_client *client, char what)
{
	size_t at = strlen(instances_text);

	snprintf(instances_text + at, sizeof(instances_text) - at, "%u%c%u ",
		 instances_index(client), what, instances_which(client));
}

static int instances_start(struct cpuslab_client *client, uint32_t cpu)
{
	instances_write(client, '+');
	return instances_which(client) &&
			       instances_index(client) == instances_refuses ?
		       -ENOSPC :
		       0;
}

static void instances_failure(struct cpuslab_client *client, uint32_t cpu)
{
	instances_write(client, '-');
}

static const struct cpuslab_client_ops instances_ops = {
	.start = instances_start,
	.failure = instances_failure,
};

/* ---- life ---------------------------------------------------------------- */

static void instances_end_one(struct instance *one)
{
	int i;

	for (i = ARRAY_SIZE(one->slabs) - 1; i >= 0; i--) {
		if (one->slabs[i])
			cpuslab_free(one->slabs[i], &one->handles[i]);
		cpuslab_slab_destroy(one->slabs[i]);
		cpuslab_client_fini(&one->clients[i]);
	}
	test_driver_fini(&one->driver);
}

static int instances_begin_one(struct instance *one)
{
	int i, err = test_driver_init(&one->driver, "instance");

	for (i = 0; i < ARRAY_SIZE(one->slabs) && !err; i++) {
		one->clients[i].ops = &instances_ops;
		one->clients[i].name = "instance";
		one->clients[i].arg = one;
		err = cpuslab_client_init(&one->clients[i], one->driver.domain);
		if (!err)
			err = cpuslab_slab_create(&one->slabs[i],
						  one->driver.domain, NULL);
		if (!err)
			err = cpuslab_alloc(one->slabs[i], &instances_type,
					    &one->handles[i]);
	}
	return err;
}

void instances_fini(void)
{
	unsigned int i;

	for (i = INSTANCES; instances && i-- > 0;)
		instances_end_one(&instances[i]);
	kfree(instances);
	instances = NULL;
}

int instances_init(void)
{
	unsigned int i;
	int err = 0;

	if (instances)
		return test_wrong("there are more domains already");
	instances_refuses = INSTANCES;
	instances = kcalloc(INSTANCES, sizeof(*instances), GFP_KERNEL);
	if (!instances)
		return -ENOMEM;
	for (i = 0; i < INSTANCES && !err; i++)
		err = instances_begin_one(&instances[i]);
	if (err)
		instances_fini();
	return err;
}

/* ---- checks -------------------------------------------------------------- */

/* Check the slabs, and add up what they have committed. */
static int instances_look(u64 *bytes, u32 in_use)
{
	struct cpuslab_stats stats;
	unsigned int i;
	int err = 0;

	*bytes = 0;
	for (i = 0; i < 2 * INSTANCES && !err; i++) {
		struct cpuslab_slab *slab = instances[i / 2].slabs[i % 2];

		err = cpuslab_slab_check(slab);
		if (!err)
			err = cpuslab_domain_check(
				instances[i / 2].driver.domain);
		if (!err)
			err = cpuslab_hotplug_check(
				instances[i / 2].driver.hotplug);
		cpuslab_stats_get(slab, &stats);
		*bytes += stats.committed_bytes;
		if (stats.in_use != in_use)
			err = test_wrong("%u in use in slab %u, not %u",
					 (u32)stats.in_use, i, in_use);
	}
	return err;
}

int instances_check(unsigned int in_use)
{
	u64 bytes;

	return instances ? instances_look(&bytes, in_use) : -ENOENT;
}

int instances_refuse(unsigned int index)
{
	int err = instances_look(&instances_bytes, num_online_cpus());

	instances_text[0] = '\0';
	instances_refuses = index;
	return err;
}

/* The kernel's order: the newest first, forward and back. */
static void instances_expect(char *text, size_t size)
{
	unsigned int i, refuses = instances_refuses;
	size_t at = 0;

	for (i = INSTANCES - 1; i > refuses; i--)
		at += snprintf(text + at, size - at, "%u+0 %u+1 ", i, i);
	at += snprintf(text + at, size - at, "%u+0 %u+1 %u-0 ", refuses,
		       refuses, refuses);
	for (i = INSTANCES - 1; i > refuses; i--)
		at += snprintf(text + at, size - at, "%u-1 %u-0 ", i, i);
}

/* Were the domains that had prepared undone in order, and is nothing left? */
int instances_undone(void)
{
	char expected[INSTANCES_TEXT];
	u64 bytes;
	int err = instances_look(&bytes, num_online_cpus());

	if (err || instances_refuses >= INSTANCES)
		return err ? err : -EINVAL;
	pr_info("cpuslab_test: domain %u refused: %s\n", instances_refuses,
		instances_text);
	instances_expect(expected, sizeof(expected));
	if (strcmp(instances_text, expected))
		return test_wrong("not as expected: %s", expected);
	if (bytes != instances_bytes)
		return test_wrong("%llu bytes, not %llu", bytes,
				  instances_bytes);
	return 0;
}

int instances_trim(void)
{
	unsigned int i;
	int err = 0;

	for (i = 0; instances && i < INSTANCES && !err; i++)
		err = cpuslab_domain_trim(instances[i].driver.domain, 0);
	return err;
}
