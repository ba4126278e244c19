/* SPDX-License-Identifier: MIT */
/*
 * port_thread.h - a thread is a pthread, an event a semaphore.
 */
#ifndef CPUSLAB_PORT_THREAD_H
#define CPUSLAB_PORT_THREAD_H

#include <pthread.h>
#include <semaphore.h>

#include <cpuslab/binding.h>

#define CPUSLAB_PORT_THREAD_BINDS_SELF 0

struct cpuslab_port_event {
	sem_t semaphore;
};

struct cpuslab_port_thread {
	pthread_t thread;
	void (*run)(void *arg);
	void *arg;
	uint64_t signals[16];            /* W start: a sigset_t, to block */
	struct cpuslab_binding binding;  /* W the thread */
	struct cpuslab_port_event begun; /* binding is initialised */
};

#endif /* CPUSLAB_PORT_THREAD_H */
