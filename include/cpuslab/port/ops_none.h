/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_OPS_NONE_H
#define CPUSLAB_OPS_NONE_H
/*
 * ops_none.h - the operations of a port that has no sections: each one misses,
 * so that the slow path does it with atomics. Included by a port's
 * port_inline.h.
 */

CPUSLAB_INLINE int cpuslab_port_add(const struct cpuslab_percpu *handle,
				    size_t offset, uint64_t value)
{
	(void)handle;
	(void)offset;
	(void)value;
	return CPUSLAB_MISS;
}

CPUSLAB_INLINE int cpuslab_port_add_if(const struct cpuslab_percpu *handle,
				       size_t offset, uint64_t gate,
				       uint64_t value)
{
	(void)gate;
	return cpuslab_port_add(handle, offset, value);
}

CPUSLAB_INLINE int cpuslab_port_add_below(const struct cpuslab_percpu *handle,
					  size_t offset, uint64_t bound,
					  uint64_t value)
{
	(void)bound;
	return cpuslab_port_add(handle, offset, value);
}

CPUSLAB_INLINE int cpuslab_port_cmpstore(const struct cpuslab_percpu *handle,
					 size_t offset, uint64_t expect,
					 uint64_t value)
{
	(void)expect;
	return cpuslab_port_add(handle, offset, value);
}

CPUSLAB_INLINE int cpuslab_port_update(const struct cpuslab_percpu *handle,
				       size_t offset, enum cpuslab__word_op op,
				       uint64_t value, uint64_t *old)
{
	(void)op;
	(void)old;
	return cpuslab_port_add(handle, offset, value);
}

CPUSLAB_INLINE int cpuslab_port_commit(const struct cpuslab_percpu *handle,
				       size_t offset,
				       const struct cpuslab__commit *commit)
{
	return cpuslab_port_add(handle, offset, commit->value);
}

CPUSLAB_INLINE int cpuslab_port_push(const struct cpuslab_percpu *handle,
				     size_t offset, void *node)
{
	(void)node;
	return cpuslab_port_add(handle, offset, 0);
}

CPUSLAB_INLINE int cpuslab_port_pop(const struct cpuslab_percpu *handle,
				    size_t offset, void **node)
{
	(void)node;
	return cpuslab_port_add(handle, offset, 0);
}

CPUSLAB_INLINE int cpuslab_port_append(const struct cpuslab_percpu *handle,
				       size_t offset, const void *data,
				       uint32_t bytes, uint32_t capacity)
{
	(void)data;
	(void)bytes;
	return cpuslab_port_add(handle, offset, capacity);
}

CPUSLAB_INLINE int
cpuslab_port_ring_append(const struct cpuslab_percpu *handle, size_t offset,
			 const struct cpuslab__ring_shape *shape,
			 const void *data, uint32_t bytes)
{
	(void)shape;
	(void)data;
	return cpuslab_port_add(handle, offset, bytes);
}

#endif /* CPUSLAB_OPS_NONE_H */
