/* SPDX-License-Identifier: MIT */
/*
 * refcount.c - the end of a reference count.
 *
 * The global count starts at a bias that no number of puts can use up, so it
 * reaches zero only after the kill has replaced the bias with the sum of all
 * values. From then on it only falls: exactly one subtraction, the kill's or a
 * put's, ends at zero.
 */
#include <cpuslab/refcount.h>

#include "gate.h"

#define REFCOUNT_BIAS ((uint64_t)1 << 63)

/* State is a value of the gate, or one of these. */
enum {
	REFCOUNT_KILLING = 3, /* a thread is in cpuslab_refcount_kill() */
	REFCOUNT_KILLED = 4,
};

static uint64_t refcount_gate_of(uint64_t state)
{
	return state == CPUSLAB__REFCOUNT_ALIVE ? CPUSLAB__REFCOUNT_ALIVE :
						  CPUSLAB__REFCOUNT_DYING;
}

static int refcount_ctor(void *object, uint32_t cpu, void *arg)
{
	const struct cpuslab_refcount *refcount = arg;
	struct cpuslab_gated *gated = object;

	(void)cpu;
	/*
	 * [refcount.admit] Pairs with the change of state in
	 * refcount_close_gates(). Without it a copy that is constructed after
	 * gate_set() has walked the CPUs could start with an open gate.
	 */
	gated->gate =
		refcount_gate_of(cpuslab_load_acquire_u64(&refcount->state));
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
	refcount->global = REFCOUNT_BIAS;
	refcount->state = CPUSLAB__REFCOUNT_ALIVE;
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

/* Subtract from the global count (mod 2^64). Has it reached zero? */
static bool refcount_subtract(struct cpuslab_refcount *refcount, uint64_t value)
{
	uint64_t before =
		cpuslab_fetch_add_u64(&refcount->global, (uint64_t)0 - value);

	/* Fails if there are more puts than gets. */
	cpuslab_assert(before);
	if (before != value)
		return false;
	if (refcount->released)
		refcount->released(refcount);
	return true;
}

bool cpuslab__refcount_slow_put(struct cpuslab_refcount *refcount, int result)
{
	if (result != CPUSLAB_DIFFERS)
		return false; /* never initialised */
	cpuslab_port_preempt_point();
	return refcount_subtract(refcount, 1);
}

/*
 * May the caller kill? *state is set to the previous state: alive, or dying if
 * the fence of an earlier kill failed.
 */
static bool refcount_claim(struct cpuslab_refcount *refcount, uint64_t *state)
{
	*state = CPUSLAB__REFCOUNT_ALIVE;
	return cpuslab_cas_u64(&refcount->state, state, REFCOUNT_KILLING) ||
	       (*state == CPUSLAB__REFCOUNT_DYING &&
		cpuslab_cas_u64(&refcount->state, state, REFCOUNT_KILLING));
}

static int refcount_close_gates(struct cpuslab_refcount *refcount)
{
	uint64_t state;
	int result;

	if (!refcount_claim(refcount, &state))
		return CPUSLAB_DIFFERS;
	cpuslab_port_preempt_point();
	/* [refcount.admit] The state changes before the gates. */
	result = cpuslab__gate_set(refcount->slab, &refcount->handle, 0,
				   CPUSLAB__REFCOUNT_DYING);
	if (!result)
		return CPUSLAB_OK;
	/* If only the fence failed the gates stay closed. */
	if (result == -CPUSLAB_EAGAIN)
		state = CPUSLAB__REFCOUNT_DYING;
	cpuslab_store_release_u64(&refcount->state, state);
	return result;
}

int cpuslab_refcount_kill(struct cpuslab_refcount *refcount)
{
	uint64_t left;
	int result;

	if (cpuslab_percpu_is_null(&refcount->handle))
		return -CPUSLAB_EINVAL;
	result = refcount_close_gates(refcount);
	if (result)
		return result;
	/*
	 * [refcount.kill] Gates before values; pairs, in atomic mode and on the
	 * shared block, with the compare-and-swap of {gate, value}. Without it
	 * a value that is read early misses an add that found its gate open.
	 */
	cpuslab_fence();
	left = cpuslab_sum(&refcount->handle,
			   offsetof(struct cpuslab_gated, value));
	cpuslab_port_preempt_point();
	cpuslab_store_release_u64(&refcount->state, REFCOUNT_KILLED);
	refcount_subtract(refcount, REFCOUNT_BIAS - left);
	return CPUSLAB_OK;
}

bool cpuslab_refcount_is_dying(const struct cpuslab_refcount *refcount)
{
	return cpuslab_load_acquire_u64(&refcount->state) !=
	       CPUSLAB__REFCOUNT_ALIVE;
}

bool cpuslab_refcount_is_zero(const struct cpuslab_refcount *refcount)
{
	return !cpuslab_load_acquire_u64(&refcount->global);
}
