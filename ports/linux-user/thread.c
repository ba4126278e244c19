/* SPDX-License-Identifier: MIT */
/*
 * thread.c - threads and events, and how to keep the program's signal handlers
 * away from them.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#include <cpuslab/port_thread.h>
#include <cpuslab/port/thread.h>

#include "private.h"

void cpuslab__signals_block(sigset_t *before)
{
	static const int faults[] = { SIGSEGV, SIGBUS,  SIGFPE,
				      SIGILL,  SIGTRAP, SIGSYS };
	sigset_t others;
	size_t i;

	sigfillset(&others);
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigdelset(&others, faults[i]);
	pthread_sigmask(SIG_BLOCK, &others, before);
}

int cpuslab__thread_create(pthread_t *thread, const pthread_attr_t *attr,
			   void *(*run)(void *arg), void *arg)
{
	sigset_t before;
	int err;

	/* The thread inherits the mask. */
	cpuslab__signals_block(&before);
	err = pthread_create(thread, attr, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err ? -CPUSLAB_EAGAIN : CPUSLAB_OK;
}

int cpuslab_port_event_init(struct cpuslab_port_event *event)
{
	sem_init(&event->semaphore, 0, 0);
	return CPUSLAB_OK;
}

void cpuslab_port_event_fini(struct cpuslab_port_event *event)
{
	sem_destroy(&event->semaphore);
}

void cpuslab_port_event_set(struct cpuslab_port_event *event)
{
	sem_post(&event->semaphore);
}

void cpuslab_port_event_wait(struct cpuslab_port_event *event)
{
	while (sem_wait(&event->semaphore))
		continue;
}

static void *thread_run(void *arg)
{
	struct cpuslab_port_thread *thread = arg;

	cpuslab_binding_init(&thread->binding);
	cpuslab_port_event_set(&thread->begun);
	thread->run(thread->arg);
	cpuslab_binding_fini(&thread->binding);
	return NULL;
}

int cpuslab_port_thread_start(struct cpuslab_port_thread *thread, uint32_t cpu,
			      void (*run)(void *arg), void *arg)
{
	char name[16];
	int err;

	thread->run = run;
	thread->arg = arg;
	cpuslab_port_event_init(&thread->begun);
	err = cpuslab__thread_create(&thread->thread, NULL, thread_run, thread);
	if (err) {
		cpuslab_port_event_fini(&thread->begun);
		return err;
	}
	cpuslab_port_event_wait(&thread->begun);
	snprintf(name, sizeof(name), "cpuslab/%u", cpu % 10000000u);
	pthread_setname_np(thread->thread, name);
	return CPUSLAB_OK;
}

void cpuslab_port_thread_join(struct cpuslab_port_thread *thread)
{
	pthread_join(thread->thread, NULL);
	cpuslab_port_event_fini(&thread->begun);
}

void cpuslab_port_thread_bind(struct cpuslab_port_thread *thread, uint32_t cpu)
{
	(void)cpuslab_binding_set(&thread->binding, cpu);
}
