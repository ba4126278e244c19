// SPDX-License-Identifier: MIT
/*
 * hotplug_early.c - CPUs between their plugging in and their first run.
 *
 *	add@ -> add_start --available-------------> add_complete
 *	                  |--remove@---------------> add_failure
 *	                  |--not present any more--> add_failure
 *	                  '--online, but not ours--> add_failure
 *
 * One that is present and never brought online stays started.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <cpuslab/port/hotplug_common.h>

#include "discover.h"
#include "hotplug_private.h"

static bool early_has(const uint64_t *bits, uint32_t cpu)
{
	return bits[cpu / 64] >> cpu % 64 & 1;
}

static void early_set(struct cpuslab_hotplug *hotplug, uint32_t cpu)
{
	if (early_has(hotplug->early, cpu))
		return;
	hotplug->early[cpu / 64] |= 1ull << cpu % 64;
	hotplug->early_count++;
}

static void early_clear(struct cpuslab_hotplug *hotplug, uint32_t cpu)
{
	hotplug->early[cpu / 64] &= ~(1ull << cpu % 64);
	hotplug->early_count--;
}

/* Will the same call go through later? */
static bool early_again(int result)
{
	return result == -CPUSLAB_EBUSY || result == -CPUSLAB_ENOMEM ||
	       result == -CPUSLAB_EAGAIN;
}

int cpuslab__hotplug_start(struct cpuslab_hotplug *hotplug, uint32_t cpu)
{
	int err;

	if (cpu >= hotplug->limit || early_has(hotplug->early, cpu))
		return CPUSLAB_OK;
	cpuslab__node_learn(cpu);
	err = cpuslab_domain_add_start(hotplug->domain, cpu);
	/* If it comes all the same, settling or a resync asks again. */
	if (err < 0)
		return cpuslab__hotplug_note(hotplug, err);
	early_set(hotplug, cpu);
	cpuslab__hotplug_count(&hotplug->stats.starts);
	return CPUSLAB_OK;
}

/* The CPU ran, or it never did, as @result of the domain's call says. */
static int early_ended(struct cpuslab_hotplug *hotplug, uint32_t cpu,
		       cpuslab_word *count, int result)
{
	if (!early_again(result))
		early_clear(hotplug, cpu);
	if (result >= 0)
		cpuslab__hotplug_count(count);
	return cpuslab__hotplug_note(hotplug, result);
}

int cpuslab__hotplug_failure(struct cpuslab_hotplug *hotplug, uint32_t cpu)
{
	if (cpu >= hotplug->limit || !early_has(hotplug->early, cpu))
		return CPUSLAB_OK;
	return early_ended(hotplug, cpu, &hotplug->stats.failures,
			   cpuslab_domain_add_failure(hotplug->domain, cpu));
}

static int early_complete(struct cpuslab_hotplug *hotplug, uint32_t cpu)
{
	return early_ended(hotplug, cpu, &hotplug->stats.completes,
			   cpuslab_domain_add_complete(hotplug->domain, cpu));
}

static int early_settle_one(struct cpuslab_hotplug *hotplug, uint32_t cpu)
{
	if (early_has(hotplug->found, cpu))
		return early_complete(hotplug, cpu);
	if (cpuslab__sysfs_has("cpu/present", cpu) &&
	    !cpuslab__sysfs_has("cpu/online", cpu))
		return CPUSLAB_OK;
	return cpuslab__hotplug_failure(hotplug, cpu);
}

static void early_found(void *arg, uint32_t cpu)
{
	struct cpuslab_hotplug *hotplug = arg;

	if (cpu < hotplug->limit)
		hotplug->found[cpu / 64] |= 1ull << cpu % 64;
}

/* Call @one for each that is started; the first refusal. */
static int early_each(struct cpuslab_hotplug *hotplug,
		      int (*one)(struct cpuslab_hotplug *hotplug, uint32_t cpu))
{
	uint32_t word, cpu;
	uint64_t bits;
	int err, first = CPUSLAB_OK;

	for (word = 0; word < hotplug->words; word++)
		for (bits = hotplug->early[word]; bits; bits &= bits - 1) {
			cpu = word * 64 + (uint32_t)__builtin_ctzll(bits);
			err = one(hotplug, cpu);
			if (!first)
				first = err;
		}
	return first;
}

int cpuslab__hotplug_settle(struct cpuslab_hotplug *hotplug)
{
	int err;

	if (!hotplug->early_count)
		return CPUSLAB_OK;
	memset(hotplug->found, 0, hotplug->words * sizeof(*hotplug->found));
	err = cpuslab_port_cpus_available(early_found, hotplug);
	if (err < 0)
		return cpuslab__hotplug_note(hotplug, err);
	return early_each(hotplug, early_settle_one);
}

void cpuslab__hotplug_undo(struct cpuslab_hotplug *hotplug)
{
	if (hotplug->early_count)
		early_each(hotplug, cpuslab__hotplug_failure);
}
