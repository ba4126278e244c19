/* SPDX-License-Identifier: MIT */
#include "gate.h"

#include "../base/cas16.h"
#include "../core/slab_internal.h"

static void gate_store(const struct cpuslab_percpu *handle, uint32_t cpu,
		       size_t offset, uint64_t gate)
{
	struct cpuslab_pair *pair = cpuslab__percpu_at(handle, cpu, offset);
	struct cpuslab_pair was, now;

	/* [gate] Pairs with the acquire load of the gate in add_if. */
	if (cpu != CPUSLAB_SHARED && !cpuslab_port_uses_atomics()) {
		cpuslab_store_release_u64(&pair->first, gate);
		return;
	}
	/*
	 * [gate] Pairs with the compare-and-swap of {gate, value} in add_if. An
	 * add that committed before this one is visible from here on; a later
	 * one fails because the gate differs. The loads need no order: the
	 * compare-and-swap tests what they found.
	 */
	do {
		was.first = cpuslab_load_relaxed_u64(&pair->first);
		was.second = cpuslab_load_relaxed_u64(&pair->second);
		now.first = gate;
		now.second = was.second;
	} while (!cpuslab__cas16(pair, was, now));
}

/* Is there an aligned struct cpuslab_gated at @offset? */
static bool gate_fits(const struct cpuslab_percpu *handle,
		      const struct cpuslab__record *record, size_t offset)
{
	const size_t size = sizeof(struct cpuslab_pair);

	return record->size >= size && offset <= record->size - size &&
	       !((handle->offset + offset) % size);
}

int cpuslab__gate_enter(struct cpuslab_slab *slab,
			const struct cpuslab_percpu *handle, size_t offset)
{
	struct cpuslab__record *record;
	int result;

	if (!slab || !handle)
		return -CPUSLAB_EINVAL;
	result = cpuslab__mutex_enter(&slab->mutex);
	if (result)
		return result;
	result = cpuslab__object_find(slab, handle, &record);
	if (!result && !gate_fits(handle, record, offset))
		result = -CPUSLAB_EINVAL;
	if (result)
		cpuslab__gate_exit(slab);
	return result;
}

void cpuslab__gate_exit(struct cpuslab_slab *slab)
{
	cpuslab__mutex_unlock(&slab->mutex);
}

void cpuslab__gate_set(struct cpuslab_slab *slab,
		       const struct cpuslab_percpu *handle, size_t offset,
		       uint64_t gate)
{
	uint32_t cpu;

	gate_store(handle, CPUSLAB_SHARED, offset, gate);
	cpuslab__cpubits_for_each(cpu, &slab->in_use) {
		cpuslab_port_preempt_point();
		gate_store(handle, cpu, offset, gate);
	}
}

int cpuslab__gate_fence(const struct cpuslab_slab *slab)
{
	/* The caller's next loads come after these stores, in any mode. */
	cpuslab_fence();
	if (cpuslab_port_uses_atomics())
		return CPUSLAB_OK;
	/* [gate] An add that saw the old gate has committed or repeats. */
	return cpuslab__fence_states(slab, ~(1u << SLAB_ABSENT));
}
