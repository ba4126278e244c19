/* SPDX-License-Identifier: MIT */
/*
 * port_thread.h - handles of a thread and of an event.
 */
#ifndef CPUSLAB_PORT_THREAD_H
#define CPUSLAB_PORT_THREAD_H

#define CPUSLAB_PORT_THREAD_BINDS_SELF 0

struct cpuslab_port_event {
	void *handle;
};

struct cpuslab_port_thread {
	void *handle;
	void (*run)(void *arg);
	void *arg;
};

#endif /* CPUSLAB_PORT_THREAD_H */
