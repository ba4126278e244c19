/* SPDX-License-Identifier: MIT */
/*
 * gate.h - open or close the gate of cpuslab_add_if() on every CPU.
 */
#ifndef CPUSLAB_LIB_GATE_H
#define CPUSLAB_LIB_GATE_H

#include <cpuslab/slab.h>

/**
 * cpuslab__gate_set() - give the gate of every copy a new value.
 * @offset: of a struct cpuslab_gated within the object.
 *
 * When it has returned CPUSLAB_OK, no cpuslab_add_if() that saw another value
 * is under way on any CPU. A CPU that is admitted later starts
 * from the type's image or constructor: let the constructor set the gate from
 * something that the caller changed before this call.
 *
 * Context: may sleep.
 * Return:  CPUSLAB_OK; -CPUSLAB_EAGAIN if the gates are set but the system
 *          could not show in bounded time that nobody is under way: call
 *          again; -CPUSLAB_EINVAL or -CPUSLAB_ESTALE for a bad handle.
 */
int cpuslab__gate_set(struct cpuslab_slab *slab,
		      const struct cpuslab_percpu *handle, size_t offset,
		      uint64_t gate);

#endif /* CPUSLAB_LIB_GATE_H */
