/* SPDX-License-Identifier: MIT */
/*
 * cpuset.h - an immutable snapshot of a domain's processors.
 *
 * Count, bits and generation belong to one moment and never change. Processor
 * numbers are sparse: walk them with cpuslab_cpuset_next(), never from 0 to
 * the count.
 *
 *	set = cpuslab_cpuset_get(domain);
 *	for (cpu = cpuslab_cpuset_next(set, 0); cpu != CPUSLAB_NO_CPU;
 *	     cpu = cpuslab_cpuset_next(set, cpu + 1))
 *		...
 *	cpuslab_cpuset_put(set);
 */
#ifndef CPUSLAB_CPUSET_H
#define CPUSLAB_CPUSET_H

#include <cpuslab/base.h>

CPUSLAB_BEGIN

struct cpuslab_domain;
struct cpuslab_cpuset;

/**
 * cpuslab_cpuset_get() - the processors that are online in @domain now.
 *
 * A read section is held until cpuslab_cpuset_put(), on the same thread.
 *
 * Context: any. Never waits, never allocates.
 * Order:   acquire; sees what the clients did before the set was published.
 * Return:  the newest snapshot, never NULL.
 */
CPUSLAB_API const struct cpuslab_cpuset *
cpuslab_cpuset_get(const struct cpuslab_domain *domain);
CPUSLAB_API void cpuslab_cpuset_put(const struct cpuslab_cpuset *set);

/* How often the domain's set has changed when @set was made. */
CPUSLAB_API uint64_t
cpuslab_cpuset_generation(const struct cpuslab_cpuset *set);
/* How many processors are in @set. */
CPUSLAB_API uint32_t cpuslab_cpuset_count(const struct cpuslab_cpuset *set);
/* Is @cpu in @set? False for any number at or beyond the limit. */
CPUSLAB_API bool cpuslab_cpuset_has(const struct cpuslab_cpuset *set,
				    uint32_t cpu);
/* The first processor >= @cpu in @set, or CPUSLAB_NO_CPU. */
CPUSLAB_API uint32_t cpuslab_cpuset_next(const struct cpuslab_cpuset *set,
					 uint32_t cpu);

CPUSLAB_END

#endif /* CPUSLAB_CPUSET_H */
