/* SPDX-License-Identifier: MIT */
/*
 * release.c - free the blocks of an absent CPU without losing what they hold.
 *
 *	clear live bytes | fence | drain, fold, publish summaries | grace period
 *	   DRAINING                          DEAD                     ABSENT
 */
#include "slab_internal.h"

/*
 * Let the types move what is not a counter to the shared block. Return 0, or an
 * error to retry later.
 */
static int release_drain(struct cpuslab_slab *slab, uint32_t cpu)
{
	uint32_t slot;

	for (slot = 0; slot < slab->slots; slot++) {
		const struct cpuslab__record *record =
			cpuslab__record(slab, slot);
		const struct cpuslab_extent *extent = record->extent;

		if (record->state == RECORD_FREE || !record->type->drain ||
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

/* Add one object's counters to the residual of an unpublished summary. */
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

/*
 * Copy the summary of each extent without @cpu, linked by old. On an error the
 * caller frees those already made.
 */
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

			if (record->state != RECORD_FREE &&
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
		 * [summary] One store removes the CPU and adds its counts to
		 * the residual; pairs with the acquire load in cpuslab_sum(),
		 * which otherwise could count the CPU twice or not at all.
		 */
		cpuslab_store_release_ptr(&extent->summary, summary);
		old->old = slab->gp_next.summaries;
		slab->gp_next.summaries = old;
	}
}

/* After the fence, with the mutex held: no operation uses the blocks. */
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
	if (slab->pinning || (cpuslab_port_uses_atomics() && !quiescent)) {
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
	 * [release.fence] An operation that still saw the live byte set commits
	 * before this returns, or restarts and sees it clear; pairs with the
	 * load of the live byte inside the section. Without it a count that
	 * commits after the fold is lost.
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

	/* A fork waits for this mutex: in the child no thread could finish. */
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

/* After the grace period of gp_current: no reader holds its memory. */
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
		/* If there is no memory, the next call of this slab retries. */
		if (cpuslab__prepare(slab, cpu))
			cpuslab__cpubits_set(&slab->admit_pending, cpu);
		else
			cpuslab__publish(slab, cpu);
	}
}

static void release_gp_ended(struct cpuslab_rcu *rcu);

/* gp_current is empty: make gp_next current, and start its grace period. */
static void release_next_batch(struct cpuslab_slab *slab)
{
	struct cpuslab__batch empty = slab->gp_current;

	empty.used = false;
	slab->gp_current = slab->gp_next;
	slab->gp_next = empty;
	if (!slab->gp_current.used)
		return;
	slab->rcu_started = true;
	cpuslab_port_call_rcu(&slab->rcu, release_gp_ended);
}

static void release_gp_ended(struct cpuslab_rcu *rcu)
{
	struct cpuslab_slab *slab =
		(struct cpuslab_slab *)((char *)rcu -
					offsetof(struct cpuslab_slab, rcu));

	/* Do not wait: the holder may be a fork that waits for callbacks. */
	if (!cpuslab__mutex_trylock(&slab->mutex)) {
		cpuslab_port_call_rcu(rcu, release_gp_ended);
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
