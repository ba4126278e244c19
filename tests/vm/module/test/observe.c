// SPDX-License-Identifier: MIT
/*
 * observe.c - what tracers, the listing in debugfs and the log are shown.
 */
#include <cpuslab/port.h>

#include "test.h"

static struct test_driver observe_driver;
static struct cpuslab_slab *observe_slab;

static int observe_create(void)
{
	const struct cpuslab_slab_config config = { .name = "a\nname \"b" };
	int err = test_driver_init(&observe_driver, "c\nname \"d");

	if (err)
		return err;
	err = cpuslab_slab_create(&observe_slab, observe_driver.domain,
				  &config);
	if (err)
		test_driver_fini(&observe_driver);
	return err;
}

static void observe_destroy(void)
{
	if (!observe_driver.domain)
		return;
	cpuslab_slab_destroy(observe_slab);
	observe_slab = NULL;
	test_driver_fini(&observe_driver);
}

int observe_strange(unsigned int exists)
{
	if (exists)
		return observe_create();
	observe_destroy();
	return 0;
}

int observe_storm(unsigned int times)
{
	int err = 0;

	while (times-- && !err) {
		err = observe_create();
		observe_destroy();
	}
	return err;
}

/* In a domain without CPUs, so that operations use the shared block. */
int observe_shared(unsigned int times)
{
	const struct cpuslab_domain_config domain_config = {
		.name = "empty",
		.flags = CPUSLAB_DOMAIN_START_EMPTY,
	};
	const struct cpuslab_slab_config slab_config = { .name = "shared" };
	struct cpuslab_stats stats;
	unsigned int i;
	struct cpuslab_domain *domain;
	struct cpuslab_counter counter;
	struct cpuslab_slab *slab;
	int err = cpuslab_domain_create(&domain, &domain_config);

	if (err)
		return err;
	err = cpuslab_slab_create(&slab, domain, &slab_config);
	if (err)
		goto destroy_domain;
	err = cpuslab_counter_init(&counter, slab);
	if (err)
		goto destroy_slab;
	for (i = 0; i < times; i++)
		cpuslab_counter_add(&counter, 1);
	cpuslab_stats_get(slab, &stats);
	if (stats.shared_ops != times)
		err = test_wrong("%llu shared operations", stats.shared_ops);
	cpuslab_counter_fini(&counter);
destroy_slab:
	cpuslab_slab_destroy(slab);
destroy_domain:
	cpuslab_domain_destroy(domain);
	return err;
}

int observe_flood(unsigned int lines)
{
	while (lines--)
		cpuslab_port_log("flood");
	cpuslab_port_log("not flood");
	return 0;
}
