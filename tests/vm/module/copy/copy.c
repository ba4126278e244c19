// SPDX-License-Identifier: MIT
/*
 * copy.c - another copy of the library. While it is loaded, domains come and
 * go, so that there is often none: first each allocation fails, then several
 * threads do it at once. Then it has a counter, whose handle it lends to
 * cpuslab_test.ko.
 */
#include <linux/atomic.h>
#include <linux/module.h>
#include <linux/workqueue.h>

#include <cpuslab/counter.h>
#include <cpuslab/domain.h>
#include <cpuslab/steering.h>

#include "inject.h"

#define COPY_THREADS 3
#define COPY_TIMES 20

static long copy_fail_in; /* allocations; 0: none fails */
static atomic_t copy_errors;

static struct cpuslab_domain *copy_domain;
static struct cpuslab_slab *copy_slab;
struct cpuslab_counter copy_counter;
EXPORT_SYMBOL_GPL(copy_counter);

bool cpuslab__inject_fails(void)
{
	return copy_fail_in && !--copy_fail_in;
}

u64 cpuslab__inject_begin(void)
{
	return 0;
}

void cpuslab__inject_end(u64 begin)
{
}

static void copy_expect(bool right, int line)
{
	if (right)
		return;
	pr_err("cpuslab_copy: wrong in line %d\n", line);
	atomic_inc(&copy_errors);
}

#define COPY_EXPECT(right) copy_expect((right), __LINE__)

static int copy_begin(struct cpuslab_domain **domain,
		      struct cpuslab_slab **slab,
		      struct cpuslab_counter *counter)
{
	int err = cpuslab_domain_create(domain, NULL);

	if (err)
		return err;
	err = cpuslab_slab_create(slab, *domain, NULL);
	if (err)
		goto destroy_domain;
	err = cpuslab_counter_init(counter, *slab);
	if (err)
		goto destroy_slab;
	cpuslab_counter_add(counter, 1);
	return 0;
destroy_slab:
	cpuslab_slab_destroy(*slab);
destroy_domain:
	cpuslab_domain_destroy(*domain);
	return err;
}

/* Callbacks of a slab, of a domain, and of a table that has no domain. */
static void copy_once(struct work_struct *work)
{
	const struct cpuslab_steering_config config = {
		.size = sizeof(config),
		.buckets = 8,
		.targets = 4,
	};
	struct cpuslab_steering steering;
	struct cpuslab_counter counter;
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	int err = copy_begin(&domain, &slab, &counter);

	COPY_EXPECT(!err);
	if (err)
		return;
	COPY_EXPECT(!cpuslab_domain_remove(domain, 1));
	COPY_EXPECT(cpuslab_counter_sum(&counter) == 1);
	COPY_EXPECT(!cpuslab_free_rcu(slab, &counter.handle));
	cpuslab_slab_destroy(slab);
	err = cpuslab_steering_init(&steering, &config);
	COPY_EXPECT(!err);
	cpuslab_domain_destroy(domain);
	if (err)
		return;
	COPY_EXPECT(!cpuslab_steering_set(&steering, 1, 1));
	cpuslab_steering_fini(&steering);
}

static void copy_many(struct work_struct *work)
{
	int i;

	for (i = 0; i < COPY_TIMES; i++)
		copy_once(work);
}

/* As a driver on whose work memory reclaim depends. */
static int copy_storm(void)
{
	struct workqueue_struct *queue = alloc_workqueue(
		"copy_storm", WQ_UNBOUND | WQ_MEM_RECLAIM, COPY_THREADS);
	static struct work_struct works[COPY_THREADS];
	int i;

	if (!queue)
		return -ENOMEM;
	for (i = 0; i < COPY_THREADS; i++) {
		INIT_WORK(&works[i], copy_many);
		queue_work(queue, &works[i]);
	}
	destroy_workqueue(queue);
	return 0;
}

/* Each allocation, also that of the workqueue, fails once. */
static void copy_fail(void)
{
	long n = 0;
	int err;

	do {
		copy_fail_in = ++n;
		err = copy_begin(&copy_domain, &copy_slab, &copy_counter);
		COPY_EXPECT(!err == !!copy_fail_in);
		COPY_EXPECT(!err || err == -ENOMEM);
	} while (err == -ENOMEM);
	copy_fail_in = 0;
	pr_info("cpuslab_copy: %ld allocations failed\n", n - 1);
	COPY_EXPECT(n > 10);
}

static void copy_end(void)
{
	cpuslab_counter_fini(&copy_counter);
	cpuslab_slab_destroy(copy_slab);
	cpuslab_domain_destroy(copy_domain);
}

static int __init copy_start(void)
{
	int err;

	copy_fail();
	if (!atomic_read(&copy_errors)) {
		copy_end();
		err = copy_storm();
		if (!err)
			err = copy_begin(&copy_domain, &copy_slab,
					 &copy_counter);
		if (err)
			return err;
	}
	if (!atomic_read(&copy_errors))
		return 0;
	copy_end();
	return -EIO;
}

module_init(copy_start);
module_exit(copy_end);

MODULE_DESCRIPTION("another copy of cpuslab");
MODULE_LICENSE("Dual MIT/GPL");
