/* SPDX-License-Identifier: MIT */
/*
 * workers_thread.h - system threads as the workers of workers.h.
 *
 *	const struct cpuslab_workers_config config = {
 *		.ops = &cpuslab_thread_ops,
 *		.handle = handle,
 *		.capacity = 256,
 *	};
 *	err = cpuslab_workers_init(&workers, domain, &config);
 *
 * A thread for each processor: made in Start, which it refuses if there is
 * none; bound to its processor in Complete, not before, and at work from then
 * on; asleep while there is nothing to do. Parked, it sleeps until its
 * processor returns. It has ended when cpuslab_workers_fini()
 * returns, before DriverUnload.
 *
 * A handler runs there at PASSIVE_LEVEL and may wait, but not for somebody who
 * is in the processor change callback, or calls the domain.
 *
 * cpuslab_workers_send() wakes with KeSetEvent(): up to DISPATCH_LEVEL. An ISR
 * queues a DPC, which sends.
 */
#ifndef CPUSLAB_WORKERS_THREAD_H
#define CPUSLAB_WORKERS_THREAD_H

#include <cpuslab/nt.h>
#include <cpuslab/workers.h>

CPUSLAB_BEGIN

/* create: -CPUSLAB_ENOMEM, or -CPUSLAB_EAGAIN without a thread. */
CPUSLAB_API extern const struct cpuslab_workers_ops cpuslab_thread_ops;

CPUSLAB_END

#endif /* CPUSLAB_WORKERS_THREAD_H */
