// SPDX-License-Identifier: MIT
/*
 * mutex.c - the kernel's mutexes, with a lock class for each rank, so that
 * lockdep knows the order: the hotplug lock, domain, releasing, slab, registry,
 * list.
 */
#include <linux/lockdep.h>
#include <linux/mutex.h>

#include <cpuslab/port.h>

static struct lock_class_key mutex_keys[CPUSLAB_RANK_LIST + 1];
static const char *const mutex_names[CPUSLAB_RANK_LIST + 1] = {
	[CPUSLAB_RANK_DOMAIN] = "cpuslab domain",
	[CPUSLAB_RANK_RELEASE] = "cpuslab releasing",
	[CPUSLAB_RANK_SLAB] = "cpuslab slab",
	[CPUSLAB_RANK_LIST] = "cpuslab list",
};

struct cpuslab_port_registry cpuslab_port_registry = {
	.mutex.mutex = __MUTEX_INITIALIZER(cpuslab_port_registry.mutex.mutex),
};

int cpuslab_port_mutex_init(struct cpuslab_port_mutex *mutex,
			    enum cpuslab_port_rank rank)
{
	__mutex_init(&mutex->mutex, mutex_names[rank], &mutex_keys[rank]);
	return CPUSLAB_OK;
}

void cpuslab_port_mutex_fini(struct cpuslab_port_mutex *mutex)
{
	mutex_destroy(&mutex->mutex);
}

void cpuslab_port_mutex_lock(struct cpuslab_port_mutex *mutex)
{
	mutex_lock(&mutex->mutex);
}

/* An interrupt may have come while this CPU is unlocking it. */
bool cpuslab_port_mutex_trylock(struct cpuslab_port_mutex *mutex)
{
	lockdep_assert_once(in_task());
	return in_task() && mutex_trylock(&mutex->mutex);
}

void cpuslab_port_mutex_unlock(struct cpuslab_port_mutex *mutex)
{
	mutex_unlock(&mutex->mutex);
}
