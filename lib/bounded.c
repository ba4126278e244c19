/* SPDX-License-Identifier: MIT */
/*
 * bounded.c - showing a batch.
 *
 * INV: R, the events that have left their processor's copy, grows when a tail
 * is set back, and least <= R <= most at any moment. Copies count from before
 * their first event until after their last was moved. So any moment's count,
 * R + tails, is at most most + batch * copies.
 */
#include <cpuslab/bounded.h>

#include <cpuslab/log.h>

#define BOUNDED_TRIES 4 /* a thread may move to processors that are full */
#define BOUNDED_TAIL offsetof(struct cpuslab_bounded_cpu, tail)

CPUSLAB_STATIC_ASSERT(offsetof(struct cpuslab_bounded_cpu, records) -
				      BOUNDED_TAIL ==
			      CPUSLAB_LOG_HEADER,
		      "a log begins at the tail");

static int bounded_ctor(void *object, uint32_t cpu, void *arg)
{
	struct cpuslab_bounded *bounded = arg;

	(void)object;
	(void)cpu;
	cpuslab_fetch_add_u64(&bounded->copies, 1);
	return CPUSLAB_OK;
}

static void bounded_dtor(void *object, uint32_t cpu, void *arg)
{
	struct cpuslab_bounded *bounded = arg;

	(void)object;
	(void)cpu;
	cpuslab_fetch_add_u64(&bounded->copies, (uint64_t)-1);
}

/* Nobody works on @object: what it has not shown is shown. */
static int bounded_drain(void *object, void *overflow, uint32_t cpu, void *arg)
{
	struct cpuslab_bounded_cpu *copy = object;

	(void)overflow;
	(void)cpu;
	cpuslab__bounded_show(arg, copy->tail / 8);
	copy->tail = 0;
	return CPUSLAB_OK;
}

int cpuslab_bounded_init(struct cpuslab_bounded *bounded,
			 struct cpuslab_slab *slab, uint32_t batch)
{
	if (!batch || batch > CPUSLAB_BOUNDED_MAX_BATCH)
		return -CPUSLAB_EINVAL;
	memset(bounded, 0, sizeof(*bounded));
	bounded->slab = slab;
	bounded->batch = batch;
	bounded->type.name = "cpuslab_bounded";
	bounded->type.size = offsetof(struct cpuslab_bounded_cpu, records) +
			     batch * sizeof(uint64_t);
	bounded->type.align = 16;
	bounded->type.ctor = bounded_ctor;
	bounded->type.dtor = bounded_dtor;
	bounded->type.drain = bounded_drain;
	bounded->type.arg = bounded;
	bounded->type.counters = 1;
	bounded->type.flags = CPUSLAB_TYPE_SIGNAL_SAFE;
	return cpuslab_alloc(slab, &bounded->type, &bounded->ref);
}

void cpuslab_bounded_fini(struct cpuslab_bounded *bounded)
{
	cpuslab_free(bounded->slab, &bounded->ref);
}

void cpuslab__bounded_show(struct cpuslab_bounded *bounded, uint64_t value)
{
	cpuslab_fetch_add_u64(&bounded->most, value);
	cpuslab_port_point();
	cpuslab_fetch_add_u64(&bounded->least, value);
}

/* Some processor was full: let it start anew, if this one still is. */
static void bounded_flush(struct cpuslab_bounded *bounded)
{
	uint64_t batch = bounded->batch;

	/*
	 * [bounded.most] Before the events leave their processor; pairs with
	 * the load in cpuslab_bounded_bounds(). The other way round they
	 * would be nowhere for a moment.
	 */
	cpuslab_fetch_add_u64(&bounded->most, batch);
	cpuslab_port_point();
	if (!cpuslab_cmpstore(&bounded->ref, BOUNDED_TAIL, batch * 8, 0)) {
		cpuslab_port_point();
		cpuslab_fetch_add_u64(&bounded->least, batch);
		return;
	}
	cpuslab_fetch_add_u64(&bounded->most, (uint64_t)0 - batch);
}

/* As the first try; who has no block is let in, or works on the overflow. */
static int bounded_append(struct cpuslab_bounded *bounded)
{
	uint32_t bytes = bounded->batch * 8;
	int result;

	result = cpuslab_port_append(&bounded->ref, BOUNDED_TAIL, bounded, 0,
				     bytes);
	if (result == CPUSLAB_MISS)
		result = cpuslab__slow_append(&bounded->ref, BOUNDED_TAIL,
					      bounded, 0, bytes);
	return result;
}

void cpuslab__bounded_slow_step(struct cpuslab_bounded *bounded, int result)
{
	int tries;

	for (tries = 0; tries < BOUNDED_TRIES; tries++) {
		if (result == CPUSLAB_FULL)
			bounded_flush(bounded);
		result = bounded_append(bounded);
		if (result != CPUSLAB_FULL)
			return; /* or never initialised */
	}
	cpuslab__bounded_show(bounded, 1);
}

void cpuslab_bounded_bounds(const struct cpuslab_bounded *bounded,
			    uint64_t *least, uint64_t *most)
{
	uint64_t copies;

	*least = cpuslab_load_acquire_u64(&bounded->least);
	cpuslab_port_point();
	/*
	 * [bounded.most] Copies first: what a processor that goes has not
	 * shown is in "most" before its copy is counted no longer.
	 */
	copies = cpuslab_load_acquire_u64(&bounded->copies);
	cpuslab_port_point();
	*most = cpuslab_load_acquire_u64(&bounded->most) +
		copies * bounded->batch;
}

uint64_t cpuslab_bounded_sum(const struct cpuslab_bounded *bounded)
{
	return cpuslab_sum(&bounded->ref, 0);
}
