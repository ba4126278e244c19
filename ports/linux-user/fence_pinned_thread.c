/* SPDX-License-Identifier: MIT */
/*
 * fence_pinned_thread.c - the fence where membarrier is blocked (a seccomp
 * filter, an old kernel): a thread of ours runs on the CPU.
 *
 * Once it has run there, the thread that ran before was preempted, so a section
 * that was in progress restarts. The attempt is bounded: on a CPU that is
 * offline, forbidden or occupied by a real-time thread it fails, and the caller
 * retains the block.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "discover.h"
#include "private.h"

#define PINNED_NS 100000000L

/* Owned by two, freed by the one that leaves last. */
struct pinned {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	uint32_t cpu;
	bool done;  /* the pinned thread has an answer */
	bool alone; /* the other one has left */
	int result;
};

/* Both hold the mutex when they leave. */
static void pinned_leave(struct pinned *pinned)
{
	bool last = pinned->alone;

	pinned->alone = true;
	pthread_mutex_unlock(&pinned->mutex);
	if (!last)
		return;
	pthread_cond_destroy(&pinned->changed);
	pthread_mutex_destroy(&pinned->mutex);
	free(pinned);
}

/*
 * Nothing runs on a CPU that is off, and what ran there has moved. EINVAL
 * says so, or that it is forbidden; /sys tells which, unless a container made
 * its lists up, so that they do not even name the CPU as possible.
 */
static bool pinned_is_off(uint32_t cpu, int error)
{
	return error == EINVAL && cpuslab__sysfs_has("cpu/possible", cpu) &&
	       !cpuslab__sysfs_list("cpu/online", NULL, NULL) &&
	       !cpuslab__sysfs_has("cpu/online", cpu);
}

static int pinned_go(uint32_t cpu)
{
	cpu_set_t *set = CPU_ALLOC(cpu + 1);
	size_t size = CPU_ALLOC_SIZE(cpu + 1);
	int err, error;

	if (!set)
		return -CPUSLAB_EAGAIN;
	CPU_ZERO_S(size, set);
	CPU_SET_S(cpu, size, set);
	err = sched_setaffinity(0, size, set);
	error = errno;
	CPU_FREE(set);
	/* The kernel moves a running thread before it returns. */
	if (!err && sched_getcpu() == (int)cpu)
		return CPUSLAB_OK;
	return err && pinned_is_off(cpu, error) ? CPUSLAB_OK : -CPUSLAB_EAGAIN;
}

static void *pinned_run(void *arg)
{
	struct pinned *pinned = arg;
	int result = pinned_go(pinned->cpu);

	pthread_mutex_lock(&pinned->mutex);
	pinned->result = result;
	pinned->done = true;
	pthread_cond_signal(&pinned->changed);
	pinned_leave(pinned);
	return NULL;
}

static struct pinned *pinned_create(uint32_t cpu)
{
	struct pinned *pinned = calloc(1, sizeof(*pinned));
	pthread_condattr_t attr;

	if (!pinned)
		return NULL;
	pinned->cpu = cpu;
	pinned->result = -CPUSLAB_EAGAIN;
	pthread_mutex_init(&pinned->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&pinned->changed, &attr);
	pthread_condattr_destroy(&attr);
	return pinned;
}

static int pinned_spawn(struct pinned *pinned)
{
	pthread_attr_t attr;
	pthread_t thread;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	err = cpuslab__thread_create(&thread, &attr, pinned_run, pinned);
	pthread_attr_destroy(&attr);
	return err;
}

int cpuslab__fence_by_pinned_thread(uint32_t cpu)
{
	struct pinned *pinned = pinned_create(cpu);
	struct timespec deadline =
		cpuslab__deadline(CLOCK_MONOTONIC, PINNED_NS);
	int result, err = 0;

	if (!pinned)
		return -CPUSLAB_EAGAIN;
	if (pinned_spawn(pinned)) {
		pthread_mutex_lock(&pinned->mutex);
		pinned->alone = true;
		pinned_leave(pinned);
		return -CPUSLAB_EAGAIN;
	}
	pthread_mutex_lock(&pinned->mutex);
	while (!pinned->done && err != ETIMEDOUT)
		err = pthread_cond_timedwait(&pinned->changed, &pinned->mutex,
					     &deadline);
	result = pinned->result;
	pinned_leave(pinned);
	return result;
}
