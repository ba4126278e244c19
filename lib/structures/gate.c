/* SPDX-License-Identifier: MIT */
#include "gate.h"

#include "../base/cas16.h"
#include "../core/slab_internal.h"

static void gate_store(const struct cpuslab_percpu *handle, uint32_t cpu,
		       size_t offset, uint64_t gate)
{
	struct cpuslab_pair *pair = cpuslab__percpu_at(handle, cpu, offset);
	struct cpuslab_pair was, now;

	/* [gate] Pairs with the fence below. */
	if (cpu != CPUSLAB_SHARED && !cpuslab_port_uses_atomics()) {
		cpuslab_store_release_u64(&pair->first, gate);
		return;
	}
	/*
	 * [gate] Pairs with the compare-and-swap of {gate, value} of whoever
	 * adds: who was before is visible from here on, who comes after fails.
	 */
	do {
		was.first = cpuslab_load_acquire_u64(&pair->first);
		was.second = cpuslab_load_relaxed_u64(&pair->second);
		now.first = gate;
		now.second = was.second;
	} while (!cpuslab__cas16(pair, was, now));
}

/* Is there room for a struct cpuslab_gated, aligned as it must be? */
static bool gate_fits(const struct cpuslab_percpu *handle,
		      const struct cpuslab__record *record, size_t offset)
{
	const size_t size = sizeof(struct cpuslab_pair);

	return record->size >= size && offset <= record->size - size &&
	       !((handle->offset + offset) % size);
}

int cpuslab__gate_set(struct cpuslab_slab *slab,
		      const struct cpuslab_percpu *handle, size_t offset,
		      uint64_t gate)
{
	struct cpuslab__record *record;
	uint32_t cpu;
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
		goto unlock;
	gate_store(handle, CPUSLAB_SHARED, offset, gate);
	cpuslab__cpubits_for_each(cpu, &slab->in_use)
		if (cpu < handle->limit)
			gate_store(handle, cpu, offset, gate);
	/* Also where atomics write: the caller's next look comes after it. */
	cpuslab_fence();
	if (cpuslab_port_uses_atomics())
		goto unlock;
	/* [gate] An add that saw the old gate has committed or starts again. */
	result = cpuslab__fence_states(slab, handle->limit,
				       ~(1u << SLAB_ABSENT));
unlock:
	cpuslab__mutex_unlock(&slab->mutex);
	return result;
}
