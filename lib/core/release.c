/* SPDX-License-Identifier: MIT */
/*
 * release.c - give the blocks of a CPU that went back to the system,
 * and lose nothing that they hold.
 *
 *	live bytes off | fence | drain, fold, publish summaries | readers gone
 *	   DRAINING                          DEAD                  ABSENT
 */
#include "slab_internal.h"

/* Move what is no counter to the shared block. 0, or: not now. */
static int release_drain(struct cpuslab_slab *slab, uint32_t cpu)
{
	uint32_t slot;

	for (slot = 0; slot < slab->slots; slot++) {
		const struct cpuslab__record *record =
			cpuslab__record(slab, slot);
		const struct cpuslab_extent *extent = record->extent;

		if (record->life == RECORD_FREE || !record->type->drain ||
		    cpu >= extent->limit)
			continue;
		if (record->type->drain(
			    cpuslab__extent_block(extent, cpu) + record->offset,
			    cpuslab__extent_block(extent, CPUSLAB_SHARED) +
				    record->offset,
			    cpu, record->type->arg))
			return -CPUSLAB_EAGAIN;
	}
	return CPUSLAB_OK;
}

/* Add one object's counters to the residual of a summary nobody sees yet. */
static void release_fold(const struct cpuslab__record *record, uint32_t cpu,
			 struct cpuslab__summary *summary)
{
	const uint64_t *words =
		(const uint64_t *)(cpuslab__extent_block(record->extent, cpu) +
				   record->offset);
	uint64_t *residual = summary->residual + record->offset / 8;
	uint32_t i;

	for (i = 0; i < record->type->counters; i++)
		residual[i] += cpuslab_load_relaxed_u64(&words[i]);
}

/* The successors of all extents' summaries, linked by old; all or none. */
static int release_summaries(struct cpuslab_slab *slab, uint32_t cpu,
			     struct cpuslab__summary **summaries)
{
	struct cpuslab__summary **tail = summaries;
	struct cpuslab_extent *extent;

	for (extent = slab->extents; extent; extent = extent->next) {
		if (cpu >= extent->limit)
			continue;
		*tail = cpuslab__summary_create(extent, extent->summary);
		if (!*tail)
			return -CPUSLAB_ENOMEM;
		cpuslab__cpubits_clear(&(*tail)->cpus, cpu);
		tail = &(*tail)->old;
	}
	return CPUSLAB_OK;
}

static void release_fold_all(struct cpuslab_slab *slab, uint32_t cpu,
			     struct cpuslab__summary *summaries)
{
	struct cpuslab_extent *extent;
	uint32_t slot;

	for (extent = slab->extents; extent; extent = extent->next) {
		if (cpu >= extent->limit)
			continue;
		for (slot = 0; slot < slab->slots; slot++) {
			const struct cpuslab__record *record =
				cpuslab__record(slab, slot);

			if (record->life != RECORD_FREE &&
			    record->extent == extent)
				release_fold(record, cpu, summaries);
		}
		summaries = summaries->old;
	}
}

static void release_publish(struct cpuslab_slab *slab, uint32_t cpu,
			    struct cpuslab__summary *summaries)
{
	struct cpuslab_extent *extent;

	for (extent = slab->extents; extent; extent = extent->next) {
		struct cpuslab__summary *summary = summaries;
		struct cpuslab__summary *old = extent->summary;

		if (cpu >= extent->limit)
			continue;
		summaries = summary->old;
		summary->old = NULL;
		/*
		 * [summary] The CPU leaves and its counts arrive with
		 * one store; pairs with the acquire load in cpuslab_sum().
		 */
		cpuslab_store_release_ptr(&extent->summary, summary);
		old->old = slab->gp_next.summaries;
		slab->gp_next.summaries = old;
	}
}

/* After the fence, under the mutex: nobody works on the block any more. */
static int release_finish(struct cpuslab_slab *slab, uint32_t cpu)
{
	struct cpuslab__summary *summaries = NULL;
	int err = release_summaries(slab, cpu, &summaries);

	if (!err)
		err = release_drain(slab, cpu);
	if (err) {
		cpuslab__summary_free_all(summaries);
		return err;
	}
	release_fold_all(slab, cpu, summaries);
	release_publish(slab, cpu, summaries);
	cpuslab__state_set(slab, cpu, SLAB_DEAD);
	cpuslab__cpubits_set(&slab->gp_next.cpus, cpu);
	cpuslab__batch_start(slab);
	slab->releases++;
	return CPUSLAB_OK;
}

static bool release_begin(struct cpuslab_slab *slab, uint32_t cpu,
			  bool quiescent)
{
	if (cpuslab__state(slab, cpu) != SLAB_LIVE ||
	    (slab->state[cpu] & SLAB_REGISTERED))
		return false;
	if (slab->keepers || (cpuslab_port_uses_atomics() && !quiescent)) {
		slab->release_deferred++;
		return false;
	}
	cpuslab__set_live(slab, cpu, false);
	return true;
}

static int release_one(struct cpuslab_slab *slab, uint32_t cpu, bool quiescent)
{
	bool begun;
	int err = CPUSLAB_OK;

	cpuslab__mutex_lock(&slab->mutex);
	begun = release_begin(slab, cpu, quiescent);
	cpuslab__mutex_unlock(&slab->mutex);
	if (!begun)
		return CPUSLAB_RETAINED;
	/*
	 * [release.fence] An operation that still saw the live byte commits
	 * before this returns, or starts anew and sees it off; pairs with the
	 * load of the live byte inside the section. Without it a count that
	 * comes after the fold is lost.
	 */
	if (!quiescent)
		err = cpuslab_port_fence_cpu(cpu);
	cpuslab__mutex_lock(&slab->mutex);
	if (!err)
		err = release_finish(slab, cpu);
	if (err) {
		cpuslab__set_live(slab, cpu, true);
		slab->release_deferred++;
	}
	cpuslab__mutex_unlock(&slab->mutex);
	return err == -CPUSLAB_EAGAIN ? CPUSLAB_RETAINED : err;
}

int cpuslab__release(struct cpuslab_slab *slab, uint32_t cpu, bool quiescent)
{
	int result;

	/* A fork waits for it: in the child nobody would end a release. */
	cpuslab_port_mutex_lock(&slab->releasing);
	result = release_one(slab, cpu, quiescent);
	cpuslab_port_mutex_unlock(&slab->releasing);
	return result;
}

int cpuslab__release_absent(struct cpuslab_slab *slab, bool quiescent)
{
	int result = CPUSLAB_OK;
	uint32_t cpu;

	for (cpu = 0; cpu < slab->limit; cpu++) {
		uint32_t state = cpuslab_load_relaxed_u8(&slab->state[cpu]);
		int released;

		if ((state & SLAB_STATE_MASK) != SLAB_LIVE ||
		    (state & SLAB_REGISTERED))
			continue;
		released = cpuslab__release(slab, cpu, quiescent);
		if (released && result >= 0)
			result = released;
	}
	return result;
}

/* The grace period of the batch is over: its memory is nobody's. */
static void release_reclaim(struct cpuslab_slab *slab)
{
	struct cpuslab__batch *batch = &slab->gp_current;
	uint32_t cpu;

	cpuslab__summary_free_all(batch->summaries);
	batch->summaries = NULL;
	cpuslab__objects_reap(slab, batch->dying);
	batch->dying = 0;
	cpuslab__cpubits_for_each(cpu, &batch->cpus) {
		cpuslab__cpubits_clear(&batch->cpus, cpu);
		cpuslab__unprepare(slab, cpu);
		if (!(slab->state[cpu] & SLAB_REGISTERED))
			continue;
		/* Without memory now: the next call of this slab tries again. */
		if (cpuslab__prepare(slab, cpu))
			cpuslab__cpubits_set(&slab->admit_pending, cpu);
		else
			cpuslab__publish(slab, cpu);
	}
}

static void release_grace_over(struct cpuslab_rcu *rcu);

/* The waiting batch is empty: let the other one wait, if it is not. */
static void release_next_batch(struct cpuslab_slab *slab)
{
	struct cpuslab__batch empty = slab->gp_current;

	empty.used = false;
	slab->gp_current = slab->gp_next;
	slab->gp_next = empty;
	if (!slab->gp_current.used)
		return;
	slab->rcu_started = true;
	cpuslab_port_call_rcu(&slab->rcu, release_grace_over);
}

static void release_grace_over(struct cpuslab_rcu *rcu)
{
	struct cpuslab_slab *slab =
		(struct cpuslab_slab *)((char *)rcu -
					offsetof(struct cpuslab_slab, rcu));

	/* Must not wait here: whoever holds it may wait for us (fork). */
	if (!cpuslab__mutex_trylock(&slab->mutex)) {
		cpuslab_port_call_rcu(rcu, release_grace_over);
		return;
	}
	release_reclaim(slab);
	release_next_batch(slab);
	cpuslab__mutex_unlock(&slab->mutex);
}

void cpuslab__batch_start(struct cpuslab_slab *slab)
{
	slab->gp_next.used = true;
	if (!slab->gp_current.used)
		release_next_batch(slab);
}
