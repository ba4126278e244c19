/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_LIB_MUTEX_H
#define CPUSLAB_LIB_MUTEX_H
/*
 * mutex.h - a mutex that knows which thread holds it, so that a call from
 * inside a callback is refused instead of deadlocking.
 */

#include <cpuslab/port.h>

CPUSLAB_BEGIN

struct cpuslab__mutex {
	struct cpuslab_port_mutex port;
	const void *holder; /* W holder; R any */
};

CPUSLAB_INLINE bool cpuslab__mutex_is_lost(const struct cpuslab__mutex *mutex)
{
	return cpuslab_port_mutex_is_lost(&mutex->port);
}

/*
 * Does the caller hold it? Exact: no other thread stores the caller's id, but
 * for a thread that does not exist.
 */
CPUSLAB_INLINE bool cpuslab__mutex_is_held(const struct cpuslab__mutex *mutex)
{
	return cpuslab_load_relaxed_ptr(&mutex->holder) ==
		       cpuslab_port_thread_id() &&
	       !cpuslab__mutex_is_lost(mutex);
}

CPUSLAB_INLINE bool cpuslab__mutex_trylock(struct cpuslab__mutex *mutex)
{
	if (!cpuslab_port_mutex_trylock(&mutex->port))
		return false;
	cpuslab_store_relaxed_ptr(&mutex->holder, cpuslab_port_thread_id());
	return true;
}

CPUSLAB_INLINE void cpuslab__mutex_unlock(struct cpuslab__mutex *mutex)
{
	cpuslab_store_relaxed_ptr(&mutex->holder, NULL);
	cpuslab_port_mutex_unlock(&mutex->port);
}

/*
 * Lock. Returns -CPUSLAB_EBUSY to the holder, which calls from a callback, and
 * if the mutex is lost.
 */
CPUSLAB_INLINE int cpuslab__mutex_enter(struct cpuslab__mutex *mutex)
{
	if (cpuslab__mutex_is_held(mutex) ||
	    cpuslab_port_mutex_enter(&mutex->port))
		return -CPUSLAB_EBUSY;
	cpuslab_store_relaxed_ptr(&mutex->holder, cpuslab_port_thread_id());
	return CPUSLAB_OK;
}

CPUSLAB_END

#endif /* CPUSLAB_LIB_MUTEX_H */
