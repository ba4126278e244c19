/* SPDX-License-Identifier: MIT */
/*
 * platform.h - domains and slabs for the bodies; platform.c makes them on this
 * machine, platform_sim.c on simulated CPUs.
 */
#ifndef CPUSLAB_BENCH_PLATFORM_H
#define CPUSLAB_BENCH_PLATFORM_H

#include <cpuslab/cpuslab.h>

#include "bench.h"

/* A domain of @limit CPUs, of which two are in use, ours among them. */
struct cpuslab_domain *platform_domain(uint32_t limit);
/* The same, with all of them in use. */
struct cpuslab_domain *platform_domain_full(uint32_t limit);
/* At the largest limit, with the CPUs that this program may use. */
struct cpuslab_domain *platform_domain_real(void);
struct cpuslab_slab *platform_slab(struct cpuslab_domain *domain);

#define PLATFORM_LIMIT 8192u /* the largest of the real port */
#define PLATFORM_LIMITS 2, 64, 256, 1024, 4096, 8192

/* 64 bytes that are not zero, as an object's type. */
extern const struct cpuslab_type platform_template;

#endif /* CPUSLAB_BENCH_PLATFORM_H */
