/* SPDX-License-Identifier: MIT */
/*
 * port_thread.h - a thread, and an event.
 */
#ifndef CPUSLAB_PORT_THREAD_H
#define CPUSLAB_PORT_THREAD_H

#include <stdint.h>

#define CPUSLAB_PORT_THREAD_BINDS_SELF 0

struct cpuslab_port_event {
	void *handle;
};

struct cpuslab_port_thread {
	void *pool; /* a PTP_POOL, of one thread */
	void *work; /* a PTP_WORK */
	void *handle;
	void *begun;    /* an event */
	uint32_t state; /* W start, thread */
	void (*run)(void *arg);
	void *arg;
};

#endif /* CPUSLAB_PORT_THREAD_H */
