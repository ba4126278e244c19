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
#include <unistd.h>

#include <cpuslab/atomic.h>

#include "hotplug_private.h"
#include "private.h"

static bool thread_wait(const struct cpuslab_hotplug *n)
{
	struct epoll_event event;

	while (epoll_wait(n->poll, &event, 1, -1) < 0)
		if (errno != EINTR)
			return false; /* somebody closed it: no spinning */
	/* [hotplug.stop] Set before the wake-up; pairs with stop. */
	return !cpuslab_load_acquire_u32(&n->stopping);
}

static void *thread_main(void *arg)
{
	struct cpuslab_hotplug *n = arg;

	pthread_setname_np(pthread_self(), "cpuslab");
	while (thread_wait(n))
		cpuslab__hotplug_dispatch(n);
	return NULL;
}

static void thread_forget(struct cpuslab_hotplug *n)
{
	close(n->stop);
	n->stop = -1;
}

int cpuslab_hotplug_start(struct cpuslab_hotplug *hotplug)
{
	int err;

	if (!hotplug || hotplug->pid != getpid())
		return -CPUSLAB_EINVAL;
	if (hotplug->threaded)
		return -CPUSLAB_EBUSY;
	hotplug->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (hotplug->stop < 0)
		return -CPUSLAB_EAGAIN;
	err = cpuslab__hotplug_watch(hotplug, hotplug->stop);
	if (!err)
		err = cpuslab__thread_create(&hotplug->thread, NULL,
					     thread_main, hotplug);
	if (err) {
		thread_forget(hotplug);
		return -CPUSLAB_EAGAIN;
	}
	hotplug->threaded = true;
	return CPUSLAB_OK;
}

void cpuslab__hotplug_stop(struct cpuslab_hotplug *n)
{
	uint64_t one = 1;

	if (!n->threaded)
		return;
	/*
	 * [hotplug.stop] The thread wakes and must see it; pairs with
	 * thread_wait(). Without the order it could sleep on.
	 */
	cpuslab_store_release_u32(&n->stopping, 1);
	if (write(n->stop, &one, sizeof(one)) != (ssize_t)sizeof(one))
		cpuslab_assert(!"an eventfd takes a 1");
	pthread_join(n->thread, NULL);
	n->threaded = false;
}
