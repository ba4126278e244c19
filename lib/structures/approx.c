/* SPDX-License-Identifier: MIT */
/*
 * approx.c - publish pending events.
 *
 * INV: let R be the number of events that have left their CPU's copy; it grows
 * when a count of pending events is reset. At any moment least <= R <= most. A
 * copy is counted in copies from before its first event until after its last
 * one was published. So the value at any moment, R plus all pending events, is
 * at most most + batch * copies.
 *
 * What is taken back lowers least first and most last, so that the value stays
 * between them. It may be pending still, and then least is negative.
 */
#include <cpuslab/approx.h>

#define APPROX_TRIES 4 /* the thread may migrate to another full CPU */
#define APPROX_PENDING offsetof(struct cpuslab_approx_cpu, pending)

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

static int approx_drain(void *object, void *shared, uint32_t cpu, void *arg)
{
	struct cpuslab_approx_cpu *copy = object;

	(void)shared;
	(void)cpu;
	cpuslab__approx_show(arg, copy->pending);
	copy->pending = 0;
	return CPUSLAB_OK;
}

int cpuslab_approx_init(struct cpuslab_approx *approx,
			struct cpuslab_slab *slab, uint32_t batch)
{
	int err;

	memset(approx, 0, sizeof(*approx));
	if (!batch)
		return -CPUSLAB_EINVAL;
	approx->slab = slab;
	approx->batch = batch;
	approx->type.name = "cpuslab_approx";
	approx->type.size = sizeof(struct cpuslab_approx_cpu);
	approx->type.ctor = approx_ctor;
	approx->type.dtor = approx_dtor;
	approx->type.drain = approx_drain;
	approx->type.arg = approx;
	approx->type.counters = 1;
	approx->type.flags = CPUSLAB_TYPE_SIGNAL_SAFE;
	err = cpuslab_alloc(slab, &approx->type, &approx->handle);
	if (err)
		memset(approx, 0, sizeof(*approx));
	return err;
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

/* A copy was full: publish a batch, if this CPU's is full. */
static void approx_publish_batch(struct cpuslab_approx *approx)
{
	uint64_t batch = approx->batch;

	/*
	 * [approx.most] Before the events leave their CPU; pairs with the load
	 * in cpuslab_approx_bounds(). In the other order the events would be
	 * counted nowhere for a moment, and `most` be too low.
	 */
	cpuslab_fetch_add_u64(&approx->most, batch);
	cpuslab_port_preempt_point();
	if (!cpuslab_cmpstore(&approx->handle, APPROX_PENDING, batch, 0)) {
		cpuslab_port_preempt_point();
		cpuslab_fetch_add_u64(&approx->least, batch);
		return;
	}
	cpuslab_fetch_add_u64(&approx->most, (uint64_t)0 - batch);
}

void cpuslab__approx_slow_step(struct cpuslab_approx *approx)
{
	int tries;

	for (tries = 0; tries < APPROX_TRIES; tries++) {
		approx_publish_batch(approx);
		if (cpuslab_add_below(&approx->handle, APPROX_PENDING,
				      approx->batch, 1) != CPUSLAB_FULL)
			return; /* done, or never initialised */
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
	 * [approx.most] Copies first: a release adds a copy's pending events to
	 * `most` before it stops counting the copy.
	 */
	copies = cpuslab_load_acquire_u64(&approx->copies);
	cpuslab_port_preempt_point();
	*most = cpuslab_load_acquire_u64(&approx->most) +
		copies * approx->batch;
	if ((int64_t)*least < 0)
		*least = 0;
}

uint64_t cpuslab_approx_sum(const struct cpuslab_approx *approx)
{
	/*
	 * [approx.taken] Acquire, and before the sum; pairs with
	 * cpuslab_approx_sub(). In the other order the sum could miss an event
	 * that was added and taken back meanwhile, and be too low.
	 */
	uint64_t taken = cpuslab_load_acquire_u64(&approx->taken);

	cpuslab_port_preempt_point();
	return cpuslab_sum(&approx->handle, 0) - taken;
}

int cpuslab_approx_compare(const struct cpuslab_approx *approx, uint64_t bound)
{
	uint64_t least, most, sum;

	cpuslab_approx_bounds(approx, &least, &most);
	if (most < bound)
		return -1;
	if (least > bound)
		return 1;
	sum = cpuslab_approx_sum(approx);
	return (sum > bound) - (sum < bound);
}

/* Never more than @limit, so that what is reserved does not wrap around. */
static bool approx_reserve(struct cpuslab_approx *approx, uint64_t limit,
			   uint64_t value, uint64_t *reserved)
{
	uint64_t found = cpuslab_load_relaxed_u64(&approx->reserved);

	do {
		cpuslab_port_preempt_point();
		if (found > limit || value > limit - found)
			return false;
		*reserved = found + value;
	} while (!cpuslab_cas_u64(&approx->reserved, &found, *reserved));
	return true;
}

int cpuslab_approx_add_limited(struct cpuslab_approx *approx, uint64_t limit,
			       uint64_t value)
{
	uint64_t reserved;
	int result;

	if (cpuslab_percpu_is_null(&approx->handle))
		return -CPUSLAB_EINVAL;
	/*
	 * [approx.reserved] Before the value is read; pairs with the
	 * subtraction below. Of two adds, that which reserves later finds the
	 * other's amount here or in the value. If it read the value first, it
	 * could find it in neither.
	 */
	if (!approx_reserve(approx, limit, value, &reserved))
		return CPUSLAB_FULL;
	cpuslab_port_preempt_point();
	result = cpuslab_approx_compare(approx, limit - reserved) > 0 ?
			 CPUSLAB_FULL :
			 cpuslab_approx_add(approx, value);
	cpuslab_port_preempt_point();
	/* [approx.reserved] After the amount is in the value. */
	cpuslab_fetch_add_u64(&approx->reserved, (uint64_t)0 - value);
	return result;
}

int cpuslab_approx_sub(struct cpuslab_approx *approx, uint64_t value)
{
	if (cpuslab_percpu_is_null(&approx->handle))
		return -CPUSLAB_EINVAL;
	cpuslab_fetch_add_u64(&approx->least, (uint64_t)0 - value);
	cpuslab_port_preempt_point();
	/* [approx.taken] Release: a thread that counts it sees the add. */
	cpuslab_fetch_add_u64(&approx->taken, value);
	cpuslab_port_preempt_point();
	cpuslab_fetch_add_u64(&approx->most, (uint64_t)0 - value);
	return CPUSLAB_OK;
}

int cpuslab_approx_set(struct cpuslab_approx *approx, uint64_t value)
{
	uint64_t sum = cpuslab_approx_sum(approx);

	return value < sum ? cpuslab_approx_sub(approx, sum - value) :
			     cpuslab_approx_add(approx, value - sum);
}
