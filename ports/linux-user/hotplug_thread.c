// SPDX-License-Identifier: MIT
/*
 * hotplug_thread.c - a thread that dispatches.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <cpuslab/atomic.h>

#include "hotplug_private.h"
#include "private.h"

static bool hotplug_thread_wait(const struct cpuslab_hotplug *hotplug)
{
	struct epoll_event event;

	while (epoll_wait(hotplug->poll, &event, 1, -1) < 0)
		if (errno != EINTR)
			return false; /* the program closed it: do not spin */
	/* [hotplug.stop] Set before the wake-up; pairs with destroy. */
	return !cpuslab_load_acquire_u32(&hotplug->stopping);
}

static void *hotplug_thread_main(void *arg)
{
	struct cpuslab_hotplug *hotplug = arg;

	/* A client's callback may fork: its child has no hotplug. */
	while (cpuslab__hotplug_is_here(hotplug) &&
	       hotplug_thread_wait(hotplug))
		cpuslab__hotplug_dispatch(hotplug);
	return NULL;
}

int cpuslab__hotplug_thread_create(struct cpuslab_hotplug *hotplug)
{
	const struct cpuslab__thread_config config = {
		.name = "cpuslab/hotplug",
		.spreads = true,
	};
	int err = cpuslab__thread_create(&hotplug->thread, &config,
					 hotplug_thread_main, hotplug);

	hotplug->threaded = !err;
	return err;
}

void cpuslab__hotplug_thread_destroy(struct cpuslab_hotplug *hotplug)
{
	if (!hotplug->threaded)
		return;
	/*
	 * [hotplug.stop] The thread wakes and must see it; pairs with
	 * hotplug_thread_wait(). Without the order it could sleep on.
	 */
	cpuslab_store_release_u32(&hotplug->stopping, 1);
	if (eventfd_write(hotplug->wake, 1))
		cpuslab_assert(!"an eventfd takes a 1");
	pthread_join(hotplug->thread, NULL);
	hotplug->threaded = false;
}
