/* SPDX-License-Identifier: MIT */
/*
 * mutex.c - SRW locks, all of which are lost when the process ends: the system
 * has ended the other threads wherever they were.
 */
#include "user_private.h"

struct cpuslab_port_registry cpuslab_port_registry; /* SRWLOCK_INIT is 0 */

CPUSLAB_STATIC_ASSERT(sizeof(SRWLOCK) <= sizeof(struct cpuslab_port_mutex),
		      "a lock fits");

static SRWLOCK *mutex_lock_of(struct cpuslab_port_mutex *mutex)
{
	return (SRWLOCK *)&mutex->lock;
}

int cpuslab_port_mutex_init(struct cpuslab_port_mutex *mutex,
			    enum cpuslab_port_rank rank)
{
	(void)rank;
	cpuslab__win_groups();
	InitializeSRWLock(mutex_lock_of(mutex));
	return CPUSLAB_OK;
}

void cpuslab_port_mutex_fini(struct cpuslab_port_mutex *mutex)
{
	(void)mutex;
}

void cpuslab_port_mutex_lock(struct cpuslab_port_mutex *mutex)
{
	AcquireSRWLockExclusive(mutex_lock_of(mutex));
}

bool cpuslab_port_mutex_is_lost(const struct cpuslab_port_mutex *mutex)
{
	(void)mutex;
	return cpuslab__win_ends();
}

int cpuslab_port_mutex_enter(struct cpuslab_port_mutex *mutex)
{
	if (cpuslab__win_ends())
		return -CPUSLAB_EBUSY;
	cpuslab_port_mutex_lock(mutex);
	return CPUSLAB_OK;
}

bool cpuslab_port_mutex_trylock(struct cpuslab_port_mutex *mutex)
{
	return !cpuslab__win_ends() &&
	       TryAcquireSRWLockExclusive(mutex_lock_of(mutex));
}

void cpuslab_port_mutex_unlock(struct cpuslab_port_mutex *mutex)
{
	ReleaseSRWLockExclusive(mutex_lock_of(mutex));
}
