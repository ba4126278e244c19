// SPDX-License-Identifier: MIT
//
// callbacks.cc - C, and C++. With MAY_THROW a callback may throw, with IGNORE a
// result is ignored: neither compiles, where the language can tell.
#include <cpuslab/cpuslab.h>

#if !defined(__cplusplus) || defined(MAY_THROW)
#define NOEXCEPT
#else
#define NOEXCEPT noexcept
#endif

static int callbacks_ctor(void *object, uint32_t cpu, void *arg) NOEXCEPT
{
	(void)object;
	(void)cpu;
	(void)arg;
	return CPUSLAB_OK;
}

static int callbacks_start(struct cpuslab_client *client, uint32_t cpu) NOEXCEPT
{
	(void)client;
	(void)cpu;
	return CPUSLAB_OK;
}

int callbacks_use(struct cpuslab_slab *slab, struct cpuslab_counter *counter,
		  struct cpuslab_type *type, struct cpuslab_client_ops *ops);

int callbacks_use(struct cpuslab_slab *slab, struct cpuslab_counter *counter,
		  struct cpuslab_type *type, struct cpuslab_client_ops *ops)
{
	type->ctor = callbacks_ctor;
	ops->start = callbacks_start;
#ifdef IGNORE
	cpuslab_counter_init(counter, slab);
	return CPUSLAB_OK;
#else
	return cpuslab_counter_init(counter, slab);
#endif
}
