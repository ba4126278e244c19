/* SPDX-License-Identifier: MIT */
/*
 * mutex.c - mutexes between tasks, with the mistakes that a real one hides.
 */
#include "internal.h"

static unsigned int mutex_count;

struct cpuslab_port_registry cpuslab_port_registry;

void sim__mutex_init(void)
{
	memset(&cpuslab_port_registry, 0, sizeof(cpuslab_port_registry));
	cpuslab_port_registry.mutex.life = sim__life();
	cpuslab_port_registry.mutex.rank = CPUSLAB_RANK_REGISTRY;
	mutex_count = 0;
}

unsigned int sim__mutex_count(void)
{
	return mutex_count;
}

int cpuslab_port_mutex_init(struct cpuslab_port_mutex *mutex,
			    enum cpuslab_port_rank rank)
{
	sim__need_init();
	if (sim__alloc_fails())
		return -CPUSLAB_ENOMEM;
	memset(mutex, 0, sizeof(*mutex));
	mutex->life = sim__life();
	mutex->rank = rank;
	mutex_count++;
	return CPUSLAB_OK;
}

static void mutex_check(const struct cpuslab_port_mutex *mutex)
{
	if (mutex->life != sim__life())
		sim__panicf("sim: a mutex is used that was not initialised");
}

static void mutex_check_taking(const struct cpuslab_port_mutex *mutex)
{
	mutex_check(mutex);
	if (!cpuslab_port_may_sleep())
		sim__panicf(
			"sim: a mutex is taken where the thread may not sleep");
}

void cpuslab_port_mutex_fini(struct cpuslab_port_mutex *mutex)
{
	mutex_check(mutex);
	if (mutex->holder)
		sim__panicf("sim: a locked mutex is taken down");
	mutex->life = 0;
	mutex_count--;
}

static void mutex_take(struct cpuslab_port_mutex *mutex,
		       struct sim_thread *self)
{
	mutex->holder = self;
	mutex->held = self->held;
	self->held = mutex;
	sim_order_acquire(mutex);
}

void cpuslab_port_mutex_lock(struct cpuslab_port_mutex *mutex)
{
	struct sim_thread *self = sim__self();
	const struct cpuslab_port_mutex *held;

	mutex_check_taking(mutex);
	sim__point();
	if (mutex->holder == self)
		sim__panicf("sim: a mutex is locked by its own holder");
	for (held = self->held; held; held = held->held)
		if (held->rank >= mutex->rank)
			sim__panicf("sim: a mutex of rank %u is locked under "
				    "one of rank %u",
				    mutex->rank, held->rank);
	while (mutex->holder) {
		if (!sim__sched_active() || self->below)
			sim__panicf("sim: a mutex would be waited for that "
				    "nobody can unlock");
		self->wait_mutex = mutex;
		sim__sched_block();
		self->wait_mutex = NULL;
	}
	mutex_take(mutex, self);
	sim__point();
}

bool cpuslab_port_mutex_trylock(struct cpuslab_port_mutex *mutex)
{
	mutex_check_taking(mutex);
	sim__point();
	if (mutex->holder)
		return false;
	mutex_take(mutex, sim__self());
	sim__point();
	return true;
}

void cpuslab_port_mutex_unlock(struct cpuslab_port_mutex *mutex)
{
	struct sim_thread *self = sim__self();
	struct cpuslab_port_mutex **at = &self->held;

	if (mutex->holder != self)
		sim__panicf("sim: a mutex is unlocked by somebody else");
	sim__point();
	while (*at != mutex)
		at = &(*at)->held;
	*at = mutex->held;
	mutex->held = NULL;
	sim_order_release(mutex);
	mutex->holder = NULL;
	sim__point();
}
