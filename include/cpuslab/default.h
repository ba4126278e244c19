/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_DEFAULT_H
#define CPUSLAB_DEFAULT_H
/*
 * default.h - a slab that needs no setup, and objects that an initialiser
 * defines.
 *
 *	static struct cpuslab_counter hits = CPUSLAB_COUNTER_INIT("hits");
 *
 *	cpuslab_counter_add(&hits, 1);
 *
 * Such an object is a *named object*. It gets its copies in the default slab on
 * first use, and counts before that as well:
 *
 *	early word	what was counted before there were copies; an atomic
 *	copies		what was counted since
 *	sum		early word + copies
 *
 * The first add or sum makes the copies if its context may allocate: it
 * allocates memory, and in a process opens files. If it may not, it puts the
 * object on a list; then, and where there was no memory or another thread was
 * changing the slab, every 256th add tries again, and every sum. A try that may
 * allocate, and a call of cpuslab_default(), makes the copies of all on the
 * list. Copies are made in
 *
 *	a Linux process		a thread, unless it blocks a signal that has a
 *				handler, or a signal of a fault: it may be
 *				running that handler. Not known of a handler
 *				with SA_NODEFER or SA_RESETHAND: sum what it
 *				uses in a thread first
 *	the Linux kernel	a work item, which the first use queues
 *	a Windows driver	code at PASSIVE_LEVEL, after
 *				cpuslab_kernel_init()
 *
 * Code that holds a lock which malloc() takes, in an allocator or a hook of
 * malloc(), must not be the first to use a named object: the lock would be
 * taken twice. Such code must have summed each named object once before,
 * without the lock and before other threads use it.
 *
 * Named objects support adds and sums only, through the functions of their type
 * or through their handle, which must not be copied. The library's lists hold
 * the address of an object that has been used. So it must not be _Thread_local,
 * and its fini must be called before its memory ends: before its function
 * returns, it is freed, or its library is unloaded. The name is for metrics.h,
 * and for the log line about a lack of memory; statistics say "counter" and
 * "gauge". Not for objects that need a slab or a domain with options: use
 * cpuslab_counter_init().
 */

#include <cpuslab/slab.h>

CPUSLAB_BEGIN

/* Behind the handle and the slab of a named object. */
struct cpuslab__named {
	const char *name;     /* for messages; R any */
	cpuslab_word next;    /* links lists of them */
	cpuslab_word process; /* in which it is in a list; 0: in none */
};

/* The handle of a named object without copies. */
#define CPUSLAB__NAMED_HANDLE(kind)                                            \
	{                                                                      \
		NULL, 0, 0, NULL, 0, 0, 0, kind, 0, 0                          \
	}

/**
 * cpuslab_default() - get the default slab; the first call creates it.
 *
 * It is in a domain of its own, with the CPUs that are online; both are named
 * "default". Later CPUs work on the shared block in kernels, and are admitted
 * on first use in processes, until the domain has a hotplug:
 *
 *	domain = cpuslab_slab_domain(cpuslab_default());
 *	err = cpuslab_hotplug_create(&hotplug, domain, NULL);
 *
 * Each copy of the library has one. All named objects that have been used get
 * their copies before the call returns, if there is memory; but not in a
 * callback of the default slab, which leaves them to the next try.
 *
 * Context: may sleep, allocates.
 * Return:  the slab, the same until cpuslab_default_destroy(); NULL if there is
 *          no memory: a later call tries again.
 */
CPUSLAB_API CPUSLAB_PASSIVE struct cpuslab_slab *cpuslab_default(void);

/**
 * cpuslab_default_destroy() - destroy the default slab and its domain.
 *
 * A driver or plugin that contains the library must call it before it is
 * unloaded; other programs need not. Named objects keep what they have counted,
 * and may be used again afterwards, which makes a new slab. Where an object is
 * unloaded and the library stays, call the object's fini.
 *
 * Context: as cpuslab_slab_destroy(). No named object is in use; other objects
 *          of the slab, and a hotplug of the domain, have ended.
 */
CPUSLAB_API CPUSLAB_PASSIVE void cpuslab_default_destroy(void);

CPUSLAB_END

/*
 * Synchronization:
 *   default            any thread, concurrently with everything but destroy
 *   default_destroy    the caller excludes every use of the slab, of its
 *                      domain, and of named objects
 */

#endif /* CPUSLAB_DEFAULT_H */
