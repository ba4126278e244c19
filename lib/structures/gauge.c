/* SPDX-License-Identifier: MIT */
#include <cpuslab/gauge.h>
#include <cpuslab/percid.h>

#include "../core/named.h"

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

int cpuslab_percid_gauge_init(struct cpuslab_percid_gauge *gauge,
			      struct cpuslab_slab *slab)
{
	int err;

	memset(gauge, 0, sizeof(*gauge));
	gauge->gauge.slab = slab;
	err = cpuslab_percid_alloc(slab, &gauge_type, &gauge->handle);
	gauge->gauge.handle = gauge->handle.copies;
	return err;
}

void cpuslab_gauge_fini(struct cpuslab_gauge *gauge)
{
	if (cpuslab__is_named(&gauge->handle))
		cpuslab__named_fini(&gauge->handle);
	else
		cpuslab_free(gauge->slab, &gauge->handle);
}

/* The sums of both counters, one read after the other. */
struct gauge_flow {
	uint64_t in, out;
};

static struct gauge_flow gauge_flow(const struct cpuslab_gauge *gauge)
{
	struct gauge_flow flow;

	/* [gauge] Acquire; pairs with the other sums of one read. */
	flow.out = cpuslab_sum(&gauge->handle,
			       offsetof(struct cpuslab_gauge_cpu, out));
	flow.in = cpuslab_sum(&gauge->handle,
			      offsetof(struct cpuslab_gauge_cpu, in));
	return flow;
}

void cpuslab_gauge_bounds(const struct cpuslab_gauge *gauge, int64_t *least,
			  int64_t *most)
{
	struct gauge_flow before = gauge_flow(gauge), after;
	uint64_t width, narrowest = UINT64_MAX;
	int tries;

	for (tries = 0; narrowest && tries < CPUSLAB_GAUGE_TRIES; tries++) {
		after = gauge_flow(gauge);
		width = after.in - before.in + (after.out - before.out);
		if (width <= narrowest) {
			narrowest = width;
			*least = (int64_t)(before.in - after.out);
			/*
			 * [gauge] Out from the sums before, in from those
			 * after. A unit that went out had come in before: its
			 * in-add is visible once its out-add (a release) has
			 * been read (an acquire), so the later sum counts it.
			 * The other way round a unit that came and went
			 * between the sums would count as -1.
			 */
			*most = (int64_t)(after.in - before.out);
		}
		before = after;
	}
}

int64_t cpuslab_gauge_sum(const struct cpuslab_gauge *gauge)
{
	int64_t least, most;

	cpuslab_gauge_bounds(gauge, &least, &most);
	return most;
}
