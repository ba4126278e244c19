/* SPDX-License-Identifier: MIT */
/*
 * plugin_user.c - a plugin that is linked with the shared library; each turn
 * runs every operation once.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "plugin.h"

#include <cpuslab/cpuslab.h>

static struct cpuslab_domain *plugin_domain;
static struct cpuslab_slab *plugin_slab;
static struct cpuslab_counter plugin_counter;
static struct cpuslab_counter plugin_named = CPUSLAB_COUNTER_INIT("plugin");
static struct cpuslab_stack plugin_stack;
static struct cpuslab_log plugin_log;

static int plugin_objects(void)
{
	int err = cpuslab_counter_init(&plugin_counter, plugin_slab);

	if (err)
		return err;
	err = cpuslab_stack_init(&plugin_stack, plugin_slab);
	if (err)
		goto fini_counter;
	err = cpuslab_log_init(&plugin_log, plugin_slab, 256);
	if (!err)
		return CPUSLAB_OK;
	cpuslab_stack_fini(&plugin_stack);
fini_counter:
	cpuslab_counter_fini(&plugin_counter);
	return err;
}

static int plugin_begin(void)
{
	int err = cpuslab_domain_create(&plugin_domain, NULL);

	if (err)
		return err;
	err = cpuslab_slab_create(&plugin_slab, plugin_domain, NULL);
	if (err)
		goto destroy_domain;
	err = plugin_objects();
	if (!err)
		return CPUSLAB_OK;
	cpuslab_slab_destroy(plugin_slab);
destroy_domain:
	cpuslab_domain_destroy(plugin_domain);
	return err;
}

static void plugin_work(uint64_t times)
{
	struct cpuslab_node *node;

	while (times--) {
		cpuslab_log_append(&plugin_log, "abc", 3);
		if (cpuslab_stack_pop(&plugin_stack, &node) < 0 ||
		    cpuslab_cmpstore(&plugin_log.handle, 8, 1, 2) < 0)
			return;
		cpuslab_counter_add(&plugin_counter, 1);
		cpuslab_counter_add(&plugin_named, 1);
	}
}

static uint64_t plugin_sum(void)
{
	uint64_t sum = cpuslab_counter_sum(&plugin_counter);

	return cpuslab_counter_sum(&plugin_named) == sum ? sum : 0;
}

/* Remove a CPU, so that grace periods are in progress. */
static void plugin_end(void)
{
	cpuslab_domain_remove(plugin_domain, 0);
	cpuslab_free_rcu(plugin_slab, &plugin_log.handle);
	cpuslab_stack_fini(&plugin_stack);
	cpuslab_counter_fini(&plugin_counter);
	cpuslab_counter_fini(&plugin_named);
	cpuslab_default_destroy();
	cpuslab_slab_destroy(plugin_slab);
	cpuslab_domain_destroy(plugin_domain);
}

static int plugin_on_null(unsigned int nth)
{
	static const struct cpuslab_percpu null;
	static const struct cpuslab_stack stack;
	static const struct cpuslab_log log;
	struct cpuslab_node node, *popped;

	switch (nth % 7) {
	case 0:
		return cpuslab_add(&null, 0, 1);
	case 1:
		return cpuslab_add_if(&null, 0, 0, 1);
	case 2:
		return cpuslab_cmpstore(&null, 0, 0, 1);
	case 3:
		return cpuslab_stack_push(&stack, &node);
	case 4:
		return cpuslab_stack_pop(&stack, &popped);
	case 5:
		return cpuslab_add_below(&null, 0, 1, 1);
	default:
		return cpuslab_log_append(&log, "", 0);
	}
}

static const char *plugin_registration(void)
{
	struct cpuslab_stats stats;

	cpuslab_stats_get(plugin_slab, &stats);
	return stats.registration;
}

__attribute__((visibility("default"))) const struct plugin plugin = {
	.begin = plugin_begin,
	.work = plugin_work,
	.sum = plugin_sum,
	.end = plugin_end,
	.on_null = plugin_on_null,
	.registration = plugin_registration,
};
