/* SPDX-License-Identifier: MIT */
/*
 * user_plugin.c - a DLL with a copy of cpuslab of its own, for test_unload.c.
 */
#include "user_plugin.h"

#include <windows.h>

#include <cpuslab/cpuslab.h>
#include <cpuslab/hotplug.h>
#include <cpuslab/workers_thread.h>

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID reserved);

static struct {
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	struct cpuslab_counter counter;
	struct cpuslab_hotplug *hotplug;
	struct cpuslab_workers workers;
	struct cpuslab_steering steering;
	bool has_workers;
	bool has_steering;
	uint32_t handled; /* W workers */
} plugin;

static void plugin_handle(void *arg, uint32_t cpu,
			  const struct cpuslab_message *message)
{
	(void)arg;
	(void)cpu;
	(void)message;
	cpuslab_store_release_u32(&plugin.handled, 1);
}

static int plugin_start_threads(void)
{
	const struct cpuslab_workers_config config = {
		.ops = &cpuslab_thread_ops,
		.handle = plugin_handle,
		.capacity = 4,
	};
	const struct cpuslab_message message = { { 0 } };
	int err;

	err = cpuslab_hotplug_create(&plugin.hotplug, plugin.domain, NULL);
	if (err)
		return err;
	err = cpuslab_workers_init(&plugin.workers, plugin.domain, &config);
	if (err)
		return err;
	plugin.has_workers = true;
	return cpuslab_workers_send(&plugin.workers, 0, &message);
}

static int plugin_count(void)
{
	if (cpuslab_counter_add(&plugin.counter, 2) ||
	    cpuslab_counter_sum(&plugin.counter) != 2)
		return -1;
	return 0;
}

int plugin_create(unsigned int threads)
{
	const struct cpuslab_steering_config targets = {
		.buckets = 16,
		.targets = 4,
	};
	int err = cpuslab_domain_create(&plugin.domain, NULL);

	if (!err)
		err = cpuslab_slab_create(&plugin.slab, plugin.domain, NULL);
	if (!err)
		err = cpuslab_counter_init(&plugin.counter, plugin.slab);
	if (!err)
		err = cpuslab_steering_init(&plugin.steering, &targets);
	plugin.has_steering = !err;
	if (!err)
		err = plugin_count();
	if (!err && threads)
		err = plugin_start_threads();
	return err;
}

void plugin_destroy(void)
{
	if (plugin.has_steering)
		cpuslab_steering_fini(&plugin.steering);
	if (plugin.has_workers)
		cpuslab_workers_fini(&plugin.workers);
	if (plugin.slab)
		cpuslab_counter_fini(&plugin.counter);
	cpuslab_slab_destroy(plugin.slab);
	cpuslab_hotplug_destroy(plugin.hotplug);
	cpuslab_domain_destroy(plugin.domain);
	memset(&plugin, 0, sizeof(plugin));
}

/* Does not return: often in a read section, or with the domain's mutex. */
void plugin_change(void)
{
	for (;;) {
		cpuslab_read_enter();
		cpuslab_domain_add_complete(plugin.domain, 0);
		cpuslab_read_exit();
		cpuslab_domain_remove(plugin.domain, 0);
	}
}

/* Does not return: often with the slab's mutex. */
void plugin_allocate(void)
{
	struct cpuslab_counter counter;

	for (;;)
		if (!cpuslab_counter_init(&counter, plugin.slab))
			cpuslab_counter_fini(&counter);
}

/* What the host has not destroyed: with the loader's lock held. */
BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID reserved)
{
	(void)module;
	(void)reserved;
	if (reason == DLL_PROCESS_DETACH && plugin.domain)
		plugin_destroy();
	return TRUE;
}
