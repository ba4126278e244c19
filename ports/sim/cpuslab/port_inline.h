/* SPDX-License-Identifier: MIT */
/*
 * port_inline.h - the simulator's operations; included by port.h only.
 *
 * All are out of line, in ports/sim/ops.c: what matters is that every step can
 * be interrupted, not the speed.
 */
#ifndef CPUSLAB_PORT_INLINE_H
#define CPUSLAB_PORT_INLINE_H

CPUSLAB_BEGIN

CPUSLAB_API int sim__op_add(const struct cpuslab_percpu *handle, size_t offset,
			    uint64_t value);
CPUSLAB_API int sim__op_add_if(const struct cpuslab_percpu *handle,
			       size_t offset, uint64_t gate, uint64_t value);
CPUSLAB_API int sim__op_cmpstore(const struct cpuslab_percpu *handle,
				 size_t offset, uint64_t expect,
				 uint64_t value);
CPUSLAB_API int sim__op_push(const struct cpuslab_percpu *handle, size_t offset,
			     void *node);
CPUSLAB_API int sim__op_pop(const struct cpuslab_percpu *handle, size_t offset,
			    void **node);
CPUSLAB_API int sim__op_take(const struct cpuslab_percpu *handle, size_t offset,
			     void **object);
CPUSLAB_API int sim__op_give(const struct cpuslab_percpu *handle, size_t offset,
			     void *object, uint64_t rounds);
CPUSLAB_API int sim__op_append(const struct cpuslab_percpu *handle,
			       size_t offset, const void *data, uint32_t bytes,
			       uint32_t capacity);
CPUSLAB_API void sim__point(void);

CPUSLAB_INLINE int cpuslab_port_add(const struct cpuslab_percpu *handle,
				    size_t offset, uint64_t value)
{
	return sim__op_add(handle, offset, value);
}

CPUSLAB_INLINE int cpuslab_port_add_if(const struct cpuslab_percpu *handle,
				       size_t offset, uint64_t gate,
				       uint64_t value)
{
	return sim__op_add_if(handle, offset, gate, value);
}

CPUSLAB_INLINE int cpuslab_port_cmpstore(const struct cpuslab_percpu *handle,
					 size_t offset, uint64_t expect,
					 uint64_t value)
{
	return sim__op_cmpstore(handle, offset, expect, value);
}

CPUSLAB_INLINE int cpuslab_port_push(const struct cpuslab_percpu *handle,
				     size_t offset, void *node)
{
	return sim__op_push(handle, offset, node);
}

CPUSLAB_INLINE int cpuslab_port_pop(const struct cpuslab_percpu *handle,
				    size_t offset, void **node)
{
	return sim__op_pop(handle, offset, node);
}

#define CPUSLAB_PORT_MAGAZINES 1

CPUSLAB_INLINE int
cpuslab_port_magazine_pop(const struct cpuslab_percpu *handle, size_t offset,
			  void **object)
{
	return sim__op_take(handle, offset, object);
}

CPUSLAB_INLINE int
cpuslab_port_magazine_push(const struct cpuslab_percpu *handle, size_t offset,
			   void *object, uint64_t rounds)
{
	return sim__op_give(handle, offset, object, rounds);
}

CPUSLAB_INLINE int cpuslab_port_append(const struct cpuslab_percpu *handle,
				       size_t offset, const void *data,
				       uint32_t bytes, uint32_t capacity)
{
	return sim__op_append(handle, offset, data, bytes, capacity);
}

CPUSLAB_INLINE void cpuslab_port_preempt_point(void)
{
	sim__point();
}

CPUSLAB_END

#endif /* CPUSLAB_PORT_INLINE_H */
