/* SPDX-License-Identifier: MIT */
#include <cpuslab/counter.h>
#include <cpuslab/percid.h>

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
	cpuslab_free(counter->slab, &counter->handle);
}

uint64_t cpuslab_counter_sum(const struct cpuslab_counter *counter)
{
	return cpuslab_sum(&counter->handle, 0);
}

int cpuslab_percid_counter_init(struct cpuslab_percid_counter *counter,
				struct cpuslab_slab *slab)
{
	memset(counter, 0, sizeof(*counter));
	counter->slab = slab;
	return cpuslab_percid_alloc(slab, &counter_type, &counter->handle);
}
