/* SPDX-License-Identifier: MIT */
/*
 * plugin_constructor.c - a plugin whose constructor, which runs under the
 * dynamic loader's lock, waits for another thread that uses the library for the
 * first time: no call may wait for that lock.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "plugin_user.c"

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cpuslab/hotplug.h>
#include <cpuslab/workers_thread.h>

#define PLUGIN_TURNS 100u

static void plugin_check(bool fine)
{
	if (!fine)
		abort();
}

static void plugin_fork(void)
{
	pid_t child = fork();
	int status = 1;

	if (!child) {
		plugin_work(PLUGIN_TURNS);
		_exit(plugin_sum() != 2 * PLUGIN_TURNS);
	}
	plugin_check(waitpid(child, &status, 0) == child && !status);
}

static void plugin_handle(void *arg, uint32_t cpu,
			  const struct cpuslab_message *message)
{
	(void)arg;
	(void)cpu;
	(void)message;
}

static void plugin_threads(void)
{
	static const struct cpuslab_workers_config config = {
		.size = sizeof(config),
		.ops = &cpuslab_thread_ops,
		.handle = plugin_handle,
		.capacity = 4,
	};
	struct cpuslab_hotplug *hotplug;
	struct cpuslab_workers workers;

	plugin_check(!cpuslab_workers_init(&workers, plugin_domain, &config));
	plugin_check(!cpuslab_hotplug_create(&hotplug, plugin_domain, NULL));
	cpuslab_hotplug_destroy(hotplug);
	cpuslab_workers_fini(&workers);
}

static void *plugin_use(void *arg)
{
	plugin_check(!plugin_begin());
	plugin_work(PLUGIN_TURNS);
	plugin_check(plugin_sum() == PLUGIN_TURNS);
	plugin_threads();
	plugin_fork();
	plugin_end();
	return arg;
}

__attribute__((constructor)) static void plugin_load(void)
{
	pthread_t thread;

	plugin_check(!pthread_create(&thread, NULL, plugin_use, NULL));
	plugin_check(!pthread_join(thread, NULL));
}
