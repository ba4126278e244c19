/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_CPUMASK_H
#define CPUSLAB_CPUMASK_H
/*
 * cpumask.h - an immutable snapshot of the CPUs that are online in a domain.
 *
 * Count, bits and generation belong to one moment and never change. CPU numbers
 * are sparse: walk them with cpuslab_cpumask_next(), never from 0 to the count.
 *
 *	mask = cpuslab_cpumask_get(domain);
 *	for (cpu = cpuslab_cpumask_next(mask, 0); cpu != CPUSLAB_NO_CPU;
 *	     cpu = cpuslab_cpumask_next(mask, cpu + 1))
 *		...
 *	cpuslab_cpumask_put(mask);
 *
 * Not for finding out whether a CPU is online now: any CPU can go offline while
 * its bit is looked at.
 */

#include <cpuslab/base.h>

CPUSLAB_BEGIN

struct cpuslab_domain;
struct cpuslab_cpumask;

/**
 * cpuslab_cpumask_get() - take the newest snapshot of @domain's online CPUs.
 * @domain: whose CPUs.
 *
 * Enters a read section, which cpuslab_cpumask_put() exits on the same thread.
 *
 * Context: any. Never waits, never allocates.
 * Order:   acquire; sees what clients did before the snapshot was published.
 * Return:  the snapshot; never NULL.
 */
CPUSLAB_API CPUSLAB_READ_ENTER const struct cpuslab_cpumask *
cpuslab_cpumask_get(CPUSLAB_IN const struct cpuslab_domain *domain);

/**
 * cpuslab_cpumask_put() - end the use of a snapshot, and its read section.
 * @mask: from cpuslab_cpumask_get(), not yet put.
 *
 * Context: the thread that called cpuslab_cpumask_get().
 */
CPUSLAB_API CPUSLAB_READ_EXIT void
cpuslab_cpumask_put(CPUSLAB_IN const struct cpuslab_cpumask *mask);

/**
 * cpuslab_cpumask_generation() - how often the domain had changed by then.
 * @mask: from cpuslab_cpumask_get(), not yet put.
 *
 * Context: between get and put.
 * Return:  a number that grows by 1 with every CPU added or removed.
 */
CPUSLAB_API CPUSLAB_DISPATCH uint64_t
cpuslab_cpumask_generation(CPUSLAB_IN const struct cpuslab_cpumask *mask);

/**
 * cpuslab_cpumask_count() - how many CPUs are in @mask.
 * @mask: from cpuslab_cpumask_get(), not yet put.
 *
 * Context: between get and put.
 * Return:  the number of CPUs.
 */
CPUSLAB_API CPUSLAB_DISPATCH uint32_t
cpuslab_cpumask_count(CPUSLAB_IN const struct cpuslab_cpumask *mask);

/**
 * cpuslab_cpumask_has() - is @cpu in @mask?
 * @mask: from cpuslab_cpumask_get(), not yet put.
 * @cpu:  any number.
 *
 * Context: between get and put.
 * Return:  false also for a number at or beyond the limit.
 */
CPUSLAB_API CPUSLAB_DISPATCH bool
cpuslab_cpumask_has(CPUSLAB_IN const struct cpuslab_cpumask *mask,
		    uint32_t cpu);

/**
 * cpuslab_cpumask_next() - find the first CPU >= @cpu in @mask.
 * @mask: from cpuslab_cpumask_get(), not yet put.
 * @cpu:  any number.
 *
 * Context: between get and put.
 * Return:  a CPU number, or CPUSLAB_NO_CPU.
 */
CPUSLAB_API CPUSLAB_DISPATCH uint32_t cpuslab_cpumask_next(
	CPUSLAB_IN const struct cpuslab_cpumask *mask, uint32_t cpu);

CPUSLAB_END

/*
 * Synchronization: every call is safe against every other, and against changes
 * of the domain. The caller destroys the domain only after the last put.
 */

#endif /* CPUSLAB_CPUMASK_H */
