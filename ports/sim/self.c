/* SPDX-License-Identifier: MIT */
/*
 * self.c - the identity of the calling thread.
 */
#include "internal.h"

/* The task that this thread runs; NULL: it runs none. */
static _Thread_local struct sim_thread *thread_now;
static _Thread_local struct sim_thread thread_own;

void sim__thread_init(struct sim_thread *thread, unsigned int id, uint32_t cpu)
{
	memset(thread, 0, sizeof(*thread));
	thread->life = sim__life();
	thread->id = id;
	thread->cpu = cpu;
}

/* Nothing may outlive its thread that only the thread could give back. */
void sim__thread_fini(struct sim_thread *thread, const char *what)
{
	if (thread->held)
		sim__panicf("sim: %s %u ended with a mutex locked", what,
			    thread->id);
	if (sim__rcu_in_section(thread))
		sim__panicf("sim: %s %u ended inside a read section", what,
			    thread->id);
	sim__rcu_retire(thread);
}

struct sim_thread *sim__self(void)
{
	if (thread_now)
		return thread_now;
	/* What it had in an earlier simulation went with that. */
	if (thread_own.life != sim__life())
		sim__thread_init(&thread_own, 0, 0);
	return &thread_own;
}

void sim__self_set(struct sim_thread *thread)
{
	thread_now = thread == &thread_own ? NULL : thread;
}

static uint32_t self_process = 1;

uint32_t cpuslab_port_process_epoch(void)
{
	return self_process;
}

void sim_fork(void)
{
	self_process++;
}

const void *cpuslab_port_thread_id(void)
{
	return sim__self();
}
