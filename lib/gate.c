/* SPDX-License-Identifier: MIT */
#include <cpuslab/gate.h>

#include "slab.h"

static void gate_store(const struct cpuslab_ref *ref, uint32_t cpu,
		       size_t offset, uint64_t gate)
{
	const struct cpuslab_extent *extent = cpuslab__extent_of(ref);
	size_t at = (size_t)(ref->object - (uintptr_t)extent->base) + offset;

	/*
	 * [gate] Pairs with the fence below, or, where several write, with the
	 * compare-and-swap of {gate, value}, which then fails.
	 */
	cpuslab_store_release_u64(
		(uint64_t *)(cpuslab__extent_block(extent, cpu) + at), gate);
}

/* Is there room for a struct cpuslab_gated, aligned as it must be? */
static bool gate_fits(const struct cpuslab_ref *ref,
		      const struct cpuslab__record *record, size_t offset)
{
	const size_t size = sizeof(struct cpuslab_pair);

	return record->size >= size && offset <= record->size - size &&
	       !((ref->object + offset) % size);
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
	if (cpuslab_port_atomic())
		goto unlock;
	cpuslab_fence();
	/* [gate] Who saw the old gate has committed or starts anew. */
	cpuslab__bits_for_each(cpu, &slab->in_use)
		if (cpu < ref->limit && cpuslab_port_fence_cpu(cpu))
			result = -CPUSLAB_EAGAIN;
unlock:
	cpuslab__slab_unlock(slab);
	return result;
}
