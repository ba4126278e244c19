// SPDX-License-Identifier: MIT
/*
 * never.c - a client refuses a CPU, and the hotplug does not: the CPU comes
 * online, and operations on it use the shared block.
 */
#include <linux/cpumask.h>
#include <linux/smp.h>

#include "test.h"

static struct test_driver never_driver;
static struct cpuslab_slab *never_slab;
static struct cpuslab_counter never_counter;
static struct cpuslab_client never_client;
static u32 never_cpu;
static bool never_refuses;
static u64 never_errors, never_adds, never_shared;

static int never_start(struct cpuslab_client *client, uint32_t cpu)
{
	if (cpu != never_cpu || !never_refuses)
		return 0;
	never_errors++;
	return -ENOSPC;
}

static const struct cpuslab_client_ops never_ops = {
	.start = never_start,
};

/* ---- life ---------------------------------------------------------------- */

void never_fini(void)
{
	cpuslab_client_fini(&never_client);
	if (!cpuslab_percpu_is_null(&never_counter.handle))
		cpuslab_counter_fini(&never_counter);
	memset(&never_counter, 0, sizeof(never_counter));
	cpuslab_slab_destroy(never_slab);
	never_slab = NULL;
	test_driver_fini(&never_driver);
}

static int never_create(void)
{
	const struct cpuslab_domain_config domain_config = {
		.name = "never",
		.flags = CPUSLAB_HOTPLUG_DOMAIN_FLAGS,
	};
	const struct cpuslab_hotplug_config config = {
		.flags = CPUSLAB_HOTPLUG_NEVER_REFUSE,
	};
	int err = cpuslab_domain_create(&never_driver.domain, &domain_config);

	if (!err)
		err = cpuslab_hotplug_create(&never_driver.hotplug,
					     never_driver.domain, &config);
	if (!err)
		err = cpuslab_slab_create(&never_slab, never_driver.domain,
					  NULL);
	if (!err)
		err = cpuslab_counter_init(&never_counter, never_slab);
	if (!err)
		err = cpuslab_client_init(&never_client, never_driver.domain);
	return err;
}

int never_init(unsigned int cpu)
{
	int err;

	never_cpu = cpu;
	never_refuses = true;
	never_errors = never_adds = never_shared = 0;
	never_client.ops = &never_ops;
	never_client.name = "never";
	err = never_create();
	if (err)
		never_fini();
	return err;
}

int never_refuse(unsigned int refuses)
{
	never_refuses = refuses;
	return 0;
}

/* ---- checks -------------------------------------------------------------- */

static void never_add(void *arg)
{
	cpuslab_counter_add(&never_counter, 1);
}

int never_has(unsigned int has)
{
	struct cpuslab_hotplug_stats calls;
	struct cpuslab_stats stats;
	bool block;

	if (smp_call_function_single(never_cpu, never_add, NULL, true))
		return test_wrong("%u is not online", never_cpu);
	never_adds++;
	never_shared += !has;
	cpuslab_read_enter();
	block = cpuslab_remote(&never_counter.handle, never_cpu);
	cpuslab_read_exit();
	cpuslab_stats_get(never_slab, &stats);
	cpuslab_hotplug_stats_get(never_driver.hotplug, &calls);
	if (block != !!has || stats.shared_ops != never_shared)
		return test_wrong("a block: %d; %llu shared operations", block,
				  stats.shared_ops);
	if (cpuslab_counter_sum(&never_counter) != never_adds)
		return test_wrong("the sum is wrong");
	if (!never_errors || calls.errors != never_errors || calls.refusals ||
	    calls.last_error != -ENOSPC)
		return test_wrong("%llu errors, not %llu; %llu refusals",
				  calls.errors, never_errors, calls.refusals);
	return cpuslab_hotplug_check(never_driver.hotplug);
}
