/* SPDX-License-Identifier: MIT */
/*
 * rcu.c - callbacks after a grace period.
 *
 * The holder of rcu_batch_mutex takes what is queued, waits for a grace period
 * and runs it: the thread of rcu_thread.c, or a barrier. A grace period waits
 * for read sections (read.c) and restarts sums (sum.c).
 *
 * A fork does not wait for a grace period. Its child finds the callbacks that
 * have not run in rcu_batch and in the queue, and runs them after one of its
 * own.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <cpuslab/port/rcu_queue.h>

#include "private.h"

static struct cpuslab__rcu_queue rcu_queue;
static struct cpuslab_port_mutex rcu_batch_mutex; /* no fork awaits it */
static struct cpuslab_port_mutex rcu_grace_mutex; /* as above; taken second */
/* W batch and call mutex. */
static struct cpuslab_rcu *rcu_batch;
static uint32_t rcu_calls; /* begun and ended; W call mutex, R any */
/* Held while rcu_batch changes and a callback runs. */
struct cpuslab_port_mutex cpuslab__rcu_call_mutex = {
	.next = &cpuslab_port_registry.mutex,
};

/* Not while a fork waits; false if it is lost. */
static bool rcu_call_lock(void)
{
	cpuslab__fork_let_pass();
	return !cpuslab_port_mutex_enter(&cpuslab__rcu_call_mutex);
}

/* Move what is queued to the end of the batch, which a fork may have left. */
static bool rcu_take(void)
{
	struct cpuslab_rcu **at = &rcu_batch;

	if (!rcu_call_lock())
		return false;
	while (*at)
		at = (struct cpuslab_rcu **)&(*at)->port[0];
	cpuslab_store_relaxed_ptr(at, cpuslab__rcu_queue_take(&rcu_queue));
	cpuslab_port_mutex_unlock(&cpuslab__rcu_call_mutex);
	return true;
}

/* Run the oldest callback, which may free its struct. */
static bool rcu_call_oldest(void)
{
	struct cpuslab_rcu *rcu = rcu_batch;

	if (!rcu_call_lock())
		return false;
	cpuslab_store_relaxed_ptr(&rcu_batch,
				  (struct cpuslab_rcu *)rcu->port[0]);
	cpuslab_store_relaxed_u32(&rcu_calls, rcu_calls + 1);
	rcu->call(rcu);
	cpuslab_store_relaxed_u32(&rcu_calls, rcu_calls + 1);
	cpuslab_port_mutex_unlock(&cpuslab__rcu_call_mutex);
	return true;
}

static bool rcu_lock(struct cpuslab_port_mutex *mutex, bool wait)
{
	return wait ? !cpuslab_port_mutex_enter(mutex) :
		      cpuslab_port_mutex_trylock(mutex);
}

/* No callback runs under its mutex, so it waits for sections only. */
static bool rcu_wait(bool wait)
{
	bool ended;

	if (!rcu_lock(&rcu_grace_mutex, wait))
		return false;
	cpuslab__process_renew();
	ended = cpuslab__read_wait();
	cpuslab_port_mutex_unlock(&rcu_grace_mutex);
	return ended;
}

static bool rcu_run_batch(bool wait)
{
	if (!rcu_take())
		return false;
	if (!rcu_batch)
		return true;
	if (!rcu_wait(wait) || !cpuslab__sums_restart())
		return false;
	while (rcu_batch)
		if (!rcu_call_oldest())
			return false;
	return true;
}

bool cpuslab__rcu_run_batch(bool wait)
{
	bool done;

	if (!rcu_lock(&rcu_batch_mutex, wait))
		return false;
	done = rcu_run_batch(wait);
	cpuslab_port_mutex_unlock(&rcu_batch_mutex);
	return done;
}

uint32_t cpuslab__rcu_calls(void)
{
	return cpuslab_load_relaxed_u32(&rcu_calls);
}

bool cpuslab__rcu_has_work(void)
{
	return cpuslab__rcu_queue_has(&rcu_queue) ||
	       cpuslab_load_relaxed_ptr(&rcu_batch);
}

void cpuslab_port_call_rcu(struct cpuslab_rcu *rcu,
			   void (*call)(struct cpuslab_rcu *rcu))
{
	cpuslab__fork_check();
	cpuslab__rcu_queue_push(&rcu_queue, rcu, call);
	cpuslab__rcu_thread_wake();
}

int cpuslab_port_rcu_wait(void)
{
	if (cpuslab__read_inside())
		return -CPUSLAB_EBUSY;
	return rcu_wait(true) ? CPUSLAB_OK : -CPUSLAB_EAGAIN;
}

int cpuslab_port_rcu_barrier(void)
{
	if (cpuslab__read_inside())
		return -CPUSLAB_EBUSY;
	return cpuslab__rcu_run_batch(true) ? CPUSLAB_OK : -CPUSLAB_EAGAIN;
}

void cpuslab__rcu_fork_child(void)
{
	if (!cpuslab__mutex_is_mine(&cpuslab__rcu_call_mutex))
		rcu_calls = 0;
	if (!cpuslab__mutex_is_mine(&rcu_batch_mutex))
		memset(&rcu_batch_mutex, 0, sizeof(rcu_batch_mutex));
	if (!cpuslab__mutex_is_mine(&rcu_grace_mutex))
		memset(&rcu_grace_mutex, 0, sizeof(rcu_grace_mutex));
}
