/* SPDX-License-Identifier: MIT */
/*
 * admit.c - give a CPU its blocks in a slab: allocate, construct, publish.
 */
#include "slab_internal.h"

#define ADMIT_RETRY_NS 1000000u /* pause after a failed admission */
#define ADMIT_RETAKES 16u       /* while a reader lets no grace period end */

uint32_t cpuslab__state(const struct cpuslab_slab *slab, uint32_t cpu)
{
	return cpuslab_load_relaxed_u8(&slab->state[cpu]) & SLAB_STATE_MASK;
}

void cpuslab__state_set(struct cpuslab_slab *slab, uint32_t cpu, uint32_t state)
{
	uint32_t flags = slab->state[cpu] & ~(uint32_t)SLAB_STATE_MASK;

	cpuslab_store_relaxed_u8(&slab->state[cpu], (uint8_t)(flags | state));
}

void cpuslab__set_live(struct cpuslab_slab *slab, uint32_t cpu, bool live)
{
	struct cpuslab_extent *extent;

	cpuslab__state_set(slab, cpu, live ? SLAB_LIVE : SLAB_DRAINING);
	for (extent = slab->extents; extent; extent = extent->next) {
		cpuslab_port_block_set_live(&extent->blocks, cpu, live);
		cpuslab_port_preempt_point();
	}
	/*
	 * [live] Pairs with the acquire load of the live byte, or of the port's
	 * own pointer, in each operation. Without it an operation could use an
	 * object that is not constructed.
	 */
	cpuslab_store_release_u8(&slab->live[cpu], live);
}

int cpuslab__prepare(struct cpuslab_slab *slab, uint32_t cpu, bool wait)
{
	struct cpuslab_extent *extent, *undo;
	int err;

	for (extent = slab->extents; extent; extent = extent->next) {
		err = cpuslab__extent_alloc(extent, cpu, wait);
		if (err)
			goto free;
	}
	err = cpuslab__objects_construct(slab, cpu);
	if (err)
		goto free;
	cpuslab__cpubits_set(&slab->in_use, cpu);
	cpuslab__state_set(slab, cpu, SLAB_PREPARED);
	return CPUSLAB_OK;
free:
	for (undo = slab->extents; undo != extent; undo = undo->next)
		cpuslab__extent_free(undo, cpu, wait);
	slab->refusals++;
	cpuslab__trace(slab, CPUSLAB_EVENT_REFUSE, cpu, err);
	return err;
}

/*
 * No operation or reader can reach the blocks: nothing to fold, no grace period
 * to wait for.
 */
void cpuslab__unprepare(struct cpuslab_slab *slab, uint32_t cpu)
{
	struct cpuslab_extent *extent;

	cpuslab__objects_destruct(slab, cpu);
	for (extent = slab->extents; extent; extent = extent->next)
		cpuslab__extent_free(extent, cpu, true);
	cpuslab__cpubits_clear(&slab->in_use, cpu);
	cpuslab_store_relaxed_u8(&slab->state[cpu],
				 slab->state[cpu] &
					 (SLAB_REGISTERED | SLAB_STARTED));
}

void cpuslab__publish(struct cpuslab_slab *slab, uint32_t cpu)
{
	/* Before any add, so that no sum can miss one. */
	cpuslab__summary_add_cpu(slab->summary, cpu);
	cpuslab_port_preempt_point();
	cpuslab__set_live(slab, cpu, true);
	slab->admissions++;
	cpuslab__trace(slab, CPUSLAB_EVENT_ADMIT, cpu, CPUSLAB_OK);
}

/*
 * Take back the blocks of a dead CPU before their grace period ends. They still
 * hold what was folded, so that leaves the residual when the CPU becomes a
 * member again. Whatever ends the grace period finds the CPU alive. Each time
 * takes a summary until then, so the number of times is bounded; all CPUs may
 * return at once.
 */
static int admit_retake(struct cpuslab_slab *slab, uint32_t cpu)
{
	uint32_t most = cpuslab__cpubits_count(&slab->in_use);
	struct cpuslab__summary *summary;
	uint32_t i;

	if (most < ADMIT_RETAKES)
		most = ADMIT_RETAKES;
	if (slab->gp_next.retakes >= most)
		return -CPUSLAB_EAGAIN;
	summary = cpuslab__summary_create(slab, true);
	if (!summary)
		return -CPUSLAB_ENOMEM;
	slab->gp_next.retakes++;
	for (i = 0; i < slab->summary->addends.count; i++)
		cpuslab__summary_add_cpu(summary, slab->summary->numbers[i]);
	cpuslab__summary_layout(summary, slab);
	cpuslab__summary_fold(summary, slab, cpu, true);
	cpuslab__summary_add_cpu(summary, cpu);
	cpuslab__summary_publish(slab, summary);
	cpuslab__batch_start(slab);
	cpuslab__cpubits_clear(&slab->gp_current.cpus, cpu);
	cpuslab__cpubits_clear(&slab->gp_next.cpus, cpu);
	cpuslab_port_preempt_point();
	cpuslab__set_live(slab, cpu, true);
	slab->admissions++;
	cpuslab__trace(slab, CPUSLAB_EVENT_ADMIT, cpu, CPUSLAB_OK);
	return CPUSLAB_OK;
}

int cpuslab__go_live(struct cpuslab_slab *slab, uint32_t cpu)
{
	uint32_t state = cpuslab__state(slab, cpu);

	if (state == SLAB_DEAD)
		return admit_retake(slab, cpu);
	if (state == SLAB_PREPARED)
		cpuslab__publish(slab, cpu);
	else if (state == SLAB_DRAINING)
		cpuslab__set_live(slab, cpu, true);
	return CPUSLAB_OK;
}

void cpuslab__admit_pending(struct cpuslab_slab *slab)
{
	uint32_t cpu;

	cpuslab__cpubits_for_each(cpu, &slab->admit_pending) {
		if (cpuslab__state(slab, cpu) == SLAB_ABSENT &&
		    cpuslab__prepare(slab, cpu, true))
			continue;
		cpuslab__go_live(slab, cpu);
		cpuslab__cpubits_clear(&slab->admit_pending, cpu);
		cpuslab_store_relaxed_u8(&slab->state[cpu],
					 slab->state[cpu] &
						 ~SLAB_ADMIT_PENDING);
	}
}

static void admit_mark_pending(struct cpuslab_slab *slab, uint32_t cpu)
{
	cpuslab__cpubits_set(&slab->admit_pending, cpu);
	cpuslab_store_relaxed_u8(&slab->state[cpu],
				 slab->state[cpu] | SLAB_ADMIT_PENDING);
}

/* With the mutex held, possibly in a signal handler. */
static bool admit_locked(struct cpuslab_slab *slab, uint32_t cpu)
{
	uint32_t state = cpuslab__state(slab, cpu);

	if (state == SLAB_ABSENT && slab->signal_unsafe) {
		admit_mark_pending(slab, cpu);
		return false;
	}
	if (state == SLAB_ABSENT && cpuslab__prepare(slab, cpu, false)) {
		cpuslab_store_relaxed_u64(
			&slab->retry_at, cpuslab_port_clock() + ADMIT_RETRY_NS);
		return false;
	}
	if (cpuslab__state(slab, cpu) != SLAB_PREPARED)
		return state == SLAB_LIVE;
	cpuslab__publish(slab, cpu);
	slab->on_demand++;
	return true;
}

/* Called by the port. */
static bool admit_try(struct cpuslab_slab *slab, uint32_t cpu)
{
	bool live;

	/* The holder may be the thread that this signal interrupted. */
	if (!cpuslab__mutex_trylock(&slab->mutex))
		return false;
	live = admit_locked(slab, cpu);
	cpuslab__mutex_unlock(&slab->mutex);
	return live;
}

/* A clock that was set back, as by a restore, must not prolong the pause. */
static bool admit_pauses(const struct cpuslab_slab *slab)
{
	uint64_t retry_at = cpuslab_load_relaxed_u64(&slab->retry_at);

	return retry_at && retry_at - cpuslab_port_clock() - 1 < ADMIT_RETRY_NS;
}

bool cpuslab__admit_on_demand(struct cpuslab_slab *slab, uint32_t cpu)
{
	uint32_t state, error;
	bool live;

	if (cpu >= slab->limit)
		return false;
	state = cpuslab_load_relaxed_u8(&slab->state[cpu]);
	if (state & SLAB_ADMIT_PENDING)
		return false;
	state &= SLAB_STATE_MASK;
	if (state == SLAB_DRAINING || state == SLAB_DEAD)
		return false;
	if (!cpuslab_port_may_sleep())
		return false;
	if (state == SLAB_LIVE)
		return true;
	if (admit_pauses(slab))
		return false;
	error = cpuslab_port_error_get();
	live = cpuslab_port_admit(admit_try, slab, cpu);
	cpuslab_port_error_set(error);
	return live;
}
