/* SPDX-License-Identifier: MIT */
#include <cpuslab/counter.h>
#include <cpuslab/percid.h>

#include "../core/named.h"
#include "../core/slab_internal.h"

static const struct cpuslab_type counter_type = {
	.name = "cpuslab_counter",
	.size = sizeof(uint64_t),
	.counters = 1,
};

int cpuslab_counter_init(struct cpuslab_counter *counter,
			 struct cpuslab_slab *slab)
{
	memset(counter, 0, sizeof(*counter));
	counter->slab = slab;
	return cpuslab_alloc(slab, &counter_type, &counter->handle);
}

void cpuslab_counter_fini(struct cpuslab_counter *counter)
{
	if (cpuslab__is_named(&counter->handle))
		cpuslab__named_fini(&counter->handle);
	else
		cpuslab_free(counter->slab, &counter->handle);
}

uint64_t cpuslab_counter_sum(const struct cpuslab_counter *counter)
{
	return cpuslab_sum(&counter->handle, 0);
}

/* ---- neighbours ---------------------------------------------------------- */

/* A block is divided by powers of two anyway. */
#define COUNTER_TYPE(order)                                                    \
	{                                                                      \
		.name = "cpuslab_counter",                                     \
		.size = sizeof(uint64_t) << (order),                           \
		.align = (order) < 3 ? sizeof(uint64_t) << (order) :           \
				       CPUSLAB_CACHE_LINE,                     \
		.counters = 1u << (order),                                     \
	}

static const struct cpuslab_type counter_types[] = {
	COUNTER_TYPE(0),  COUNTER_TYPE(1), COUNTER_TYPE(2),  COUNTER_TYPE(3),
	COUNTER_TYPE(4),  COUNTER_TYPE(5), COUNTER_TYPE(6),  COUNTER_TYPE(7),
	COUNTER_TYPE(8),  COUNTER_TYPE(9), COUNTER_TYPE(10), COUNTER_TYPE(11),
	COUNTER_TYPE(12),
};

/* Let a handle begin that many words later in its object. */
static void counter_advance(struct cpuslab_percpu *handle, uint16_t words)
{
	const struct cpuslab_extent *extent = handle->extent;

	handle->offset += words * sizeof(uint64_t);
	handle->word += words;
	cpuslab_port_handle_init(handle, &extent->blocks, extent->slab->live);
}

int cpuslab_counter_init_many(struct cpuslab_counter *counters,
			      struct cpuslab_slab *slab, uint32_t count)
{
	const struct cpuslab_type *type = counter_types;
	struct cpuslab_percpu handle;
	uint32_t i;
	int err;

	memset(counters, 0, count * sizeof(*counters));
	if (!count || count > CPUSLAB_COUNTER_MANY)
		return -CPUSLAB_EINVAL;
	while (type->counters < count)
		type++;
	err = cpuslab_alloc(slab, type, &handle);
	for (i = 0; i < count && !err; i++) {
		counters[i].slab = slab;
		counters[i].handle = handle;
		counter_advance(&counters[i].handle, (uint16_t)i);
	}
	return err;
}

void cpuslab_counter_fini_many(struct cpuslab_counter *counters)
{
	cpuslab_counter_fini(&counters[0]);
}

int cpuslab_percid_counter_init(struct cpuslab_percid_counter *counter,
				struct cpuslab_slab *slab)
{
	memset(counter, 0, sizeof(*counter));
	counter->slab = slab;
	return cpuslab_percid_alloc(slab, &counter_type, &counter->handle);
}
