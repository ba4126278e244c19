/* SPDX-License-Identifier: MIT */
#include <cpuslab/gauge.h>

static const struct cpuslab_type gauge_type = {
	.name = "cpuslab_gauge",
	.size = sizeof(struct cpuslab_gauge_cpu),
	.counters = 2,
};

int cpuslab_gauge_init(struct cpuslab_gauge *gauge, struct cpuslab_slab *slab)
{
	memset(gauge, 0, sizeof(*gauge));
	gauge->slab = slab;
	return cpuslab_alloc(slab, &gauge_type, &gauge->handle);
}

void cpuslab_gauge_fini(struct cpuslab_gauge *gauge)
{
	cpuslab_free(gauge->slab, &gauge->handle);
}

int64_t cpuslab_gauge_sum(const struct cpuslab_gauge *gauge)
{
	uint64_t in, out;

	/*
	 * [gauge] Out first. A unit that went out had come in before: its
	 * in-add is visible once its out-add (a release) has been read (an
	 * acquire), so the second sum counts it. In the other order a unit that
	 * came and went between the sums would count as -1.
	 */
	out = cpuslab_sum(&gauge->handle,
			  offsetof(struct cpuslab_gauge_cpu, out));
	/* [gauge] Pairs with the sum of out. */
	in = cpuslab_sum(&gauge->handle,
			 offsetof(struct cpuslab_gauge_cpu, in));
	return (int64_t)(in - out);
}
