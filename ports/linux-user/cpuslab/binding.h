/* SPDX-License-Identifier: MIT */
/*
 * binding.h - bind a thread to a CPU for as long as the process may use that
 * CPU.
 *
 * Linux keeps affinity per thread only: `taskset -a` changes threads one by one
 * and the kernel does not remember the request. A thread that pins itself in
 * the middle of that undoes it, and its mask then makes the CPU look usable to
 * the whole process. So the masks of bound threads do not count; the process
 * may use what its other threads may use. When a domain next resyncs, a thread
 * leaves a CPU that the process may not use any more.
 *
 * So at least one thread of the program must stay unbound: for instance the one
 * that dispatches hotplug events, or the hotplug's own.
 *
 * cpuslab_thread_ops (workers_thread.h) does all this. For workers that are
 * threads of your own:
 *
 *	create     the thread calls init first; create waits for that
 *	unpark     set to the CPU
 *	repair     the same: the CPU may have been offline unnoticed
 *	park       set to CPUSLAB_NO_CPU; its handler may go on for long
 *	destroy    the thread calls fini last
 *
 * Synchronization:
 *   init, fini     the thread itself
 *   set            any thread, one at a time, between these two
 */
#ifndef CPUSLAB_BINDING_H
#define CPUSLAB_BINDING_H

#include <cpuslab/base.h>

CPUSLAB_BEGIN

/* In the caller's memory. */
struct cpuslab_binding {
	struct cpuslab_binding *next; /* W under binding.c's mutex */
	int thread;                   /* W init */
	uint32_t process;             /* W init: the thread's */
};

/**
 * cpuslab_binding_init() - make the calling thread a bound thread.
 * @binding: in the caller's memory, of the calling thread.
 *
 * Context: a thread; not a signal handler.
 */
CPUSLAB_API void cpuslab_binding_init(struct cpuslab_binding *binding);

/**
 * cpuslab_binding_fini() - make the thread's mask count again.
 * @binding: in the caller's memory, of the calling thread.
 *
 * Context: the thread that called init; in a forked child, any thread.
 */
CPUSLAB_API void cpuslab_binding_fini(struct cpuslab_binding *binding);

/**
 * cpuslab_binding_set() - bind the thread to @cpu if the process may use it.
 * @binding: of any thread that has called init.
 * @cpu:     CPUSLAB_NO_CPU lets it run wherever the process may.
 *
 * Does nothing for a thread that is bound to @cpu already.
 *
 * Context: may sleep, allocates.
 * Return:  CPUSLAB_OK; -CPUSLAB_EACCES if the process may not use @cpu (any
 *          more), so the thread runs wherever the process may; -CPUSLAB_ENOMEM
 *          with nothing changed; -CPUSLAB_EINVAL if no system has such a CPU;
 *          -CPUSLAB_ENOENT in a child of the process that has the thread.
 */
CPUSLAB_API int cpuslab_binding_set(struct cpuslab_binding *binding,
				    uint32_t cpu);

CPUSLAB_END

#endif /* CPUSLAB_BINDING_H */
