/* SPDX-License-Identifier: MIT */
/*
 * world.h - domains and slabs for the bodies; world.c makes them on this
 * machine, world_sim.c on simulated processors.
 */
#ifndef CPUSLAB_BENCH_WORLD_H
#define CPUSLAB_BENCH_WORLD_H

#include <cpuslab/cpuslab.h>

#include "bench.h"

/* A domain of @limit processors, of which two are in use, ours among them. */
struct cpuslab_domain *world_domain(uint32_t limit);
/* The same, with all of them in use. */
struct cpuslab_domain *world_domain_full(uint32_t limit);
/* At the largest limit, with the processors that this program may use. */
struct cpuslab_domain *world_domain_real(void);
struct cpuslab_slab *world_slab(struct cpuslab_domain *domain);

#define WORLD_LIMIT 8192u /* the largest of the real port */
#define WORLD_LIMITS 2, 64, 256, 1024, 4096, 8192

/* 64 bytes that are not zero, as an object's type. */
extern const struct cpuslab_type world_template;

#endif /* CPUSLAB_BENCH_WORLD_H */
