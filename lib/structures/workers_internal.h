/* SPDX-License-Identifier: MIT */
/*
 * workers_internal.h - what workers_thread.c needs of a worker set.
 */
#ifndef CPUSLAB_LIB_WORKERS_INTERNAL_H
#define CPUSLAB_LIB_WORKERS_INTERNAL_H

#include <cpuslab/workers.h>

/* Some worker that exists, or NULL. Under the domain's mutex. */
void *cpuslab__workers_any(const struct cpuslab_workers *workers);

#endif /* CPUSLAB_LIB_WORKERS_INTERNAL_H */
