/* SPDX-License-Identifier: MIT */
/*
 * workers_thread.h - threads as the workers of workers.h.
 *
 *	const struct cpuslab_workers_config config = {
 *		.ops = &cpuslab_thread_ops,
 *		.handle = handle,
 *		.capacity = 256,
 *	};
 *	cpuslab_workers_init(&workers, domain, &config);
 *
 * A thread for each CPU, made when it is prepared, named "cpuslab/N", with all
 * signals blocked, and bound to it when it runs (binding.h: one thread of the
 * program must not be bound); where it may not be bound (a cpuset forbids it,
 * or the number is simulated) it works where the process may. It sleeps while
 * there is nothing to do; parked, it sleeps until its CPU returns.
 *
 * cpuslab_workers_send() wakes with sem_post(): so it may be called in signal
 * handlers, too.
 *
 * Fork: a child has no workers; do not send there.
 */
#ifndef CPUSLAB_WORKERS_THREAD_H
#define CPUSLAB_WORKERS_THREAD_H

#include <cpuslab/workers.h>

CPUSLAB_BEGIN

/* create: -CPUSLAB_ENOMEM, or -CPUSLAB_EAGAIN without resources. */
CPUSLAB_API extern const struct cpuslab_workers_ops cpuslab_thread_ops;

CPUSLAB_END

#endif /* CPUSLAB_WORKERS_THREAD_H */
