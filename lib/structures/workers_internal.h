/* SPDX-License-Identifier: MIT */
/*
 * workers_internal.h - what workers_thread.c needs of a worker set.
 */
#ifndef CPUSLAB_LIB_WORKERS_INTERNAL_H
#define CPUSLAB_LIB_WORKERS_INTERNAL_H

#include <cpuslab/workers.h>

/* Some worker that exists, or NULL. Under the domain's mutex. */
void *cpuslab__workers_any(const struct cpuslab_workers *workers);

/* Whether cpuslab_workers_work() would find a message now, or look for one. */
bool cpuslab__workers_has_message(const struct cpuslab_workers *workers,
				  uint32_t cpu);

#endif /* CPUSLAB_LIB_WORKERS_INTERNAL_H */
