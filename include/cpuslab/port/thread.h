/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_THREAD_H
#define CPUSLAB_THREAD_H
/*
 * thread.h - threads and events: what lib/structures/workers_thread.c asks of a
 * port in addition to port.h. A port without threads, or whose system parks
 * threads itself, needs neither file.
 *
 * The port's <cpuslab/port_thread.h> defines the two structures, which lie in
 * the caller's memory and never move, and CPUSLAB_PORT_THREAD_BINDS_SELF, 0 or
 * 1.
 */

#include <cpuslab/port.h>

CPUSLAB_BEGIN

struct cpuslab_port_event;
struct cpuslab_port_thread;

/*
 * ---- events ---------------------------------------------------------------
 */

/**
 * cpuslab_port_event_init() - an event that is not set.
 *
 * Context: may sleep, allocates.
 * Return:  CPUSLAB_OK; -CPUSLAB_EAGAIN without resources.
 */
int cpuslab_port_event_init(struct cpuslab_port_event *event);
void cpuslab_port_event_fini(struct cpuslab_port_event *event);

/**
 * cpuslab_port_event_set() - end one wait, now or later.
 *
 * Context: where cpuslab_workers_send() may be called. Never waits.
 * Order:   release; the wait that it ends sees what was written before.
 */
void cpuslab_port_event_set(struct cpuslab_port_event *event);

/**
 * cpuslab_port_event_wait() - sleep until the event is set, and reset it.
 *
 * Several calls of set before a wait may end several waits or one.
 *
 * Context: may sleep. One thread at a time.
 * Order:   acquire.
 */
void cpuslab_port_event_wait(struct cpuslab_port_event *event);

/*
 * ---- threads --------------------------------------------------------------
 */

/**
 * cpuslab_port_thread_start() - call @run(@arg) in a new thread, not yet bound.
 * @like: a thread whose signal mask, where there are such, the new one has
 *        too; NULL: the caller's.
 * @cpu:  for the thread's name, where it has one; or CPUSLAB_NO_CPU.
 *
 * Context: may sleep, allocates.
 * Return:  CPUSLAB_OK; -CPUSLAB_EAGAIN without resources.
 */
int cpuslab_port_thread_start(struct cpuslab_port_thread *thread,
			      const struct cpuslab_port_thread *like,
			      uint32_t cpu, void (*run)(void *arg), void *arg);

/**
 * cpuslab_port_thread_join() - wait for the end of @run and of the thread.
 *
 * Context: may sleep; another thread.
 */
void cpuslab_port_thread_join(struct cpuslab_port_thread *thread);

/**
 * cpuslab_port_thread_bind() - let the thread run on @cpu only.
 * @cpu: CPUSLAB_NO_CPU: wherever the system lets it.
 *
 * A request: a thread that may not be bound runs wherever the system lets it.
 *
 * Context: may sleep, allocates. The thread itself, where
 *          CPUSLAB_PORT_THREAD_BINDS_SELF; elsewhere any thread, one at a time,
 *          and the thread itself after a refusal.
 * Return:  false: refused; the thread itself asks again before its next work.
 */
bool cpuslab_port_thread_bind(struct cpuslab_port_thread *thread, uint32_t cpu);

/**
 * cpuslab_port_thread_pause() - wait some tens of nanoseconds.
 *
 * By the instruction that the CPU has for loops that wait, if any.
 *
 * Context: any.
 */
void cpuslab_port_thread_pause(void);

CPUSLAB_END

/*
 * Synchronization:
 *   set          concurrently with everything but init and fini
 *   the others   one thread at a time for each event or thread
 */

#endif /* CPUSLAB_THREAD_H */
