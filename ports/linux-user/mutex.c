/* SPDX-License-Identifier: MIT */
/*
 * mutex.c - mutexes that a fork can reserve.
 *
 * A mutex blocks no signal, so a handler may interrupt the holder: operations
 * only try a mutex, with signals blocked (create.c), and no handler calls what
 * locks one. The holder cannot be cancelled. Mutexes are unlocked in reverse
 * order.
 *
 * @owner is 0, MUTEX_RESERVED, or the holder's cpuslab_port_thread_id() with
 * MUTEX_CONTENDED if a thread may be waiting. A thread that waits sleeps until
 * the lower half of @owner changes. What follows the unlock does not access the
 * mutex, which the next holder may free.
 *
 * A fork reserves all mutexes (fork.c), so that its child finds none of them
 * held by a thread that does not exist there. The forking thread may lock a
 * mutex that it has reserved, because fork handlers of the program may call
 * cpuslab. Another thread waits for a while and then takes the mutex, because
 * such a handler may be waiting for that thread. If it still holds the mutex at
 * the moment of the fork, the mutex is lost to the child.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>

#include "private.h"

#define MUTEX_RESERVED ((uint64_t)1)
#define MUTEX_CONTENDED ((uint64_t)2) /* a thread is aligned */
#define MUTEX_LOOK_NS 100000000L

__thread struct cpuslab__thread cpuslab__thread CPUSLAB__TLS_MODEL;

struct cpuslab_port_registry cpuslab_port_registry;

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
	return (cpuslab_load_relaxed_u64(&mutex->owner) & ~MUTEX_CONTENDED) ==
	       mutex_self();
}

static uint32_t *mutex_lower_half(struct cpuslab_port_mutex *mutex)
{
	const uint32_t one = 1;

	return (uint32_t *)&mutex->owner + !*(const uint8_t *)&one;
}

/* Take it if that is possible at once. */
static bool mutex_try(struct cpuslab_port_mutex *mutex, uint64_t owner)
{
	if (mutex_change(mutex, 0, owner))
		return true;
	if (!cpuslab__fork_is_mine() ||
	    !mutex_change(mutex, MUTEX_RESERVED, owner))
		return false;
	mutex->reserve = true;
	return true;
}

/* Wait until its holder unlocks it; not for long, as forks change it too. */
static void mutex_wait_holder(struct cpuslab_port_mutex *mutex, uint64_t owner)
{
	uint64_t contended = owner | MUTEX_CONTENDED;

	if (owner == contended || mutex_change(mutex, owner, contended))
		cpuslab__futex_wait(mutex_lower_half(mutex),
				    (uint32_t)contended, MUTEX_LOOK_NS);
}

/* Taken as contended, because other threads may be waiting as well. */
static void mutex_wait(struct cpuslab_port_mutex *mutex)
{
	uint64_t mine = mutex_self() | MUTEX_CONTENDED, owner;
	uint32_t forks = cpuslab__fork_turn();

	while (!mutex_try(mutex, mine)) {
		cpuslab__fork_check(); /* a handler may have forked */
		owner = cpuslab_load_relaxed_u64(&mutex->owner);
		if (owner == MUTEX_RESERVED) {
			/* A fork that takes too long does without it. */
			if (!cpuslab__fork_wait(forks) &&
			    mutex_change(mutex, MUTEX_RESERVED, mine))
				return;
		} else if (owner) {
			mutex_wait_holder(mutex, owner);
		}
		forks = cpuslab__fork_turn();
	}
}

static bool mutex_take(struct cpuslab_port_mutex *mutex, bool wait)
{
	cpuslab__fork_check();
	/* A holder is let through: it may hold what the fork awaits. */
	if (wait && !cpuslab__thread.held)
		cpuslab__fork_let_pass();
	if (mutex_try(mutex, mutex_self()))
		return true;
	if (wait)
		mutex_wait(mutex);
	return wait;
}

static bool mutex_lock(struct cpuslab_port_mutex *mutex, bool wait)
{
	int cancel = cpuslab__cancel_disable();

	if (wait)
		cpuslab__registration_log();
	if (!mutex_take(mutex, wait)) {
		cpuslab__cancel_restore(cancel);
		return false;
	}
	mutex->cancel = cancel;
	cpuslab__thread.held++;
	return true;
}

/* Tested last, because a handler may fork at any moment before. */
static bool mutex_lock_unless_lost(struct cpuslab_port_mutex *mutex, bool wait)
{
	if (!mutex_lock(mutex, wait))
		return false;
	if (!mutex->lost)
		return true;
	cpuslab_port_mutex_unlock(mutex);
	return false;
}

void cpuslab_port_mutex_lock(struct cpuslab_port_mutex *mutex)
{
	mutex_lock(mutex, true);
}

bool cpuslab_port_mutex_trylock(struct cpuslab_port_mutex *mutex)
{
	return mutex_lock_unless_lost(mutex, false);
}

int cpuslab_port_mutex_enter(struct cpuslab_port_mutex *mutex)
{
	return !cpuslab__mutex_is_mine(mutex) &&
			       mutex_lock_unless_lost(mutex, true) ?
		       CPUSLAB_OK :
		       -CPUSLAB_EBUSY;
}

bool cpuslab_port_mutex_is_lost(const struct cpuslab_port_mutex *mutex)
{
	if (cpuslab_load_relaxed_u64(&mutex->owner))
		cpuslab__fork_check();
	return mutex->lost;
}

void cpuslab_port_mutex_unlock(struct cpuslab_port_mutex *mutex)
{
	bool reserve = mutex->reserve && cpuslab__fork_is_mine();
	uint32_t *half = mutex_lower_half(mutex);
	int cancel = mutex->cancel;

	mutex->reserve = false;
	if (cpuslab_exchange_u64(&mutex->owner, reserve ? MUTEX_RESERVED : 0) &
	    MUTEX_CONTENDED)
		cpuslab__futex_wake(half, 1);
	cpuslab__thread.held--;
	cpuslab__cancel_restore(cancel);
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
	return mutex->lost || cpuslab__mutex_is_mine(mutex) ||
	       cpuslab_load_relaxed_u64(&mutex->owner) == MUTEX_RESERVED ||
	       mutex_change(mutex, 0, MUTEX_RESERVED);
}

void cpuslab__mutex_unreserve(struct cpuslab_port_mutex *mutex)
{
	mutex_change(mutex, MUTEX_RESERVED, 0);
}

void cpuslab__mutex_fork_child(struct cpuslab_port_mutex *mutex)
{
	uint64_t owner = cpuslab_load_relaxed_u64(&mutex->owner);

	if (cpuslab__mutex_is_mine(mutex))
		return;
	mutex->lost |= owner && owner != MUTEX_RESERVED;
	/* Last, because a child may be forked that begins again. */
	cpuslab_store_release_u64(&mutex->owner, 0);
}
