/* SPDX-License-Identifier: MIT */
/*
 * alloc.c - allocate an object: of a slab that may grow meanwhile, or without
 * waiting for anything.
 */
#include "slab_internal.h"

#include "../base/format.h"

int cpuslab_alloc_sized(struct cpuslab_slab *slab,
			const struct cpuslab_type *type, size_t size,
			struct cpuslab_percpu *handle)
{
	bool lacks; /* memory, and has not said so */
	int err;

	if (!handle)
		return -CPUSLAB_EINVAL;
	memset(handle, 0, sizeof(*handle));
	if (!slab || !type)
		return -CPUSLAB_EINVAL;
	err = cpuslab__mutex_enter(&slab->mutex);
	if (err)
		return err;
	cpuslab__admit_pending(slab);
	err = cpuslab__object_create(slab, type, size, handle, true);
	lacks = err == -CPUSLAB_ENOMEM &&
		cpuslab__log_once(&slab->memory_logged, type, err);
	cpuslab__mutex_unlock(&slab->mutex);
	if (lacks)
		cpuslab__log("slab ", slab->name, ": no memory for ",
			     type->name);
	return err;
}

int cpuslab_alloc(struct cpuslab_slab *slab, const struct cpuslab_type *type,
		  struct cpuslab_percpu *handle)
{
	return cpuslab_alloc_sized(slab, type, type ? type->size : 0, handle);
}

int cpuslab_try_alloc(struct cpuslab_slab *slab,
		      const struct cpuslab_type *type,
		      struct cpuslab_percpu *handle)
{
	int err;

	if (!handle)
		return -CPUSLAB_EINVAL;
	memset(handle, 0, sizeof(*handle));
	if (!slab || !type || cpuslab__object_signal_unsafe(type))
		return -CPUSLAB_EINVAL;
	if (cpuslab__mutex_is_held(&slab->mutex))
		return -CPUSLAB_EBUSY;
	if (!cpuslab__mutex_trylock(&slab->mutex))
		return -CPUSLAB_EAGAIN;
	err = cpuslab__object_create(slab, type, type->size, handle, false);
	if (slab->wanted)
		cpuslab__batch_start(slab);
	cpuslab__mutex_unlock(&slab->mutex);
	return err;
}
