/* SPDX-License-Identifier: MIT */
/*
 * mutex.c - mutexes that a fork can reserve.
 *
 * No signal is blocked while a mutex is held, so a handler may interrupt the
 * holder: operations only try a mutex, and calls that lock one are not for
 * handlers. The holder cannot be cancelled. Mutexes are unlocked in reverse
 * order.
 *
 * @owner is 0, the holder's cpuslab_port_thread_id(), or MUTEX_RESERVED. A fork
 * reserves all mutexes (fork.c), so that its child finds none of them held by a
 * thread that does not exist there. The forking thread may lock a mutex that it
 * has reserved, because fork handlers of the program may call cpuslab. Another
 * thread waits for a while and then takes the mutex, because such a handler may
 * be waiting for that thread. If it still holds the mutex at the moment of the
 * fork, the mutex is lost to the child.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>

#include "private.h"

#define MUTEX_RESERVED ((uint64_t)1)
#define MUTEX_LOOK_NS 100000000L

__thread struct cpuslab__thread cpuslab__thread CPUSLAB__TLS_MODEL;

static uint32_t mutex_count; /* initialised, and not statically; W, R any */

const void *cpuslab_port_thread_id(void)
{
	return &cpuslab__thread;
}

static uint64_t mutex_self(void)
{
	return (uint64_t)(uintptr_t)&cpuslab__thread;
}

static bool mutex_change(struct cpuslab_port_mutex *mutex, uint64_t from,
			 uint64_t to)
{
	return cpuslab_cas_u64(&mutex->owner, &from, to);
}

bool cpuslab__mutex_is_mine(const struct cpuslab_port_mutex *mutex)
{
	return cpuslab_load_relaxed_u64(&mutex->owner) == mutex_self();
}

/* Take it if that is possible at once. */
static bool mutex_try(struct cpuslab_port_mutex *mutex)
{
	if (mutex_change(mutex, 0, mutex_self()))
		return true;
	if (!cpuslab__fork_is_mine() ||
	    !mutex_change(mutex, MUTEX_RESERVED, mutex_self()))
		return false;
	mutex->reserve = true;
	return true;
}

/*
 * Wait until it is unlocked or no longer reserved. False if the fork that has
 * reserved it takes too long.
 */
static bool mutex_wait_turn(struct cpuslab_port_mutex *mutex, uint32_t turn,
			    uint32_t forks)
{
	if (cpuslab_load_relaxed_u64(&mutex->owner) == MUTEX_RESERVED)
		return cpuslab__fork_wait(forks);
	/* Not for long: the holder may change. */
	cpuslab__futex_wait(&mutex->turn, turn, MUTEX_LOOK_NS);
	return true;
}

static void mutex_wait(struct cpuslab_port_mutex *mutex)
{
	uint32_t turn, forks;

	cpuslab__fork_check();
	cpuslab_fetch_add_u32(&mutex->waiters, 1);
	do {
		turn = cpuslab_load_acquire_u32(&mutex->turn);
		forks = cpuslab__fork_turn();
	} while (!mutex_try(mutex) &&
		 (mutex_wait_turn(mutex, turn, forks) ||
		  !mutex_change(mutex, MUTEX_RESERVED, mutex_self())));
	cpuslab_fetch_add_u32(&mutex->waiters, (uint32_t)-1);
}

static bool mutex_lock(struct cpuslab_port_mutex *mutex, bool wait)
{
	int cancel;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	if (!mutex_try(mutex)) {
		if (!wait) {
			pthread_setcancelstate(cancel, NULL);
			return false;
		}
		mutex_wait(mutex);
	}
	mutex->cancel = cancel;
	cpuslab__thread.held++;
	return true;
}

void cpuslab_port_mutex_lock(struct cpuslab_port_mutex *mutex)
{
	/* A holder is let through: it may hold what the fork awaits. */
	if (!cpuslab__thread.held)
		cpuslab__fork_let_pass();
	mutex_lock(mutex, true);
}

bool cpuslab_port_mutex_trylock(struct cpuslab_port_mutex *mutex)
{
	return !mutex->lost && mutex_lock(mutex, false);
}

bool cpuslab_port_mutex_is_lost(const struct cpuslab_port_mutex *mutex)
{
	if (cpuslab_load_relaxed_u64(&mutex->owner))
		cpuslab__fork_check();
	return mutex->lost;
}

/* As turn changes before waiters is read, no waiter is missed. */
static void mutex_give(struct cpuslab_port_mutex *mutex, uint64_t owner)
{
	cpuslab_exchange_u64(&mutex->owner, owner);
	if (!cpuslab_fetch_add_u32(&mutex->waiters, 0))
		return;
	cpuslab_fetch_add_u32(&mutex->turn, 1);
	cpuslab__futex_wake(&mutex->turn, 1);
}

void cpuslab_port_mutex_unlock(struct cpuslab_port_mutex *mutex)
{
	bool reserve = mutex->reserve && cpuslab__fork_is_mine();
	int cancel = mutex->cancel;

	mutex->reserve = false;
	mutex_give(mutex, reserve ? MUTEX_RESERVED : 0);
	cpuslab__thread.held--;
	pthread_setcancelstate(cancel, NULL);
}

void cpuslab_port_cancel_point(void)
{
	pthread_testcancel();
}

int cpuslab_port_mutex_init(struct cpuslab_port_mutex *mutex,
			    enum cpuslab_port_rank rank)
{
	(void)rank;
	cpuslab__linux_init();
	memset(mutex, 0, sizeof(*mutex));
	cpuslab__fork_enlist(mutex);
	cpuslab_fetch_add_u32(&mutex_count, 1);
	return CPUSLAB_OK;
}

void cpuslab_port_mutex_fini(struct cpuslab_port_mutex *mutex)
{
	cpuslab__fork_delist(mutex);
	cpuslab_fetch_add_u32(&mutex_count, (uint32_t)-1);
}

bool cpuslab__mutex_any(void)
{
	return cpuslab_load_relaxed_u32(&mutex_count);
}

/* ---- around a fork ------------------------------------------------------ */

bool cpuslab__mutex_reserve(struct cpuslab_port_mutex *mutex)
{
	uint64_t owner = cpuslab_load_relaxed_u64(&mutex->owner);

	return mutex->lost || owner == mutex_self() ||
	       owner == MUTEX_RESERVED ||
	       mutex_change(mutex, 0, MUTEX_RESERVED);
}

void cpuslab__mutex_unreserve(struct cpuslab_port_mutex *mutex)
{
	mutex_change(mutex, MUTEX_RESERVED, 0);
}

void cpuslab__mutex_fork_child(struct cpuslab_port_mutex *mutex)
{
	uint64_t owner = cpuslab_load_relaxed_u64(&mutex->owner);

	mutex->waiters = 0;
	if (owner == mutex_self())
		return;
	mutex->lost |= owner && owner != MUTEX_RESERVED;
	mutex->owner = 0;
}
