/* SPDX-License-Identifier: MIT */
/*
 * binding.h - bind a thread to a CPU for as long as the process may use
 * that.
 *
 * Where a process may run is, on Linux, where any of its threads may run: the
 * administrator narrows one thread after the other ("taskset -a"), and nobody
 * keeps what he said. A thread that binds itself undoes that for itself, if it
 * does so at the wrong moment; and then keeps the CPU for the process, as
 * its own mask says that it may be used. So the masks of bound threads do not
 * count: what the others may use is what the process may use. A CPU that
 * was taken is left by its thread when a domain next looks.
 *
 * So at least one thread of the program must stay where all of it may run: the
 * one that dispatches the hotplug, or the hotplug's own.
 *
 * cpuslab_thread_ops (thread.h) does all this. For workers that are threads of
 * yours:
 *
 *	create     the thread calls init first; create waits for that
 *	unpark     set to the CPU
 *	resynced   the same: it may have gone and returned unseen
 *	park       set to CPUSLAB_NO_CPU, when it is parked
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
};

/**
 * cpuslab_binding_init() - the calling thread is one that is bound from now on.
 *
 * Context: a thread; not a signal handler.
 */
CPUSLAB_API void cpuslab_binding_init(struct cpuslab_binding *binding);

/**
 * cpuslab_binding_fini() - its mask counts again.
 *
 * Context: the thread that called init; in a child that was forked since, any.
 */
CPUSLAB_API void cpuslab_binding_fini(struct cpuslab_binding *binding);

/**
 * cpuslab_binding_set() - let the thread run on @cpu only, if the process may.
 * @cpu: CPUSLAB_NO_CPU: wherever the process may.
 *
 * Nothing is done for a thread that is bound to @cpu already.
 *
 * Context: may sleep, allocates.
 * Return:  CPUSLAB_OK; -CPUSLAB_EACCES: the process may not use @cpu (any
 *          more), so the thread runs wherever it may; -CPUSLAB_ENOMEM: nothing
 *          has changed; -CPUSLAB_EINVAL: no system has such a CPU.
 */
CPUSLAB_API int cpuslab_binding_set(struct cpuslab_binding *binding,
				    uint32_t cpu);

CPUSLAB_END

#endif /* CPUSLAB_BINDING_H */
