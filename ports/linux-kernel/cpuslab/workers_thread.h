/* SPDX-License-Identifier: MIT */
/*
 * workers_thread.h - kernel threads as the workers of workers.h.
 *
 *	const struct cpuslab_workers_config config = {
 *		.ops = &cpuslab_thread_ops,
 *		.handle = handle,
 *		.capacity = 256,
 *	};
 *	err = cpuslab_workers_init(&workers, hp.domain, &config);
 *
 * A thread for each CPU, made and parked when it is prepared, named
 * "cpuslab/N", and bound to it when it is complete. It sleeps while there is
 * nothing to do; parked, it sleeps until its CPU returns.
 *
 * A handler runs in that thread: it may sleep, but not wait for the hotplug
 * lock (a removal, which holds it, waits for the handler). While the kernel
 * takes a CPU down its worker is moved, and works elsewhere until the
 * domain hears of the removal and parks it.
 *
 * cpuslab_workers_send() wakes with wake_up_process(): up to hard interrupts,
 * not in an NMI, nor with a runqueue locked.
 */
#ifndef CPUSLAB_WORKERS_THREAD_H
#define CPUSLAB_WORKERS_THREAD_H

#include <cpuslab/workers.h>

/* create: -ENOMEM, or what kthread_create_on_cpu() says. */
extern const struct cpuslab_workers_ops cpuslab_thread_ops;

#endif /* CPUSLAB_WORKERS_THREAD_H */
