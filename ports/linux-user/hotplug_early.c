// SPDX-License-Identifier: MIT
/*
 * hotplug_early.c - CPUs between their plugging in and their first run.
 *
 *	add@ -> add_start --available-------------> add_complete
 *	                  |--remove@---------------> add_failure
 *	                  |--not present any more--> add_failure
 *	                  '--online, but not ours--> add_failure
 *
 * One that is present and never brought online stays prepared.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <cpuslab/port.h>

#include "discover.h"
#include "hotplug_private.h"

static bool early_has(const uint64_t *bits, uint32_t cpu)
{
	return bits[cpu / 64] >> cpu % 64 & 1;
}

static void early_set(struct cpuslab_hotplug *n, uint32_t cpu)
{
	if (early_has(n->early, cpu))
		return;
	n->early[cpu / 64] |= 1ull << cpu % 64;
	n->early_count++;
}

static void early_clear(struct cpuslab_hotplug *n, uint32_t cpu)
{
	n->early[cpu / 64] &= ~(1ull << cpu % 64);
	n->early_count--;
}

/* Will the same call go through later? */
static bool early_again(int result)
{
	return result == -CPUSLAB_EBUSY || result == -CPUSLAB_ENOMEM ||
	       result == -CPUSLAB_EAGAIN;
}

int cpuslab__hotplug_prepare(struct cpuslab_hotplug *n, uint32_t cpu)
{
	int err;

	if (cpu >= n->limit || early_has(n->early, cpu))
		return CPUSLAB_OK;
	cpuslab__node_learn(cpu);
	err = cpuslab_domain_add_start(n->domain, cpu);
	/* If it comes all the same, settling or a resync asks again. */
	if (err < 0)
		return cpuslab__hotplug_note(n, err);
	early_set(n, cpu);
	cpuslab__hotplug_count(n, CPUSLAB__HOTPLUG_PREPARED);
	return CPUSLAB_OK;
}

int cpuslab__hotplug_abandon(struct cpuslab_hotplug *n, uint32_t cpu)
{
	int err;

	if (cpu >= n->limit || !early_has(n->early, cpu))
		return CPUSLAB_OK;
	err = cpuslab_domain_add_failure(n->domain, cpu);
	if (!early_again(err))
		early_clear(n, cpu);
	if (err >= 0)
		cpuslab__hotplug_count(n, CPUSLAB__HOTPLUG_ABANDONED);
	return cpuslab__hotplug_note(n, err);
}

static int early_complete(struct cpuslab_hotplug *n, uint32_t cpu)
{
	int err = cpuslab_domain_add_complete(n->domain, cpu);

	if (!early_again(err))
		early_clear(n, cpu);
	return cpuslab__hotplug_note(n, err);
}

static int early_settle_one(struct cpuslab_hotplug *n, uint32_t cpu)
{
	if (early_has(n->found, cpu))
		return early_complete(n, cpu);
	if (cpuslab__sysfs_has("cpu/present", cpu) &&
	    !cpuslab__sysfs_has("cpu/online", cpu))
		return CPUSLAB_OK;
	return cpuslab__hotplug_abandon(n, cpu);
}

static void early_found(void *arg, uint32_t cpu)
{
	struct cpuslab_hotplug *n = arg;

	if (cpu < n->limit)
		n->found[cpu / 64] |= 1ull << cpu % 64;
}

/* Call @one for each that is prepared; the first refusal. */
static int early_each(struct cpuslab_hotplug *n,
		      int (*one)(struct cpuslab_hotplug *n, uint32_t cpu))
{
	uint32_t word, cpu;
	uint64_t bits;
	int err, first = CPUSLAB_OK;

	for (word = 0; word < n->words; word++)
		for (bits = n->early[word]; bits; bits &= bits - 1) {
			cpu = word * 64 + (uint32_t)__builtin_ctzll(bits);
			err = one(n, cpu);
			if (!first)
				first = err;
		}
	return first;
}

int cpuslab__hotplug_settle(struct cpuslab_hotplug *n)
{
	int err;

	if (!n->early_count)
		return CPUSLAB_OK;
	memset(n->found, 0, n->words * sizeof(*n->found));
	err = cpuslab_port_cpus_available(early_found, n);
	if (err < 0)
		return cpuslab__hotplug_note(n, err);
	return early_each(n, early_settle_one);
}

void cpuslab__hotplug_unprepare(struct cpuslab_hotplug *n)
{
	if (n->early_count)
		early_each(n, cpuslab__hotplug_abandon);
}
