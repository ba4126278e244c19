/* SPDX-License-Identifier: MIT */
/*
 * mutex.c - a mutex is a synchronization event, so its memory may be freed as
 * soon as its last holder has taken it: no other thread is still inside the
 * release, which fast mutexes do not promise. A critical region keeps the
 * holder from being suspended.
 */
#include "kernel_private.h"

struct cpuslab_port_registry cpuslab_port_registry; /* W kernel_init */

CPUSLAB_STATIC_ASSERT(sizeof(KEVENT) <= sizeof(struct cpuslab_port_mutex),
		      "an event fits");

static PKEVENT mutex_event(struct cpuslab_port_mutex *mutex)
{
	return (PKEVENT)mutex->event;
}

int cpuslab_port_mutex_init(struct cpuslab_port_mutex *mutex,
			    enum cpuslab_port_rank rank)
{
	(void)rank;
	KeInitializeEvent(mutex_event(mutex), SynchronizationEvent, TRUE);
	return CPUSLAB_OK;
}

void cpuslab_port_mutex_fini(struct cpuslab_port_mutex *mutex)
{
	(void)mutex;
}

void cpuslab_port_mutex_lock(struct cpuslab_port_mutex *mutex)
{
	KeEnterCriticalRegion();
	KeWaitForSingleObject(mutex_event(mutex), Executive, KernelMode, FALSE,
			      NULL);
}

bool cpuslab_port_mutex_trylock(struct cpuslab_port_mutex *mutex)
{
	LARGE_INTEGER now;

	now.QuadPart = 0;
	KeEnterCriticalRegion();
	if (KeWaitForSingleObject(mutex_event(mutex), Executive, KernelMode,
				  FALSE, &now) == STATUS_SUCCESS)
		return true;
	KeLeaveCriticalRegion();
	return false;
}

void cpuslab_port_mutex_unlock(struct cpuslab_port_mutex *mutex)
{
	KeSetEvent(mutex_event(mutex), IO_NO_INCREMENT, FALSE);
	KeLeaveCriticalRegion();
}
