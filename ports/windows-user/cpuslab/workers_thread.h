/* SPDX-License-Identifier: MIT */
/*
 * workers_thread.h - threads as the workers of workers.h.
 *
 *	const struct cpuslab_workers_config config = {
 *		.ops = &cpuslab_thread_ops,
 *		.handle = handle,
 *		.capacity = 256,
 *	};
 *	err = cpuslab_workers_init(&workers, domain, &config);
 *
 * A thread for each processor, made when it is prepared, and bound to it, by
 * group and number, when it runs; where it may not be bound it works where the
 * system lets it. It sleeps while there is nothing to do; parked, it sleeps
 * until its processor returns.
 *
 * cpuslab_workers_send() wakes with SetEvent(): from any thread.
 */
#ifndef CPUSLAB_WORKERS_THREAD_H
#define CPUSLAB_WORKERS_THREAD_H

#include <cpuslab/workers.h>

CPUSLAB_BEGIN

/* create: -CPUSLAB_ENOMEM, or -CPUSLAB_EAGAIN without resources. */
CPUSLAB_API extern const struct cpuslab_workers_ops cpuslab_thread_ops;

CPUSLAB_END

#endif /* CPUSLAB_WORKERS_THREAD_H */
