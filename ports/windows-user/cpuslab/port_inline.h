/* SPDX-License-Identifier: MIT */
/*
 * port_inline.h - a Windows process: no restartable sequences, so blocks are
 * written by atomics and lib/slow.c does the work.
 */
#ifndef CPUSLAB_PORT_INLINE_H
#define CPUSLAB_PORT_INLINE_H

CPUSLAB_INLINE void cpuslab_port_point(void)
{
}

CPUSLAB_INLINE int cpuslab_port_add(const struct cpuslab_ref *ref,
				    size_t offset, uint64_t value)
{
	(void)ref;
	(void)offset;
	(void)value;
	return CPUSLAB_MISS;
}

CPUSLAB_INLINE int cpuslab_port_add_if(const struct cpuslab_ref *ref,
				       size_t offset, uint64_t gate,
				       uint64_t value)
{
	(void)ref;
	(void)offset;
	(void)gate;
	(void)value;
	return CPUSLAB_MISS;
}

CPUSLAB_INLINE int cpuslab_port_cmpstore(const struct cpuslab_ref *ref,
					 size_t offset, uint64_t expect,
					 uint64_t value)
{
	(void)ref;
	(void)offset;
	(void)expect;
	(void)value;
	return CPUSLAB_MISS;
}

CPUSLAB_INLINE int cpuslab_port_push(const struct cpuslab_ref *ref,
				     size_t offset, void *node)
{
	(void)ref;
	(void)offset;
	(void)node;
	return CPUSLAB_MISS;
}

CPUSLAB_INLINE int cpuslab_port_pop(const struct cpuslab_ref *ref,
				    size_t offset, void **node)
{
	(void)ref;
	(void)offset;
	(void)node;
	return CPUSLAB_MISS;
}

CPUSLAB_INLINE int cpuslab_port_append(const struct cpuslab_ref *ref,
				       size_t offset, const void *data,
				       uint32_t bytes, uint32_t capacity)
{
	(void)ref;
	(void)offset;
	(void)data;
	(void)bytes;
	(void)capacity;
	return CPUSLAB_MISS;
}

#endif /* CPUSLAB_PORT_INLINE_H */
