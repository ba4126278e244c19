/* SPDX-License-Identifier: MIT */
/*
 * release.c - free the blocks of an absent CPU without losing what they hold.
 *
 *	clear live bytes | fence | drain, fold, publish a summary | grace period
 *	   DRAINING                         DEAD                      ABSENT
 *
 * CPUs that are released together share the fence, the summary and the grace
 * period.
 */
#include "slab_internal.h"

#include <cpuslab/cpumask.h>

#include "../base/format.h"

/* No CPU stands for a concurrency id. */
static int release_fence_one(const struct cpuslab_slab *slab, uint32_t cpu)
{
	return slab->by_cid ? -CPUSLAB_EAGAIN : cpuslab_port_fence_cpu(cpu);
}

int cpuslab__fence_states(const struct cpuslab_slab *slab, uint32_t states)
{
	int err = cpuslab_port_fence_cpu(CPUSLAB_NO_CPU);
	uint32_t cpu;

	if (!err)
		return CPUSLAB_OK;
	for (cpu = 0; cpu < slab->limit; cpu++)
		if ((states >> cpuslab__state(slab, cpu) & 1) &&
		    release_fence_one(slab, cpu))
			return err;
	return CPUSLAB_OK;
}

static void release_defer(struct cpuslab_slab *slab, const char *why)
{
	struct cpuslab__text text = { slab->deferred_by,
				      sizeof(slab->deferred_by), 0 };

	slab->release_deferred++;
	slab->deferred_by[0] = '\0';
	cpuslab__text_string(&text, why);
	if (cpuslab__log_once(&slab->deferred_logged, why, 0))
		cpuslab__log("slab ", slab->name, ": a release is deferred by ",
			     why);
}

/* The type of an object that pins @cpu's blocks, or NULL. */
static const struct cpuslab_type *release_pins(const struct cpuslab_slab *slab,
					       uint32_t cpu)
{
	uint32_t slot, slots = slab->pinning ? slab->slots : 0;

	for (slot = 0; slot < slots; slot++) {
		const struct cpuslab__record *record =
			cpuslab__record(slab, slot);

		if (record->state != RECORD_FREE &&
		    cpuslab__object_pins(record, cpu))
			return record->type;
	}
	return NULL;
}

/*
 * Let the types move what is not a counter to the shared block. Return the type
 * that must be asked again later, or NULL.
 */
static const struct cpuslab_type *release_drain(const struct cpuslab_slab *slab,
						uint32_t cpu)
{
	uint32_t slot, slots = slab->draining ? slab->slots : 0;

	for (slot = 0; slot < slots; slot++) {
		const struct cpuslab__record *record =
			cpuslab__record(slab, slot);
		const struct cpuslab_type *type = record->type;

		/* A record that is not free has a type.
		 * NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
		if (record->state == RECORD_FREE || !type->drain)
			continue;
		if (type->drain(cpuslab__record_at(record, cpu),
				cpuslab__record_at(record, CPUSLAB_SHARED), cpu,
				type->arg))
			return type;
		cpuslab__object_reset(record, cpu);
	}
	return NULL;
}

/*
 * Stop operations from using @cpu's blocks. What is in them is looked at when
 * none is in progress.
 */
static bool release_begin(struct cpuslab_slab *slab, uint32_t cpu,
			  bool quiescent)
{
	if (cpuslab__state(slab, cpu) != SLAB_LIVE ||
	    (slab->state[cpu] & SLAB_REGISTERED))
		return false;
	if (cpuslab_port_uses_atomics() && !quiescent) {
		release_defer(slab, "atomic operations");
		return false;
	}
	cpuslab__set_live(slab, cpu, false);
	return true;
}

static void release_revert(struct cpuslab_slab *slab, uint32_t cpu,
			   const char *why)
{
	cpuslab__set_live(slab, cpu, true);
	release_defer(slab, why);
}

/*
 * [release.fence] An operation that still saw a live byte set commits before
 * this returns, or repeats and sees it clear; pairs with the load of the live
 * byte inside the section. Without it a count that commits after the fold is
 * lost. CPUs that cannot be fenced become live again.
 */
static void release_fence(struct cpuslab_slab *slab, uint32_t only)
{
	uint32_t cpu;

	if (!cpuslab_port_fence_cpu(only))
		return;
	for (cpu = 0; cpu < slab->limit; cpu++) {
		if (cpuslab__state(slab, cpu) != SLAB_DRAINING ||
		    (cpu != only && !release_fence_one(slab, cpu)))
			continue;
		if (cpuslab__mutex_enter(&slab->mutex))
			return;
		release_revert(slab, cpu, "operations");
		cpuslab__mutex_unlock(&slab->mutex);
	}
}

/* After the fence: a CPU may have returned, or have something that pins it. */
static bool release_empty(struct cpuslab_slab *slab, uint32_t cpu)
{
	const struct cpuslab_type *type;

	if (slab->state[cpu] & SLAB_REGISTERED) {
		cpuslab__set_live(slab, cpu, true);
		return false;
	}
	type = release_pins(slab, cpu);
	if (!type)
		type = release_drain(slab, cpu);
	if (type)
		release_revert(slab, cpu, type->name);
	return !type;
}

/* A summary without the CPUs that are draining; their counts are in it. */
static void release_fold(struct cpuslab_slab *slab,
			 struct cpuslab__summary *summary)
{
	uint32_t cpu;

	cpuslab__summary_layout(summary, slab);
	cpuslab__cpubits_for_each(cpu, &slab->summary->members) {
		if (cpuslab__state(slab, cpu) != SLAB_DRAINING) {
			cpuslab__summary_add_cpu(summary, cpu);
			continue;
		}
		cpuslab__summary_fold(summary, slab, cpu, false);
		cpuslab__state_set(slab, cpu, SLAB_DEAD);
		cpuslab__cpubits_set(&slab->gp_next.cpus, cpu);
		slab->releases++;
		cpuslab__trace(slab, CPUSLAB_EVENT_RELEASE, cpu, CPUSLAB_OK);
	}
	cpuslab__summary_publish(slab, summary);
	cpuslab__batch_start(slab);
}

static int release_finish(struct cpuslab_slab *slab)
{
	struct cpuslab__summary *summary = cpuslab__summary_create(slab, true);
	uint32_t cpu;
	bool any = false;

	cpuslab__cpubits_for_each(cpu, &slab->in_use) {
		if (cpuslab__state(slab, cpu) != SLAB_DRAINING)
			continue;
		if (!summary)
			release_revert(slab, cpu, "lack of memory");
		else if (release_empty(slab, cpu))
			any = true;
	}
	if (any)
		release_fold(slab, summary);
	else
		cpuslab__summary_free(summary);
	return summary ? CPUSLAB_OK : -CPUSLAB_ENOMEM;
}

/*
 * Concurrency ids are in use below this number, as a rule: one that is used
 * nevertheless is admitted again. Each thread has one while it runs, so there
 * are no more than threads, and no more than CPUs.
 */
static uint32_t release_cids_used(const struct cpuslab_slab *slab)
{
	uint32_t used = cpuslab_port_threads(), online;
	const struct cpuslab_cpumask *set;

	if (!slab->client.domain)
		return used;
	set = cpuslab_cpumask_get(slab->client.domain);
	online = cpuslab_cpumask_count(set);
	cpuslab_cpumask_put(set);
	return online && online < used ? online : used;
}

/* How many CPUs begin to be released. */
static uint32_t release_begin_all(struct cpuslab_slab *slab, uint32_t only,
				  bool quiescent)
{
	uint32_t cpu, count = 0, used = 0;

	if (only != CPUSLAB_NO_CPU)
		return release_begin(slab, only, quiescent);
	if (slab->by_cid && !quiescent)
		used = release_cids_used(slab);
	cpuslab__cpubits_for_each(cpu, &slab->in_use)
		if (cpu >= used)
			count += release_begin(slab, cpu, quiescent);
	return count;
}

static int release_all(struct cpuslab_slab *slab, uint32_t only, bool quiescent)
{
	uint64_t deferred = slab->release_deferred;
	int err = CPUSLAB_OK;
	uint32_t begun;

	if (cpuslab__mutex_enter(&slab->mutex))
		return CPUSLAB_RETAINED;
	begun = release_begin_all(slab, only, quiescent);
	cpuslab__mutex_unlock(&slab->mutex);
	if (begun) {
		if (!quiescent)
			release_fence(slab, only);
		if (cpuslab__mutex_enter(&slab->mutex))
			return CPUSLAB_RETAINED;
		err = release_finish(slab);
		cpuslab__mutex_unlock(&slab->mutex);
	}
	if (err)
		return err;
	return slab->release_deferred != deferred ? CPUSLAB_RETAINED :
						    CPUSLAB_OK;
}

int cpuslab__release(struct cpuslab_slab *slab, uint32_t cpu, bool quiescent)
{
	int result;

	/* Held to the end: a child cannot finish what its parent began. */
	if (cpuslab_port_mutex_enter(&slab->releasing))
		return CPUSLAB_RETAINED;
	result = release_all(slab, cpu, quiescent);
	cpuslab_port_mutex_unlock(&slab->releasing);
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
		if (cpuslab__prepare(slab, cpu, true))
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
	empty.retakes = 0;
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
		(void *)((char *)rcu - offsetof(struct cpuslab_slab, rcu));

	/* Do not wait: the holder may be in a callback of the program. */
	if (!cpuslab__mutex_trylock(&slab->mutex)) {
		if (!cpuslab__mutex_is_lost(&slab->mutex))
			cpuslab_port_call_rcu(rcu, release_gp_ended);
		return;
	}
	release_reclaim(slab);
	cpuslab__objects_make_room(slab);
	release_next_batch(slab);
	cpuslab__mutex_unlock(&slab->mutex);
}

void cpuslab__batch_start(struct cpuslab_slab *slab)
{
	slab->gp_next.used = true;
	if (!slab->gp_current.used)
		release_next_batch(slab);
}
