/* SPDX-License-Identifier: MIT */
/*
 * port_thread.h - the handle of a system thread, and an event.
 */
#ifndef CPUSLAB_PORT_THREAD_H
#define CPUSLAB_PORT_THREAD_H

#include <stdint.h>

/* KeSetSystemGroupAffinityThread() is for the calling thread. */
#define CPUSLAB_PORT_THREAD_BINDS_SELF 1

struct cpuslab_port_event {
	uint64_t event[3]; /* a KEVENT, as thread.c asserts */
};

struct cpuslab_port_thread {
	void *handle;
	void (*run)(void *arg);
	void *arg;
};

#endif /* CPUSLAB_PORT_THREAD_H */
