/* SPDX-License-Identifier: MIT */
/*
 * mutex.c - mutexes whose holder no signal handler interrupts, and that are
 * free in a forked child.
 *
 * Handlers may fork, or never return (siglongjmp, pthread_exit), so all signals
 * are blocked while a mutex is held. Mutexes are unlocked in reverse order.
 *
 * All mutexes are in one list, in the order in which cpuslab takes them. A fork
 * takes them all, so that the child never inherits one that is held by a thread
 * it does not have. Users' callbacks take them in another order (a constructor
 * allocates from another slab), so a fork that cannot get one within 10 ms
 * drops all it holds and retries. A fork by the holder of a mutex (in a
 * constructor, say) does not take that one: the child's only thread holds it
 * and will unlock it.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <signal.h>
#include <time.h>

#include "private.h"

#define MUTEX_FORK_WAIT_NS 10000000L /* for one mutex, while holding others */
#define MUTEX_FORK_PAUSE_NS 1000000L /* lets other threads make progress */

CPUSLAB_STATIC_ASSERT(sizeof(sigset_t) <=
			      sizeof(((struct cpuslab_port_mutex *)0)->signals),
		      "a signal set fits");

static struct cpuslab_port_mutex mutex_list_lock = {
	.mutex = PTHREAD_MUTEX_INITIALIZER,
};
static struct cpuslab_port_mutex *mutex_list; /* W under mutex_list_lock */
/* No allocation on first use, which may be in a signal handler. */
static __thread char mutex_self __attribute__((tls_model("initial-exec")));

const void *cpuslab_port_thread_id(void)
{
	return &mutex_self;
}

static void mutex_taken(struct cpuslab_port_mutex *mutex,
			const sigset_t *before)
{
	cpuslab_store_relaxed_ptr(&mutex->holder, cpuslab_port_thread_id());
	memcpy(mutex->signals, before, sizeof(*before));
}

void cpuslab_port_mutex_lock(struct cpuslab_port_mutex *mutex)
{
	sigset_t before;

	cpuslab__signals_block(&before);
	pthread_mutex_lock(&mutex->mutex);
	mutex_taken(mutex, &before);
}

bool cpuslab_port_mutex_trylock(struct cpuslab_port_mutex *mutex)
{
	sigset_t before;

	cpuslab__signals_block(&before);
	if (pthread_mutex_trylock(&mutex->mutex)) {
		pthread_sigmask(SIG_SETMASK, &before, NULL);
		return false;
	}
	mutex_taken(mutex, &before);
	return true;
}

void cpuslab_port_mutex_unlock(struct cpuslab_port_mutex *mutex)
{
	sigset_t before;

	memcpy(&before, mutex->signals, sizeof(before));
	cpuslab_store_relaxed_ptr(&mutex->holder, NULL);
	pthread_mutex_unlock(&mutex->mutex);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void cpuslab__mutex_enlist(struct cpuslab_port_mutex *mutex)
{
	struct cpuslab_port_mutex **at = &mutex_list;

	cpuslab_port_mutex_lock(&mutex_list_lock);
	while (*at && (*at)->rank <= mutex->rank)
		at = &(*at)->next;
	mutex->next = *at;
	*at = mutex;
	cpuslab_port_mutex_unlock(&mutex_list_lock);
}

int cpuslab_port_mutex_init(struct cpuslab_port_mutex *mutex,
			    enum cpuslab_port_rank rank)
{
	cpuslab__linux_init();
	if (pthread_mutex_init(&mutex->mutex, NULL))
		return -CPUSLAB_ENOMEM;
	mutex->rank = rank;
	cpuslab__mutex_enlist(mutex);
	return CPUSLAB_OK;
}

void cpuslab_port_mutex_fini(struct cpuslab_port_mutex *mutex)
{
	struct cpuslab_port_mutex **at = &mutex_list;

	cpuslab_port_mutex_lock(&mutex_list_lock);
	while (*at != mutex)
		at = &(*at)->next;
	*at = mutex->next;
	cpuslab_port_mutex_unlock(&mutex_list_lock);
	pthread_mutex_destroy(&mutex->mutex);
}

bool cpuslab__mutex_any(void)
{
	const struct cpuslab_port_mutex *first =
		cpuslab_load_relaxed_ptr(&mutex_list);

	return first && first->rank != CPUSLAB_RANK_REGION;
}

static void mutex_kept(struct cpuslab_port_mutex *mutex)
{
	cpuslab_store_relaxed_ptr(&mutex->holder, cpuslab_port_thread_id());
	mutex->kept = true;
}

void cpuslab__mutex_keep(struct cpuslab_port_mutex *mutex)
{
	if (cpuslab_load_relaxed_ptr(&mutex->holder) ==
	    cpuslab_port_thread_id())
		return;
	pthread_mutex_lock(&mutex->mutex);
	mutex_kept(mutex);
}

void cpuslab__mutex_unkeep(struct cpuslab_port_mutex *mutex)
{
	if (!mutex->kept)
		return;
	mutex->kept = false;
	cpuslab_store_relaxed_ptr(&mutex->holder, NULL);
	pthread_mutex_unlock(&mutex->mutex);
}

/* As keep, but not for long. */
static bool mutex_keep_soon(struct cpuslab_port_mutex *mutex)
{
	struct timespec until;

	if (cpuslab_load_relaxed_ptr(&mutex->holder) ==
	    cpuslab_port_thread_id())
		return true;
	until = cpuslab__deadline(CLOCK_REALTIME, MUTEX_FORK_WAIT_NS);
	if (pthread_mutex_timedlock(&mutex->mutex, &until))
		return false;
	mutex_kept(mutex);
	return true;
}

/* All, or none and false. */
static bool mutex_keep_all(void)
{
	struct cpuslab_port_mutex *mutex;

	cpuslab__mutex_keep(&mutex_list_lock);
	for (mutex = mutex_list; mutex; mutex = mutex->next)
		if (!mutex_keep_soon(mutex)) {
			cpuslab__mutex_fork_done();
			return false;
		}
	return true;
}

void cpuslab__mutex_fork_prepare(void)
{
	const struct timespec pause = { 0, MUTEX_FORK_PAUSE_NS };

	while (!mutex_keep_all())
		nanosleep(&pause, NULL);
}

void cpuslab__mutex_fork_done(void)
{
	struct cpuslab_port_mutex *mutex;

	for (mutex = mutex_list; mutex; mutex = mutex->next)
		cpuslab__mutex_unkeep(mutex);
	cpuslab__mutex_unkeep(&mutex_list_lock);
}
