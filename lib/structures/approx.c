/* SPDX-License-Identifier: MIT */
/*
 * approx.c - showing a batch.
 *
 * INV: R, the events that have left their CPU's copy, grows when a tail
 * is set back, and least <= R <= most at any moment. Copies count from before
 * their first event until after their last was moved. So any moment's count,
 * R + tails, is at most most + batch * copies.
 */
#include <cpuslab/approx.h>

#include <cpuslab/log.h>

#define APPROX_TRIES 4 /* a thread may move to CPUs that are full */
#define APPROX_TAIL offsetof(struct cpuslab_approx_cpu, tail)

CPUSLAB_STATIC_ASSERT(offsetof(struct cpuslab_approx_cpu, records) -
				      APPROX_TAIL ==
			      CPUSLAB_LOG_HEADER,
		      "a log begins at the tail");

static int approx_ctor(void *object, uint32_t cpu, void *arg)
{
	struct cpuslab_approx *approx = arg;

	(void)object;
	(void)cpu;
	cpuslab_fetch_add_u64(&approx->copies, 1);
	return CPUSLAB_OK;
}

static void approx_dtor(void *object, uint32_t cpu, void *arg)
{
	struct cpuslab_approx *approx = arg;

	(void)object;
	(void)cpu;
	cpuslab_fetch_add_u64(&approx->copies, (uint64_t)-1);
}

/* Nobody works on @object: what it has not shown is shown. */
static int approx_drain(void *object, void *shared, uint32_t cpu, void *arg)
{
	struct cpuslab_approx_cpu *copy = object;

	(void)shared;
	(void)cpu;
	cpuslab__approx_show(arg, copy->tail / 8);
	copy->tail = 0;
	return CPUSLAB_OK;
}

int cpuslab_approx_init(struct cpuslab_approx *approx,
			struct cpuslab_slab *slab, uint32_t batch)
{
	if (!batch || batch > CPUSLAB_APPROX_MAX_BATCH)
		return -CPUSLAB_EINVAL;
	memset(approx, 0, sizeof(*approx));
	approx->slab = slab;
	approx->batch = batch;
	approx->type.name = "cpuslab_approx";
	approx->type.size = offsetof(struct cpuslab_approx_cpu, records) +
			    batch * sizeof(uint64_t);
	approx->type.align = 16;
	approx->type.ctor = approx_ctor;
	approx->type.dtor = approx_dtor;
	approx->type.drain = approx_drain;
	approx->type.arg = approx;
	approx->type.counters = 1;
	approx->type.flags = CPUSLAB_TYPE_SIGNAL_SAFE;
	return cpuslab_alloc(slab, &approx->type, &approx->handle);
}

void cpuslab_approx_fini(struct cpuslab_approx *approx)
{
	cpuslab_free(approx->slab, &approx->handle);
}

void cpuslab__approx_show(struct cpuslab_approx *approx, uint64_t value)
{
	cpuslab_fetch_add_u64(&approx->most, value);
	cpuslab_port_preempt_point();
	cpuslab_fetch_add_u64(&approx->least, value);
}

/* Some CPU was full: let it start anew, if this one still is. */
static void approx_flush(struct cpuslab_approx *approx)
{
	uint64_t batch = approx->batch;

	/*
	 * [approx.most] Before the events leave their CPU; pairs with
	 * the load in cpuslab_approx_bounds(). The other way round they
	 * would be nowhere for a moment.
	 */
	cpuslab_fetch_add_u64(&approx->most, batch);
	cpuslab_port_preempt_point();
	if (!cpuslab_cmpstore(&approx->handle, APPROX_TAIL, batch * 8, 0)) {
		cpuslab_port_preempt_point();
		cpuslab_fetch_add_u64(&approx->least, batch);
		return;
	}
	cpuslab_fetch_add_u64(&approx->most, (uint64_t)0 - batch);
}

/* As the first try; who has no block is let in, or works on the shared block. */
static int approx_append(struct cpuslab_approx *approx)
{
	uint32_t bytes = approx->batch * 8;
	int result;

	result = cpuslab_port_append(&approx->handle, APPROX_TAIL, approx, 0,
				     bytes);
	if (result == CPUSLAB_MISS)
		result = cpuslab__slow_append(&approx->handle, APPROX_TAIL,
					      approx, 0, bytes);
	return result;
}

void cpuslab__approx_slow_step(struct cpuslab_approx *approx, int result)
{
	int tries;

	for (tries = 0; tries < APPROX_TRIES; tries++) {
		if (result == CPUSLAB_FULL)
			approx_flush(approx);
		result = approx_append(approx);
		if (result != CPUSLAB_FULL)
			return; /* or never initialised */
	}
	cpuslab__approx_show(approx, 1);
}

void cpuslab_approx_bounds(const struct cpuslab_approx *approx, uint64_t *least,
			   uint64_t *most)
{
	uint64_t copies;

	*least = cpuslab_load_acquire_u64(&approx->least);
	cpuslab_port_preempt_point();
	/*
	 * [approx.most] Copies first: what a CPU that goes has not
	 * shown is in "most" before its copy is counted no longer.
	 */
	copies = cpuslab_load_acquire_u64(&approx->copies);
	cpuslab_port_preempt_point();
	*most = cpuslab_load_acquire_u64(&approx->most) +
		copies * approx->batch;
}

uint64_t cpuslab_approx_sum(const struct cpuslab_approx *approx)
{
	return cpuslab_sum(&approx->handle, 0);
}
