/* SPDX-License-Identifier: MIT */
/*
 * refcount.c - a reference count that is not counted by CPUs.
 *
 * The global count is a number of references, and the flag that no kill has
 * begun. While the gates are open, and until their values have been added up,
 * it has a bias that no number of puts can use up, so it cannot reach zero.
 *
 *	open	set the bias, then open the gates
 *	close	close the gates, fence, add to the global count what the values
 *		have changed since they were added up last, less the bias
 *
 * Whichever gate a get or put has found, and however late it goes on, it may
 * change the global count: that is right with the bias and without it.
 */
#include <cpuslab/refcount.h>

#include "gate.h"

#define REFCOUNT_LIVE CPUSLAB__REFCOUNT_LIVE
#define REFCOUNT_BIAS ((uint64_t)1 << 61)

static int refcount_ctor(void *object, uint32_t cpu, void *arg)
{
	const struct cpuslab_refcount *refcount = arg;
	struct cpuslab_gated *gated = object;

	(void)cpu;
	gated->gate = refcount->gate;
	return CPUSLAB_OK;
}

int cpuslab_refcount_init(struct cpuslab_refcount *refcount,
			  struct cpuslab_slab *slab,
			  void (*released)(struct cpuslab_refcount *refcount))
{
	int err;

	memset(refcount, 0, sizeof(*refcount));
	refcount->slab = slab;
	refcount->released = released;
	refcount->global = REFCOUNT_LIVE + REFCOUNT_BIAS + 1;
	refcount->first = true;
	refcount->gate = CPUSLAB__REFCOUNT_OPEN;
	refcount->type.name = "cpuslab_refcount";
	refcount->type.size = sizeof(struct cpuslab_gated);
	refcount->type.align = sizeof(struct cpuslab_gated);
	refcount->type.ctor = refcount_ctor;
	refcount->type.arg = refcount;
	/* A release folds both words; the sum of the gates has no meaning. */
	refcount->type.counters = 2;
	refcount->type.flags = CPUSLAB_TYPE_SIGNAL_SAFE;
	err = cpuslab_alloc(slab, &refcount->type, &refcount->handle);
	if (err)
		memset(refcount, 0, sizeof(*refcount));
	return err;
}

void cpuslab_refcount_fini(struct cpuslab_refcount *refcount)
{
	cpuslab_free(refcount->slab, &refcount->handle);
}

/* ---- gets and puts that found a closed gate ----------------------------- */

bool cpuslab__refcount_slow_get(struct cpuslab_refcount *refcount,
				uint64_t count, uint64_t mask, int result)
{
	uint64_t found;

	if (result != CPUSLAB_DIFFERS)
		return false; /* never initialised */
	cpuslab_port_preempt_point();
	found = cpuslab_load_acquire_u64(&refcount->global);
	do {
		cpuslab_port_preempt_point();
		if (!(found & mask))
			return false;
	} while (!cpuslab_cas_u64(&refcount->global, &found, found + count));
	return true;
}

/* Subtract from the global count. Was the last reference among them? */
static bool refcount_drop(struct cpuslab_refcount *refcount, uint64_t count)
{
	uint64_t before =
		cpuslab_fetch_add_u64(&refcount->global, (uint64_t)0 - count);

	/* Fails if there are more puts than gets. */
	cpuslab_assert((before & ~REFCOUNT_LIVE) >= count);
	cpuslab_assert(before != REFCOUNT_LIVE + count);
	return before == count;
}

static void refcount_release(struct cpuslab_refcount *refcount)
{
	if (refcount->released)
		refcount->released(refcount);
}

bool cpuslab__refcount_slow_put(struct cpuslab_refcount *refcount,
				uint64_t count, int result)
{
	if (result != CPUSLAB_DIFFERS)
		return false; /* never initialised */
	cpuslab_port_preempt_point();
	if (!refcount_drop(refcount, count))
		return false;
	refcount_release(refcount);
	return true;
}

/* ---- kill, resurrect, switch --------------------------------------------- */

static int refcount_enter(struct cpuslab_refcount *refcount)
{
	if (cpuslab_percpu_is_null(&refcount->handle))
		return -CPUSLAB_EINVAL;
	return cpuslab__gate_enter(refcount->slab, &refcount->handle, 0);
}

static bool refcount_is_exact(uint64_t global)
{
	return (global & ~REFCOUNT_LIVE) < REFCOUNT_BIAS / 2;
}

static void refcount_set_gates(struct cpuslab_refcount *refcount, uint64_t gate)
{
	refcount->gate = gate;
	cpuslab__gate_set(refcount->slab, &refcount->handle, 0, gate);
	cpuslab_port_preempt_point();
}

/* Make the global count exact. */
static int refcount_close(struct cpuslab_refcount *refcount)
{
	uint64_t sum;
	int result;

	if (refcount_is_exact(cpuslab_load_relaxed_u64(&refcount->global)))
		return CPUSLAB_OK;
	refcount_set_gates(refcount, CPUSLAB__REFCOUNT_CLOSED);
	/*
	 * [refcount.kill] Gates before values; pairs, in atomic mode and on the
	 * shared block, with the compare-and-swap of {gate, value}. Without it
	 * a value that is read early misses an add that found its gate open.
	 */
	result = cpuslab__gate_fence(refcount->slab);
	if (result)
		return result; /* the gates stay closed */
	sum = cpuslab_sum(&refcount->handle,
			  offsetof(struct cpuslab_gated, value));
	cpuslab_port_preempt_point();
	cpuslab_fetch_add_u64(&refcount->global,
			      sum - refcount->summed - REFCOUNT_BIAS);
	refcount->summed = sum;
	return CPUSLAB_OK;
}

static void refcount_open(struct cpuslab_refcount *refcount)
{
	if (refcount->gate == CPUSLAB__REFCOUNT_OPEN)
		return;
	/*
	 * [refcount.open] Before a CPU counts; pairs with the acquire load of
	 * the gate. Otherwise a put whose get was counted there could bring the
	 * global count to zero.
	 */
	if (refcount_is_exact(cpuslab_load_relaxed_u64(&refcount->global)))
		cpuslab_fetch_add_u64(&refcount->global, REFCOUNT_BIAS);
	cpuslab_port_preempt_point();
	refcount_set_gates(refcount, CPUSLAB__REFCOUNT_OPEN);
}

int cpuslab_refcount_kill(struct cpuslab_refcount *refcount)
{
	bool last = false;
	int result = refcount_enter(refcount);

	if (result)
		return result;
	if (!refcount->first) {
		result = CPUSLAB_DIFFERS;
		goto exit;
	}
	if (!cpuslab_refcount_is_dying(refcount))
		cpuslab_fetch_add_u64(&refcount->global,
				      (uint64_t)0 - REFCOUNT_LIVE);
	cpuslab_port_preempt_point();
	result = refcount_close(refcount);
	if (result)
		goto exit;
	refcount->first = false;
	last = refcount_drop(refcount, 1);
exit:
	cpuslab__gate_exit(refcount->slab);
	if (last)
		refcount_release(refcount);
	return result;
}

int cpuslab_refcount_resurrect(struct cpuslab_refcount *refcount)
{
	int result = refcount_enter(refcount);

	if (result)
		return result;
	if (!cpuslab_refcount_is_dying(refcount)) {
		result = CPUSLAB_DIFFERS;
		goto exit;
	}
	cpuslab_fetch_add_u64(&refcount->global,
			      REFCOUNT_LIVE + !refcount->first);
	refcount->first = true;
	cpuslab_port_preempt_point();
	if (!refcount->atomic)
		refcount_open(refcount);
exit:
	cpuslab__gate_exit(refcount->slab);
	return result;
}

int cpuslab_refcount_switch_to_atomic(struct cpuslab_refcount *refcount)
{
	int result = refcount_enter(refcount);

	if (result)
		return result;
	refcount->atomic = true;
	result = refcount_close(refcount);
	cpuslab__gate_exit(refcount->slab);
	return result;
}

int cpuslab_refcount_switch_to_percpu(struct cpuslab_refcount *refcount)
{
	int result = refcount_enter(refcount);

	if (result)
		return result;
	refcount->atomic = false;
	if (!cpuslab_refcount_is_dying(refcount))
		refcount_open(refcount);
	cpuslab__gate_exit(refcount->slab);
	return CPUSLAB_OK;
}

/* ---- questions ----------------------------------------------------------- */

bool cpuslab_refcount_is_dying(const struct cpuslab_refcount *refcount)
{
	return !(cpuslab_load_acquire_u64(&refcount->global) & REFCOUNT_LIVE);
}

bool cpuslab_refcount_is_zero(const struct cpuslab_refcount *refcount)
{
	return !cpuslab_load_acquire_u64(&refcount->global);
}

uint64_t cpuslab_refcount_count(const struct cpuslab_refcount *refcount)
{
	uint64_t global = cpuslab_load_acquire_u64(&refcount->global);

	return refcount_is_exact(global) ? global & ~REFCOUNT_LIVE : UINT64_MAX;
}
