/* SPDX-License-Identifier: MIT */
/*
 * host.c - load a plugin (plugin_whole.c in ../linux-user) and use it, also in
 * a thread that is older than the plugin.
 *
 * host PLUGIN REGISTRATION: what cpuslab_stats.registration must be there; but
 * under valgrind, which refuses rseq, "none".
 */
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../linux-user/plugin.h"

#define HOST_TIMES 1000u

static const struct plugin *host_plugin;
static sem_t host_loaded;

static void *host_thread(void *arg)
{
	while (sem_wait(&host_loaded))
		continue;
	host_plugin->work(HOST_TIMES);
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	void *module;

	sem_init(&host_loaded, 0, 0);
	pthread_create(&thread, NULL, host_thread, NULL);
	module = argc == 3 ? dlopen(argv[1], RTLD_NOW) : NULL;
	host_plugin = module ? dlsym(module, "plugin") : NULL;
	if (!host_plugin || host_plugin->begin()) {
		printf("%s\n", dlerror());
		return 1;
	}
	sem_post(&host_loaded);
	pthread_join(thread, NULL);
	host_plugin->work(HOST_TIMES);
	if (host_plugin->sum() != 2 * HOST_TIMES ||
	    strcmp(host_plugin->registration(),
		   getenv("CPUSLAB_VALGRIND") ? "none" : argv[2]))
		return 1;
	host_plugin->end();
	return 0;
}
