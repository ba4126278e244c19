// SPDX-License-Identifier: MIT
/*
 * trim.c - a trim that releases many absent CPUs at once, and how long it keeps
 * another call of the domain waiting: the callback of a CPU that comes or goes
 * would hold the kernel's hotplug lock as long.
 *
 * The domain does not follow the kernel, so its CPUs need not exist.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include <cpuslab/read.h>

#include "test.h"

#define TRIM_ABSENT 126u
#define TRIM_OBJECTS 320u
#define TRIM_COUNTERS 64u /* of each */

static const struct cpuslab_type trim_type = {
	.name = "counters",
	.size = TRIM_COUNTERS * sizeof(u64),
	.counters = TRIM_COUNTERS,
};

static struct cpuslab_domain *trim_domain;
static struct cpuslab_slab *trim_slab;
static struct cpuslab_percpu *trim_handles;
static u64 trim_waited; /* ns, the longest; W waiter */

/* A CPU that is in use is reported again and again. */
static int trim_waiter(void *arg)
{
	while (!kthread_should_stop()) {
		u64 begin = ktime_get_ns();

		cpuslab_domain_add_complete(trim_domain, 0);
		trim_waited = max(trim_waited, ktime_get_ns() - begin);
		usleep_range(20, 50);
	}
	return 0;
}

static int trim_fill(void)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i <= TRIM_ABSENT; i++)
		err = cpuslab_domain_add_complete(trim_domain, i);
	for (i = 0; !err && i < TRIM_OBJECTS; i++)
		err = cpuslab_alloc(trim_slab, &trim_type, &trim_handles[i]);
	for (i = 0; !err && i < TRIM_OBJECTS; i++)
		err = cpuslab_add(&trim_handles[i], 0, 1);
	for (i = 1; !err && i <= TRIM_ABSENT; i++)
		err = cpuslab_domain_remove(trim_domain, i);
	return err;
}

/* They are released, and no count is lost. */
static int trim_verify(void)
{
	struct cpuslab_stats stats = { .size = sizeof(stats) };
	unsigned int i;

	cpuslab_stats_get(trim_slab, &stats);
	if (stats.releases != TRIM_ABSENT)
		return -EIO;
	for (i = 0; i < TRIM_OBJECTS; i++)
		if (cpuslab_sum(&trim_handles[i], 0) != 1)
			return -EIO;
	return 0;
}

static int trim_run(void)
{
	struct task_struct *waiter =
		kthread_run(trim_waiter, NULL, "cpuslab_trim");
	u64 begin;
	int err;

	if (IS_ERR(waiter))
		return PTR_ERR(waiter);
	msleep(20);
	begin = ktime_get_ns();
	err = cpuslab_domain_trim(trim_domain, 0);
	begin = ktime_get_ns() - begin;
	kthread_stop(waiter);
	pr_info("cpuslab_test: a trim of %u absent CPUs with %u counters took %llu us, another call waited for at most %llu\n",
		TRIM_ABSENT, TRIM_OBJECTS * TRIM_COUNTERS, begin / 1000,
		trim_waited / 1000);
	return err;
}

static void trim_end(void)
{
	unsigned int i;

	for (i = 0; i < TRIM_OBJECTS; i++)
		if (!cpuslab_percpu_is_null(&trim_handles[i]))
			cpuslab_free(trim_slab, &trim_handles[i]);
	cpuslab_slab_destroy(trim_slab);
	cpuslab_domain_destroy(trim_domain);
	kfree(trim_handles);
}

int trim_measure(void)
{
	static const struct cpuslab_domain_config config = {
		.size = sizeof(config),
		.name = "trim",
		.flags = CPUSLAB_DOMAIN_START_EMPTY | CPUSLAB_DOMAIN_RETAIN,
	};
	int err;

	trim_waited = 0;
	trim_handles = kcalloc(TRIM_OBJECTS, sizeof(*trim_handles), GFP_KERNEL);
	if (!trim_handles)
		return -ENOMEM;
	err = cpuslab_domain_create(&trim_domain, &config);
	if (!err)
		err = cpuslab_slab_create(&trim_slab, trim_domain, NULL);
	if (!err)
		err = trim_fill();
	if (!err)
		err = trim_run();
	if (!err)
		err = trim_verify();
	trim_end();
	return err;
}
