/* SPDX-License-Identifier: MIT */
/*
 * fence_pinned_thread.c - the fence where membarrier is blocked (a seccomp
 * filter, an old kernel): a thread of ours runs on the CPU.
 *
 *	the caller                      the thread
 *	create ------------------------> READY, sleeps
 *	pin it to the CPU, GO ---------> runs there: DONE
 *	or, in time, pin it elsewhere -> runs elsewhere: DONE
 *	join
 *
 * Once it has run there, the thread that ran before was preempted, so a section
 * that was in progress restarts. The attempt is bounded: if a real-time thread
 * occupies the CPU it fails, and the caller retains the block. A CPU where the
 * thread may not run is fenced if no thread of the process may, and none does.
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
#define PINNED_PAUSE_NS 1000000L
#define PINNED_STACK ((size_t)16 << 10)

enum pinned_state {
	PINNED_CREATED,
	PINNED_READY,
	PINNED_GO,
	PINNED_DONE,
};

struct pinned {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct timespec deadline;
	enum pinned_state state; /* W under mutex */
	uint32_t cpu;
	bool was_there; /* W the thread */
};

/* Both hold the mutex when they change the state. */
static void pinned_set(struct pinned *pinned, enum pinned_state state)
{
	pinned->state = state;
	pthread_cond_signal(&pinned->changed);
}

static void *pinned_run(void *arg)
{
	struct pinned *pinned = arg;

	pthread_mutex_lock(&pinned->mutex);
	if (pinned->state == PINNED_CREATED)
		pinned_set(pinned, PINNED_READY);
	while (pinned->state == PINNED_READY)
		pthread_cond_wait(&pinned->changed, &pinned->mutex);
	pinned->was_there = sched_getcpu() == (int)pinned->cpu;
	pinned_set(pinned, PINNED_DONE);
	pthread_mutex_unlock(&pinned->mutex);
	return NULL;
}

/* With the mutex. False if the thread has not come to @state in time. */
static bool pinned_await(struct pinned *pinned, enum pinned_state state)
{
	int err = 0;

	while (pinned->state != state && !err)
		err = pthread_cond_timedwait(&pinned->changed, &pinned->mutex,
					     &pinned->deadline);
	return pinned->state == state;
}

static int pinned_move(pthread_t thread, uint32_t cpu)
{
	cpu_set_t *set = CPU_ALLOC(cpu + 1);
	size_t size = CPU_ALLOC_SIZE(cpu + 1);
	int err;

	if (!set)
		return ENOMEM;
	CPU_ZERO_S(size, set);
	CPU_SET_S(cpu, size, set);
	err = pthread_setaffinity_np(thread, size, set);
	CPU_FREE(set);
	return err;
}

/* Have the thread run on the CPU, which it may do. With the mutex. */
static bool pinned_visit(struct pinned *pinned, pthread_t thread)
{
	int here;

	pinned_set(pinned, PINNED_GO);
	if (pinned_await(pinned, PINNED_DONE))
		return pinned->was_there;
	here = sched_getcpu();
	if (here == (int)pinned->cpu)
		return true;
	/* It waits for its CPU: a thread that does not run moves at once. */
	if (here >= 0)
		(void)pinned_move(thread, (uint32_t)here);
	return false;
}

/* A thread that runs is moved soon after its mask was changed. */
static bool pinned_is_forbidden(const struct pinned *pinned)
{
	const struct timespec pause = { 0, PINNED_PAUSE_NS };
	uint64_t until = cpuslab_port_clock() + PINNED_NS;

	while (!cpuslab__tasks_elsewhere(pinned->cpu)) {
		if (cpuslab_port_clock() >= until)
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}

static bool pinned_fence(struct pinned *pinned, pthread_t thread)
{
	bool fenced = false, ready, may = false;

	pthread_mutex_lock(&pinned->mutex);
	ready = pinned_await(pinned, PINNED_READY);
	if (ready)
		may = !pinned_move(thread, pinned->cpu);
	if (may)
		fenced = pinned_visit(pinned, thread);
	else
		pinned_set(pinned, PINNED_GO);
	pthread_mutex_unlock(&pinned->mutex);
	pthread_join(thread, NULL);
	return fenced || (ready && !may && pinned_is_forbidden(pinned));
}

static void pinned_init(struct pinned *pinned, uint32_t cpu)
{
	pthread_condattr_t attr;

	memset(pinned, 0, sizeof(*pinned));
	pinned->cpu = cpu;
	pinned->deadline = cpuslab__deadline(CLOCK_MONOTONIC, PINNED_NS);
	pthread_mutex_init(&pinned->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&pinned->changed, &attr);
	pthread_condattr_destroy(&attr);
}

static bool pinned_try(struct pinned *pinned)
{
	const struct cpuslab__thread_config config = {
		.name = "cpuslab/fence",
		.stack = PINNED_STACK,
	};
	pthread_t thread;

	return !cpuslab__thread_create(&thread, &config, pinned_run, pinned) &&
	       pinned_fence(pinned, thread);
}

int cpuslab__fence_by_pinned_thread(uint32_t cpu)
{
	struct pinned pinned;
	bool fenced;
	int cancel;

	if (sched_getcpu() == (int)cpu)
		return CPUSLAB_OK;
	/* The thread uses our stack until it is joined. */
	cancel = cpuslab__cancel_disable();
	pinned_init(&pinned, cpu);
	fenced = pinned_try(&pinned);
	pthread_cond_destroy(&pinned.changed);
	pthread_mutex_destroy(&pinned.mutex);
	cpuslab__cancel_restore(cancel);
	return fenced ? CPUSLAB_OK : -CPUSLAB_EAGAIN;
}
