/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_LIB_GATE_H
#define CPUSLAB_LIB_GATE_H
/*
 * gate.h - set the gate of cpuslab_add_if() on every CPU.
 */

#include <cpuslab/slab.h>

/**
 * cpuslab__gate_enter() - lock the slab, to change gates.
 * @slab:   of the object.
 * @handle: of the object.
 * @offset: bytes, of a struct cpuslab_gated within the object.
 *
 * No copy is constructed until cpuslab__gate_exit().
 *
 * Context: may sleep.
 * Return:  CPUSLAB_OK; -CPUSLAB_EBUSY in a callback of the slab;
 *          -CPUSLAB_EINVAL or -CPUSLAB_ESTALE for an invalid handle or offset.
 */
int cpuslab__gate_enter(struct cpuslab_slab *slab,
			const struct cpuslab_percpu *handle, size_t offset);
void cpuslab__gate_exit(struct cpuslab_slab *slab);

/**
 * cpuslab__gate_set() - set the gate of every copy to @gate.
 * @slab:   as given to cpuslab__gate_enter().
 * @handle: likewise.
 * @offset: likewise.
 * @gate:   what every copy's gate becomes.
 *
 * A copy that is constructed later gets its gate from the type's image or
 * constructor.
 *
 * Context: between enter and exit.
 * Order:   release; an add_if that finds @gate sees what was done before.
 */
void cpuslab__gate_set(struct cpuslab_slab *slab,
		       const struct cpuslab_percpu *handle, size_t offset,
		       uint64_t gate);

/**
 * cpuslab__gate_fence() - wait until no add is in progress that read an older
 * value of the gate.
 * @slab: as given to cpuslab__gate_enter().
 *
 * Once it has returned CPUSLAB_OK, no cpuslab_add_if() that saw another value
 * than cpuslab__gate_set() stored is in progress on any CPU.
 *
 * Context: between enter and exit; may sleep.
 * Order:   the caller sees every add that committed under another value.
 * Return:  CPUSLAB_OK; -CPUSLAB_EAGAIN if the fence failed: call again.
 */
int cpuslab__gate_fence(const struct cpuslab_slab *slab);

#endif /* CPUSLAB_LIB_GATE_H */
