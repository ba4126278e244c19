/* SPDX-License-Identifier: MIT */
/*
 * registry.c - all domains and slabs of this copy of the library.
 *
 * Its mutex may be locked in callbacks, with the mutexes of a domain and of a
 * slab held. So its holder only tries those: a callback may run for long, and
 * may itself create a slab.
 *
 * A child that has lost the mutex does not use the list, nor does a Windows
 * process that ends.
 */
#include "registry.h"

#include <cpuslab/port.h>

void cpuslab__registry_add(struct cpuslab__listed *listed)
{
	struct cpuslab_port_registry *registry = &cpuslab_port_registry;

	if (cpuslab_port_mutex_enter(&registry->mutex))
		return;
	listed->id = ++registry->ids;
	listed->next = registry->newest;
	cpuslab_store_relaxed_ptr(&registry->newest, listed);
	cpuslab_port_mutex_unlock(&registry->mutex);
	cpuslab_port_registry_grown();
}

void cpuslab__registry_remove(struct cpuslab__listed *listed)
{
	struct cpuslab_port_registry *registry = &cpuslab_port_registry;
	struct cpuslab__listed **at = &registry->newest;

	if (!listed->id || cpuslab_port_mutex_enter(&registry->mutex))
		return;
	while (*at != listed)
		at = &(*at)->next;
	cpuslab_store_relaxed_ptr(at, listed->next);
	listed->id = 0;
	cpuslab_port_mutex_unlock(&registry->mutex);
	cpuslab_port_registry_shrunk();
}

bool cpuslab__registry_walk(uint64_t before, cpuslab__registry_visit *visit,
			    void *arg)
{
	struct cpuslab_port_registry *registry = &cpuslab_port_registry;
	const struct cpuslab__listed *listed;

	/* Before there is any, the port may not be initialised. */
	if (!cpuslab_load_relaxed_ptr(&registry->newest))
		return true;
	if (cpuslab_port_mutex_enter(&registry->mutex))
		return false;
	for (listed = registry->newest; listed; listed = listed->next)
		if (listed->id < before && !visit(arg, listed))
			break;
	cpuslab_port_mutex_unlock(&registry->mutex);
	return true;
}
