/* SPDX-License-Identifier: MIT */
/*
 * gate.h - open or close the gate of cpuslab_add_if() on every processor.
 */
#ifndef CPUSLAB_GATE_H
#define CPUSLAB_GATE_H

#include <cpuslab/slab.h>

CPUSLAB_BEGIN

/**
 * cpuslab_gate_set() - give the gate of every copy a new value.
 * @offset: of a struct cpuslab_gated within the object.
 *
 * When it has returned CPUSLAB_OK, no cpuslab_add_if() that saw another value
 * is under way on any processor. A processor that is admitted later starts
 * from the type's image or constructor: let the constructor set the gate from
 * something that the caller changed before this call.
 *
 * Context: may sleep.
 * Return:  CPUSLAB_OK; -CPUSLAB_EAGAIN if the gates are set but the system
 *          could not show in bounded time that nobody is under way: call
 *          again; -CPUSLAB_EINVAL or -CPUSLAB_ESTALE for a bad ref.
 */
CPUSLAB_API int cpuslab_gate_set(struct cpuslab_slab *slab,
				 const struct cpuslab_ref *ref, size_t offset,
				 uint64_t gate);

CPUSLAB_END

#endif /* CPUSLAB_GATE_H */
