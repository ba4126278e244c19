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
#include <time.h>

#include "discover.h"
#include "private.h"

#define VISIT_MILLISECONDS 100

/* Owned by two, freed by the one that leaves last. */
struct visit {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	uint32_t cpu;
	bool done;  /* the pinned thread has an answer */
	bool alone; /* the other one has left */
	int result;
};

/* Both hold the mutex when they leave. */
static void visit_leave(struct visit *visit)
{
	bool last = visit->alone;

	visit->alone = true;
	pthread_mutex_unlock(&visit->mutex);
	if (!last)
		return;
	pthread_cond_destroy(&visit->changed);
	pthread_mutex_destroy(&visit->mutex);
	free(visit);
}

/*
 * Nothing runs on a CPU that is off, and what ran there has moved. EINVAL
 * says so, or that it is forbidden; /sys tells which, unless a container made
 * its lists up, so that they do not even name the CPU as possible.
 */
static bool visit_is_off(uint32_t cpu, int error)
{
	return error == EINVAL && cpuslab__sysfs_has("cpu/possible", cpu) &&
	       !cpuslab__sysfs_list("cpu/online", NULL, NULL) &&
	       !cpuslab__sysfs_has("cpu/online", cpu);
}

static int visit_go(uint32_t cpu)
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
	return err && visit_is_off(cpu, error) ? CPUSLAB_OK : -CPUSLAB_EAGAIN;
}

static void *visit_run(void *arg)
{
	struct visit *visit = arg;
	int result = visit_go(visit->cpu);

	pthread_mutex_lock(&visit->mutex);
	visit->result = result;
	visit->done = true;
	pthread_cond_signal(&visit->changed);
	visit_leave(visit);
	return NULL;
}

static struct visit *visit_create(uint32_t cpu)
{
	struct visit *visit = calloc(1, sizeof(*visit));
	pthread_condattr_t attr;

	if (!visit)
		return NULL;
	visit->cpu = cpu;
	visit->result = -CPUSLAB_EAGAIN;
	pthread_mutex_init(&visit->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&visit->changed, &attr);
	pthread_condattr_destroy(&attr);
	return visit;
}

static int visit_spawn(struct visit *visit)
{
	pthread_attr_t attr;
	pthread_t thread;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	err = cpuslab__thread_create(&thread, &attr, visit_run, visit);
	pthread_attr_destroy(&attr);
	return err;
}

static struct timespec visit_deadline(void)
{
	struct timespec when;

	clock_gettime(CLOCK_MONOTONIC, &when);
	when.tv_nsec += VISIT_MILLISECONDS * 1000000L;
	if (when.tv_nsec >= 1000000000L) {
		when.tv_nsec -= 1000000000L;
		when.tv_sec++;
	}
	return when;
}

int cpuslab__fence_by_visit(uint32_t cpu)
{
	struct visit *visit = visit_create(cpu);
	struct timespec deadline = visit_deadline();
	int result, err = 0;

	if (!visit)
		return -CPUSLAB_EAGAIN;
	if (visit_spawn(visit)) {
		pthread_mutex_lock(&visit->mutex);
		visit->alone = true;
		visit_leave(visit);
		return -CPUSLAB_EAGAIN;
	}
	pthread_mutex_lock(&visit->mutex);
	while (!visit->done && err != ETIMEDOUT)
		err = pthread_cond_timedwait(&visit->changed, &visit->mutex,
					     &deadline);
	result = visit->result;
	visit_leave(visit);
	return result;
}
