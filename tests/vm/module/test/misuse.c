// SPDX-License-Identifier: MIT
/*
 * misuse.c - mistakes of a driver: each returns an error that is logged, and
 * has no other effect.
 */
#include <linux/cpumask.h>
#include <linux/irqflags.h>
#include <linux/module.h>

#include "test.h"

#define EXPECT(expression, result)                                             \
	do {                                                                   \
		long is_ = (expression);                                       \
                                                                               \
		if (is_ != (result))                                           \
			return test_wrong("%s is %ld, not %ld", #expression,   \
					  is_, (long)(result));                \
	} while (0)

static int misuse_numbers(void)
{
	const u32 beyond = nr_cpu_ids;
	u64 ignored = cpuslab_domain_ignored(test_driver.domain);

	EXPECT(cpuslab_domain_add_start(test_driver.domain, beyond), -ERANGE);
	EXPECT(cpuslab_domain_add_complete(test_driver.domain, ~0u), -ERANGE);
	EXPECT(cpuslab_domain_add_failure(test_driver.domain, beyond), -ERANGE);
	EXPECT(cpuslab_domain_remove(test_driver.domain, 1u << 31), -ERANGE);
	EXPECT(cpuslab_domain_ignored(test_driver.domain) - ignored, 4);
	return 0;
}

static int misuse_pinned(const struct cpuslab_percpu *handle)
{
	unsigned long flags;
	int results[4];

	local_irq_save(flags);
	results[0] = __cpuslab_add(handle, 8, 1);
	results[1] = __cpuslab_cmpstore(handle, 8, 0, 1);
	results[2] = __cpuslab_add_if(handle, 16, 0, 1);
	results[3] = __cpuslab_add_below(handle, 8, 1, 1);
	local_irq_restore(flags);
	return results[0] == results[1] && results[2] == results[3] &&
			       results[0] == results[2] ?
		       results[0] :
		       -EIO;
}

static int misuse_handles(void)
{
	static const struct cpuslab_type nothing = { .name = "nothing" };
	static const struct cpuslab_type crooked = { .name = "crooked",
						     .size = 8,
						     .align = 8192 };
	struct cpuslab_percpu handle = {};
	struct cpuslab_counter counter;

	EXPECT(cpuslab_add(&handle, 0, 1), -EINVAL);
	EXPECT(cpuslab_cmpstore(&handle, 0, 0, 1), -EINVAL);
	EXPECT(cpuslab_max(&handle, 0, 1), -EINVAL);
	EXPECT(cpuslab_add_if(&handle, 0, 0, 1), -EINVAL);
	EXPECT(cpuslab_add_below(&handle, 0, 1, 1), -EINVAL);
	EXPECT(!!cpuslab_pin(&handle), 0);
	EXPECT(misuse_pinned(&handle), -EINVAL);
	EXPECT(cpuslab_free(test_slab, &handle), -EINVAL);
	EXPECT(cpuslab_alloc(test_slab, &nothing, &handle), -EINVAL);
	EXPECT(cpuslab_alloc(test_slab, &crooked, &handle), -EINVAL);
	EXPECT(cpuslab_counter_init(&counter, test_slab), 0);
	EXPECT(cpuslab_free(test_slab, &counter.handle), 0);
	EXPECT(cpuslab_free(test_slab, &counter.handle), -ESTALE);
	return 0;
}

/* After destroy, and called twice. */
static int misuse_life(void)
{
	struct test_driver driver = {};
	struct cpuslab_slab *slab = NULL;

	EXPECT(test_driver_init(&driver, "short"), 0);
	test_driver_fini(&driver);
	EXPECT(cpuslab_slab_create(&slab, driver.domain, NULL), -EINVAL);
	test_driver_fini(&driver);
	EXPECT(test_driver_init(&driver, "again"), 0);
	test_driver_fini(&driver);
	return 0;
}

static int misuse_hotplug(void)
{
	struct cpuslab_hotplug_config config = { .rescan_ms = 1 };
	struct cpuslab_domain *plain, *domain = test_driver.domain;
	struct cpuslab_hotplug *hotplug = NULL;

	EXPECT(cpuslab_hotplug_create(NULL, domain, NULL), -EINVAL);
	EXPECT(cpuslab_hotplug_create(&hotplug, NULL, NULL), -EINVAL);
	config.flags = CPUSLAB_HOTPLUG_NO_EVENTS;
	EXPECT(cpuslab_hotplug_create(&hotplug, domain, &config), -EINVAL);
	config.flags = CPUSLAB_HOTPLUG_NO_THREAD;
	EXPECT(cpuslab_hotplug_create(&hotplug, domain, &config), -EINVAL);
	config.flags = 1u << 3;
	EXPECT(cpuslab_hotplug_create(&hotplug, domain, &config), -EINVAL);
	EXPECT(cpuslab_domain_create(&plain, NULL), 0);
	EXPECT(cpuslab_hotplug_create(&hotplug, plain, NULL), -EINVAL);
	cpuslab_domain_destroy(plain);
	EXPECT(!!hotplug, 0);
	return 0;
}

/* ---- registering too late, and from inside a callback -------------------- */

static int misuse_inside_start(struct cpuslab_client *client, uint32_t cpu)
{
	struct cpuslab_client other = { .ops = client->ops, .name = "other" };
	struct cpuslab_domain *domain = test_driver.domain;
	struct cpuslab_slab *slab = NULL;

	EXPECT(cpuslab_slab_create(&slab, domain, NULL), -EBUSY);
	EXPECT(cpuslab_client_init(&other, domain), -EBUSY);
	EXPECT(cpuslab_domain_trim(domain, 0), -EBUSY);
	EXPECT(cpuslab_domain_close(domain), -EBUSY);
	EXPECT(cpuslab_domain_add_start(domain, cpu), -EBUSY);
	EXPECT(cpuslab_domain_remove(domain, cpu), -EBUSY);
	return 0;
}

static const struct cpuslab_client_ops misuse_inside_ops = {
	.start = misuse_inside_start,
};

static int misuse_inside(void)
{
	struct cpuslab_client client = { .ops = &misuse_inside_ops,
					 .name = "inside" };

	EXPECT(cpuslab_client_init(&client, test_driver.domain), 0);
	cpuslab_client_fini(&client);
	return 0;
}

static int misuse_late(void)
{
	const struct cpuslab_slab_config config = { .name = "late" };
	struct cpuslab_client client = { .ops = &misuse_inside_ops,
					 .name = "late" };
	struct test_driver driver = {};
	struct cpuslab_slab *slab = NULL;

	EXPECT(test_driver_init(&driver, "closing"), 0);
	cpuslab_hotplug_destroy(driver.hotplug);
	driver.hotplug = NULL;
	EXPECT(cpuslab_client_init(&client, driver.domain), -ESHUTDOWN);
	EXPECT(cpuslab_slab_create(&slab, driver.domain, &config), -ESHUTDOWN);
	test_driver_fini(&driver);
	EXPECT(cpuslab_slab_create(&slab, driver.domain, &config), -EINVAL);
	return 0;
}

/* Debug builds report each call; none of these writes. */
extern struct cpuslab_counter copy_counter;

static int misuse_of(const struct cpuslab_percpu *handle)
{
	EXPECT(cpuslab_sum(handle, 0), 1);
	cpuslab_read_enter();
	cpuslab_remote(handle, CPUSLAB_SHARED);
	cpuslab_read_exit();
	EXPECT(cpuslab_free(test_slab, handle), -EINVAL);
	return 0;
}

int misuse_borrow(void)
{
	struct cpuslab_counter *theirs = symbol_get(copy_counter);
	int err;

	if (!theirs)
		return test_wrong("there is no other copy");
	err = misuse_of(&theirs->handle);
	symbol_put(copy_counter);
	return err;
}

int misuse_check(void)
{
	/* In this order, because the number of log lines is limited. */
	int err = misuse_late();

	if (!err)
		err = misuse_numbers();
	if (!err)
		err = misuse_handles();
	if (!err)
		err = misuse_life();
	if (!err)
		err = misuse_hotplug();
	if (!err)
		err = misuse_inside();
	return err;
}
