/* SPDX-License-Identifier: MIT */
#include <cpuslab/gate.h>

#include "pair.h"
#include "slab.h"

static void gate_store(const struct cpuslab_ref *ref, uint32_t cpu,
		       size_t offset, uint64_t gate)
{
	struct cpuslab_pair *pair = cpuslab__ref_at(ref, cpu, offset);
	struct cpuslab_pair was, now;

	/* [gate] Pairs with the fence below. */
	if (cpu != CPUSLAB_OVERFLOW && !cpuslab_port_atomic()) {
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
	} while (!cpuslab__pair_cas(pair, was, now));
}

/* [gate] Who saw the old gate has committed or starts anew. */
static int gate_fence(const struct cpuslab_slab *slab,
		      const struct cpuslab_ref *ref)
{
	int result = cpuslab_port_fence_cpu(CPUSLAB_NO_CPU);
	uint32_t cpu;

	if (!result)
		return result;
	/* Some processors may be possible where all are not. */
	cpuslab__bits_for_each(cpu, &slab->in_use)
		if (cpu < ref->limit && cpuslab_port_fence_cpu(cpu))
			return result;
	return CPUSLAB_OK;
}

/* Is there room for a struct cpuslab_gated, aligned as it must be? */
static bool gate_fits(const struct cpuslab_ref *ref,
		      const struct cpuslab__record *record, size_t offset)
{
	const size_t size = sizeof(struct cpuslab_pair);

	return record->size >= size && offset <= record->size - size &&
	       !((ref->offset + offset) % size);
}

int cpuslab_gate_set(struct cpuslab_slab *slab, const struct cpuslab_ref *ref,
		     size_t offset, uint64_t gate)
{
	struct cpuslab__record *record;
	uint32_t cpu;
	int result;

	if (!slab || !ref)
		return -CPUSLAB_EINVAL;
	result = cpuslab__slab_enter(slab);
	if (result)
		return result;
	result = cpuslab__object_find(slab, ref, &record);
	if (!result && !gate_fits(ref, record, offset))
		result = -CPUSLAB_EINVAL;
	if (result)
		goto unlock;
	gate_store(ref, CPUSLAB_OVERFLOW, offset, gate);
	cpuslab__bits_for_each(cpu, &slab->in_use)
		if (cpu < ref->limit)
			gate_store(ref, cpu, offset, gate);
	/* Also where atomics write: the caller's next look comes after it. */
	cpuslab_fence();
	if (cpuslab_port_atomic())
		goto unlock;
	result = gate_fence(slab, ref);
unlock:
	cpuslab__slab_unlock(slab);
	return result;
}
