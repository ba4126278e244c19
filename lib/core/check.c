/* SPDX-License-Identifier: MIT */
/*
 * check.c - tests the invariants of domains and slabs, for debug builds and
 * tests. It takes the locks and walks everything.
 */
#include "domain_internal.h"
#include "slab_internal.h"
#include "../base/format.h"

static int check_fail(const char *name, const char *what)
{
	cpuslab__log("check of ", name, " failed: ", what);
	return -CPUSLAB_EINVAL;
}

static int check_cpumask(const struct cpuslab_domain *domain)
{
	const struct cpuslab_cpumask *set = domain->set;
	uint32_t cpu, preparing = 0;

	for (cpu = 0; cpu < domain->limit; cpu++) {
		bool online = domain->state[cpu] == DOMAIN_ONLINE;

		preparing += domain->state[cpu] == DOMAIN_PREPARING;
		if (cpuslab__cpubits_has(&set->bits, cpu) != online)
			return check_fail(domain->name,
					  "a bit does not match the state");
	}
	if (cpuslab__cpubits_count(&set->bits) != set->count)
		return check_fail(domain->name,
				  "count does not match the bits");
	if (preparing != domain->preparing)
		return check_fail(domain->name,
				  "preparing does not match the states");
	if (domain->spare_count < preparing)
		return check_fail(domain->name, "add_complete could fail");
	return CPUSLAB_OK;
}

static int check_clients(const struct cpuslab_domain *domain)
{
	const struct cpuslab_client *client, *prev = NULL;

	for (client = domain->first; client; client = client->next) {
		if (client->domain != domain || client->prev != prev)
			return check_fail(client->name, "it is badly linked");
		if (prev && prev->order > client->order)
			return check_fail(client->name, "it is out of order");
		prev = client;
	}
	if (domain->last != prev)
		return check_fail(domain->name, "last is not the last client");
	return CPUSLAB_OK;
}

int cpuslab_domain_check(struct cpuslab_domain *domain)
{
	int err = cpuslab__domain_lock(domain);

	if (err)
		return err;
	err = check_cpumask(domain);
	if (!err)
		err = check_clients(domain);
	cpuslab__domain_unlock(domain);
	return err;
}

static int check_cpus(const struct cpuslab_slab *slab)
{
	const struct cpuslab__summary *summary = slab->summary;
	uint32_t cpu, members = 0;

	for (cpu = 0; cpu < slab->limit; cpu++) {
		uint32_t state = cpuslab__state(slab, cpu);
		bool counts = state == SLAB_LIVE || state == SLAB_DRAINING;

		members += counts;
		if (slab->live[cpu] != (state == SLAB_LIVE))
			return check_fail(
				slab->name,
				"a live byte does not match the state");
		if (cpuslab__cpubits_has(&summary->members, cpu) != counts)
			return check_fail(
				slab->name,
				"the summary does not match the state");
		if (cpuslab__cpubits_has(&slab->in_use, cpu) !=
		    (state != SLAB_ABSENT))
			return check_fail(slab->name,
					  "in_use does not match the state");
	}
	if (summary->addends.count != members)
		return check_fail(slab->name,
				  "the summary's list and set do not match");
	return CPUSLAB_OK;
}

/* Return the bytes used in one extent, and add its objects to *objects. */
static size_t check_used(const struct cpuslab_slab *slab,
			 const struct cpuslab_extent *extent, uint64_t *objects)
{
	size_t used = 0;
	uint32_t slot;

	for (slot = 0; slot < slab->slots; slot++) {
		const struct cpuslab__record *record =
			cpuslab__record(slab, slot);

		if (record->state == RECORD_FREE || record->extent != extent)
			continue;
		used += cpuslab__object_bytes(record);
		++*objects;
	}
	return used;
}

static int check_slab(const struct cpuslab_slab *slab)
{
	const struct cpuslab_extent *extent;
	uint64_t objects = 0;

	for (extent = slab->extents; extent; extent = extent->next) {
		size_t used = check_used(slab, extent, &objects);

		if (used + cpuslab__buddy_free_bytes(&extent->buddy) !=
		    extent->blocks.bytes)
			return check_fail(slab->name,
					  "used and free bytes do not add up");
	}
	if (objects != slab->objects)
		return check_fail(slab->name, "the number of objects is wrong");
	return check_cpus(slab);
}

int cpuslab_slab_check(struct cpuslab_slab *slab)
{
	int err = cpuslab__mutex_enter(&slab->mutex);

	if (err)
		return err;
	err = check_slab(slab);
	cpuslab__mutex_unlock(&slab->mutex);
	return err;
}
