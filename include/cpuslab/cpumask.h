/* SPDX-License-Identifier: MIT */
/*
 * cpumask.h - an immutable snapshot of a domain's CPUs.
 *
 * Count, bits and generation belong to one moment and never change. CPU
 * numbers are sparse: walk them with cpuslab_cpumask_next(), never from 0 to
 * the count.
 *
 *	set = cpuslab_cpumask_get(domain);
 *	for (cpu = cpuslab_cpumask_next(set, 0); cpu != CPUSLAB_NO_CPU;
 *	     cpu = cpuslab_cpumask_next(set, cpu + 1))
 *		...
 *	cpuslab_cpumask_put(set);
 */
#ifndef CPUSLAB_CPUMASK_H
#define CPUSLAB_CPUMASK_H

#include <cpuslab/base.h>

CPUSLAB_BEGIN

struct cpuslab_domain;
struct cpuslab_cpumask;

/**
 * cpuslab_cpumask_get() - the CPUs that are online in @domain now.
 *
 * A read section is held until cpuslab_cpumask_put(), on the same thread.
 *
 * Context: any. Never waits, never allocates.
 * Order:   acquire; sees what the clients did before the set was published.
 * Return:  the newest snapshot, never NULL.
 */
CPUSLAB_API const struct cpuslab_cpumask *
cpuslab_cpumask_get(const struct cpuslab_domain *domain);
CPUSLAB_API void cpuslab_cpumask_put(const struct cpuslab_cpumask *set);

/* How often the domain's set has changed when @set was made. */
CPUSLAB_API uint64_t
cpuslab_cpumask_generation(const struct cpuslab_cpumask *set);
/* How many CPUs are in @set. */
CPUSLAB_API uint32_t cpuslab_cpumask_count(const struct cpuslab_cpumask *set);
/* Is @cpu in @set? False for any number at or beyond the limit. */
CPUSLAB_API bool cpuslab_cpumask_has(const struct cpuslab_cpumask *set,
				     uint32_t cpu);
/* The first CPU >= @cpu in @set, or CPUSLAB_NO_CPU. */
CPUSLAB_API uint32_t cpuslab_cpumask_next(const struct cpuslab_cpumask *set,
					  uint32_t cpu);

CPUSLAB_END

#endif /* CPUSLAB_CPUMASK_H */
