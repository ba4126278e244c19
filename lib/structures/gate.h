/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_LIB_GATE_H
#define CPUSLAB_LIB_GATE_H
/*
 * gate.h - set the gate of cpuslab_add_if() on every CPU.
 */

#include <cpuslab/slab.h>

/**
 * cpuslab__gate_set() - set the gate of every copy to @gate.
 * @offset: bytes, of a struct cpuslab_gated within the object.
 *
 * Once it has returned CPUSLAB_OK, no cpuslab_add_if() that saw another value
 * is in progress on any CPU. A copy that is constructed later gets its gate
 * from the type's image or constructor: let the constructor derive it from a
 * word that the caller changes before this call.
 *
 * Context: may sleep.
 * Order:   the caller sees every add that committed under another value.
 * Return:  CPUSLAB_OK; -CPUSLAB_EAGAIN if the gates are set but the fence
 *          failed: call again; -CPUSLAB_EBUSY in a callback of the slab;
 *          -CPUSLAB_EINVAL or -CPUSLAB_ESTALE for an invalid handle or offset.
 */
int cpuslab__gate_set(struct cpuslab_slab *slab,
		      const struct cpuslab_percpu *handle, size_t offset,
		      uint64_t gate);

#endif /* CPUSLAB_LIB_GATE_H */
