// SPDX-License-Identifier: MIT
/*
 * poor.c - every structure is created and destroyed, and each allocation fails
 * once: the call returns an error, is logged, and leaves nothing behind. Then
 * the same without any memory.
 */
#include <cpuslab/approx.h>
#include <cpuslab/cache.h>
#include <cpuslab/histogram.h>
#include <cpuslab/mailbox.h>
#include <cpuslab/refcount.h>
#include <cpuslab/steering.h>
#include <cpuslab/workers_thread.h>

#include "test.h"

static struct test_driver poor_driver;
static struct cpuslab_slab *poor_slab;
static struct cpuslab_counter poor_counter;
static struct cpuslab_gauge poor_gauge;
static struct cpuslab_stack poor_stack;
static struct cpuslab_log poor_log;
static struct cpuslab_approx poor_approx;
static struct cpuslab_histogram poor_histogram;
static struct cpuslab_refcount poor_refcount;
static struct cpuslab_cache poor_cache;
static struct cpuslab_mailbox poor_mailbox;
static struct cpuslab_steering poor_steering;
static struct cpuslab_workers poor_workers;

/* ---- each of them -------------------------------------------------------- */

#define POOR(noun, ...)                                                        \
	static int poor_##noun##_init(void)                                    \
	{                                                                      \
		return cpuslab_##noun##_init(&poor_##noun, __VA_ARGS__);       \
	}                                                                      \
	static void poor_##noun##_fini(void)                                   \
	{                                                                      \
		cpuslab_##noun##_fini(&poor_##noun);                           \
	}

static void *poor_new(void *arg)
{
	return NULL;
}

static void poor_free(void *arg, void *object)
{
}

static void poor_zero(struct cpuslab_refcount *refcount)
{
}

static void poor_handle(void *arg, uint32_t cpu,
			const struct cpuslab_message *message)
{
}

static const struct cpuslab_cache_config poor_cache_config = {
	.alloc = poor_new,
	.free = poor_free,
};
static const struct cpuslab_steering_config poor_steering_config = {
	.buckets = 16,
	.targets = 4,
};
static const struct cpuslab_workers_config poor_workers_config = {
	.ops = &cpuslab_thread_ops,
	.handle = poor_handle,
	.capacity = 16,
};

POOR(counter, poor_slab)
POOR(gauge, poor_slab)
POOR(stack, poor_slab)
POOR(log, poor_slab, 256)
POOR(approx, poor_slab, 8)
POOR(histogram, poor_slab, 3, 32)
POOR(refcount, poor_slab, poor_zero)
POOR(cache, poor_slab, &poor_cache_config)
POOR(mailbox, poor_driver.domain, 16)
POOR(steering, &poor_steering_config)
POOR(workers, poor_driver.domain, &poor_workers_config)

static int poor_slab_init(void)
{
	return cpuslab_slab_create(&poor_slab, poor_driver.domain, NULL);
}

static void poor_slab_fini(void)
{
	cpuslab_slab_destroy(poor_slab);
	poor_slab = NULL;
}

static int poor_driver_init(void)
{
	return test_driver_init(&poor_driver, "poor");
}

static void poor_driver_fini(void)
{
	test_driver_fini(&poor_driver);
}

#define POOR_OF(noun)                                                          \
	{                                                                      \
		poor_##noun##_init, poor_##noun##_fini                         \
	}

static const struct {
	int (*init)(void);
	void (*fini)(void);
} poor_all[] = {
	POOR_OF(driver),   POOR_OF(slab),  POOR_OF(counter), POOR_OF(gauge),
	POOR_OF(stack),    POOR_OF(log),   POOR_OF(approx),  POOR_OF(histogram),
	POOR_OF(refcount), POOR_OF(cache), POOR_OF(mailbox), POOR_OF(steering),
	POOR_OF(workers),
};

/* ---- their life ---------------------------------------------------------- */

static int poor_live(void)
{
	size_t i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(poor_all) && !err; i++)
		err = poor_all[i].init();
	/* The one that failed has nothing to undo. */
	for (i -= !!err; i-- > 0;)
		poor_all[i].fini();
	return err;
}

static int poor_each(void)
{
	long nth, asked, refused = 0;
	int err;

	for (nth = 1;; nth++) {
		asked = inject_asked();
		inject_fail_at(nth);
		err = poor_live();
		inject_fail_at(0);
		if (err && err != -ENOMEM)
			return test_wrong("allocation %ld: %d", nth, err);
		refused += err == -ENOMEM;
		if (inject_asked() - asked < nth)
			break;
	}
	/* One that only makes room for later may fail without an error. */
	pr_info("cpuslab_test: %ld allocations, %ld of which were needed\n",
		nth - 1, refused);
	return refused < 20 ? test_wrong("hardly anything was allocated") : 0;
}

int poor_check(void)
{
	int err = poor_each();

	if (err)
		return err;
	inject_fail_all(true);
	err = poor_live();
	inject_fail_all(false);
	return err == -ENOMEM ? 0 : test_wrong("without memory: %d", err);
}
