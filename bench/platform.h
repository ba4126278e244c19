/* SPDX-License-Identifier: MIT */
/*
 * platform.h - domains and slabs for the bodies: by platform.c on this machine,
 * by platform_sim.c on simulated CPUs.
 */
#ifndef CPUSLAB_BENCH_PLATFORM_H
#define CPUSLAB_BENCH_PLATFORM_H

#include <cpuslab/cpuslab.h>

#include "bench.h"

/* A domain of @limit CPUs; two are in use, one of them the caller's. */
struct cpuslab_domain *platform_domain(uint32_t limit);
/* A domain of @limit CPUs, all in use. */
struct cpuslab_domain *platform_domain_full(uint32_t limit);
/* A domain with the largest limit and the CPUs that this program may use. */
struct cpuslab_domain *platform_domain_real(void);
struct cpuslab_slab *platform_slab(struct cpuslab_domain *domain);

/* A copy of an object that nothing else uses now, to write to. */
static inline void *platform_copy(const struct cpuslab_percpu *handle,
				  uint32_t cpu)
{
	return (void *)(uintptr_t)cpuslab_remote(handle, cpu);
}

#define PLATFORM_LIMIT 8192u /* the largest of the real port */
#define PLATFORM_LIMITS 2, 64, 256, 1024, 4096, 8192

/* The type of an object of 64 bytes that are not zero at first. */
extern const struct cpuslab_type platform_template;

#endif /* CPUSLAB_BENCH_PLATFORM_H */
