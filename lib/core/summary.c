/* SPDX-License-Identifier: MIT */
/*
 * summary.c - what readers see: read sections, sums, the copies of other CPUs.
 */
#include "named.h"
#include "slab_internal.h"

#include <cpuslab/read.h>

void cpuslab_read_enter(void)
{
	cpuslab_port_read_enter();
}

void cpuslab_read_exit(void)
{
	cpuslab_port_read_exit();
}

void cpuslab__read_enter(void)
{
	cpuslab_port_read_enter();
}

void cpuslab__read_exit(void)
{
	cpuslab_port_read_exit();
}

/* ---- summaries ----------------------------------------------------------- */

/* One allocation: header, bitmap, first[], residual[], numbers[]. */
struct cpuslab__summary *
cpuslab__summary_create(const struct cpuslab_slab *slab, bool residual)
{
	size_t words = cpuslab__cpubits_words(slab->limit);
	uint32_t slots = residual ? slab->slots : 0;
	uint32_t counters = residual ? slab->counters : 0;
	struct cpuslab__summary *summary;
	size_t bytes = sizeof(*summary) +
		       (words + counters) * sizeof(uint64_t) +
		       ((size_t)slots + 1) * sizeof(uint32_t) +
		       slab->limit * sizeof(uint16_t);
	uint64_t *tail;

	summary = cpuslab_port_addends_alloc(bytes);
	if (!summary)
		return NULL;
	summary->bytes = bytes;
	tail = (uint64_t *)(summary + 1);
	cpuslab__cpubits_init(&summary->members, slab->limit, tail);
	summary->residual = tail + words;
	summary->first = (uint32_t *)(summary->residual + counters);
	summary->numbers = (uint16_t *)(summary->first + slots + 1);
	summary->addends.residual = summary->residual;
	summary->addends.first = summary->first;
	summary->addends.numbers = summary->numbers;
	summary->addends.slots = slots;
	return summary;
}

void cpuslab__summary_free(struct cpuslab__summary *summary)
{
	if (summary)
		cpuslab_port_addends_free(summary, summary->bytes);
}

void cpuslab__summary_free_all(struct cpuslab__summary *summary)
{
	while (summary) {
		struct cpuslab__summary *old = summary->old;

		cpuslab__summary_free(summary);
		summary = old;
	}
}

void cpuslab__summary_add_cpu(struct cpuslab__summary *summary, uint32_t cpu)
{
	uint32_t count = summary->addends.count;

	cpuslab__cpubits_set(&summary->members, cpu);
	summary->numbers[count] = (uint16_t)cpu;
	/* A reader that sees the count sees the number. */
	cpuslab_store_release_u32(&summary->addends.count, count + 1);
}

/* The residual of one object, and its length in words. */
static uint64_t *summary_residual(const struct cpuslab__summary *summary,
				  uint32_t slot, uint32_t *words)
{
	if (slot >= summary->addends.slots) {
		*words = 0;
		return summary->residual;
	}
	*words = summary->first[slot + 1] - summary->first[slot];
	return summary->residual + summary->first[slot];
}

void cpuslab__summary_layout(struct cpuslab__summary *summary,
			     const struct cpuslab_slab *slab)
{
	uint32_t slot, at = 0;

	for (slot = 0; slot < summary->addends.slots; slot++) {
		const struct cpuslab__record *record =
			cpuslab__record(slab, slot);
		uint32_t words, i;
		const uint64_t *from =
			summary_residual(slab->summary, slot, &words);

		summary->first[slot] = at;
		if (record->state == RECORD_FREE)
			continue;
		for (i = 0; i < words && i < record->type->counters; i++)
			summary->residual[at + i] = from[i];
		at += record->type->counters;
	}
	summary->first[slot] = at;
}

void cpuslab__summary_fold(struct cpuslab__summary *summary,
			   const struct cpuslab_slab *slab, uint32_t cpu,
			   bool subtract)
{
	uint32_t slot, words, i;

	for (slot = 0; slot < summary->addends.slots; slot++) {
		uint64_t *residual = summary_residual(summary, slot, &words);
		const cpuslab_word *copy;

		if (!words)
			continue;
		copy = cpuslab__record_at(cpuslab__record(slab, slot), cpu);
		for (i = 0; i < words; i++) {
			uint64_t value = cpuslab_load_relaxed_u64(&copy[i]);

			residual[i] += subtract ? 0 - value : value;
		}
	}
}

void cpuslab__summary_forget(struct cpuslab__summary *summary, uint32_t slot)
{
	uint32_t words;
	uint64_t *residual = summary_residual(summary, slot, &words);

	if (words)
		memset(residual, 0, words * sizeof(*residual));
}

void cpuslab__summary_publish(struct cpuslab_slab *slab,
			      struct cpuslab__summary *summary)
{
	struct cpuslab__summary *old = slab->summary;

	/*
	 * [summary] One store changes the members and the residual together;
	 * pairs with the acquire load in cpuslab_sum(), which otherwise could
	 * count a CPU twice or not at all.
	 */
	cpuslab_store_release_ptr(&slab->summary, summary);
	old->old = slab->gp_next.summaries;
	slab->gp_next.summaries = old;
}

/* ---- readers ------------------------------------------------------------- */

static const struct cpuslab__summary *
summary_get(const struct cpuslab_percpu *handle)
{
	return cpuslab_load_acquire_ptr(&handle->extent->slab->summary);
}

static void summary_add_copy(const struct cpuslab_percpu *handle, uint32_t cpu,
			     size_t offset, uint32_t count, uint64_t *sums)
{
	const cpuslab_word *copy = cpuslab__percpu_at(handle, cpu, offset);
	uint32_t i;

	for (i = 0; i < count; i++)
		sums[i] += cpuslab_load_acquire_u64(&copy[i]);
}

static void summary_add(const struct cpuslab_percpu *handle, size_t offset,
			uint32_t count, uint64_t *sums)
{
	const struct cpuslab__summary *summary;
	const uint64_t *residual;
	size_t first = handle->word + offset / sizeof(*sums);
	uint32_t members, words, i;

	/*
	 * [summary] Members and residual of one moment; pairs with
	 * cpuslab__summary_publish(). Two loads could miss a CPU that is
	 * released between them, or count it twice.
	 */
	summary = summary_get(handle);
	cpuslab_port_preempt_point();
	residual = summary_residual(summary, handle->slot, &words);
	for (i = 0; i < count; i++)
		sums[i] = first + i < words ? residual[first + i] : 0;
	summary_add_copy(handle, CPUSLAB_SHARED, offset, count, sums);
	members = cpuslab_load_acquire_u32(&summary->addends.count);
	for (i = 0; i < members; i++) {
		cpuslab_port_preempt_point();
		summary_add_copy(handle, summary->numbers[i], offset, count,
				 sums);
	}
}

CPUSLAB_STATIC_ASSERT(offsetof(struct cpuslab__summary, addends) == 0,
		      "a pointer to a summary is one to its addends");

static void summary_sum(const struct cpuslab_percpu *handle, size_t offset,
			uint32_t count, uint64_t *sums)
{
	cpuslab_port_sum(handle, offset, count, sums,
			 &handle->extent->slab->summary, summary_add);
}

uint64_t cpuslab_sum(const struct cpuslab_percpu *handle, size_t offset)
{
	cpuslab__assert_own(handle);
	uint64_t sum = 0;

	if (cpuslab__percpu_extent(handle))
		summary_sum(handle, offset, 1, &sum);
	if (cpuslab_unlikely(cpuslab__is_named(handle)))
		cpuslab__named_sum(handle, offset, 1, &sum);
	return sum;
}

void cpuslab_sum_many(const struct cpuslab_percpu *handle, size_t offset,
		      uint32_t count, uint64_t *sums)
{
	if (!cpuslab__percpu_extent(handle))
		memset(sums, 0, count * sizeof(*sums));
	else if (count)
		summary_sum(handle, offset, count, sums);
	if (cpuslab_unlikely(cpuslab__is_named(handle)))
		cpuslab__named_sum(handle, offset, count, sums);
}

uint64_t cpuslab_sum_interval(const struct cpuslab_percpu *handle,
			      size_t offset, cpuslab_word *last)
{
	/*
	 * [interval] Pairs with the compare-and-swap: a sum that is taken after
	 * the load of an earlier one is not smaller.
	 */
	uint64_t before = cpuslab_load_acquire_u64(last), sum;

	do
		sum = cpuslab_sum(handle, offset);
	while (!cpuslab_cas_u64(last, &before, sum)); /* [interval] */
	return sum - before;
}

const void *cpuslab_remote(const struct cpuslab_percpu *handle, uint32_t cpu)
{
	cpuslab__assert_own(handle);
	if (!cpuslab__percpu_extent(handle))
		return NULL;
	if (cpu != CPUSLAB_SHARED &&
	    !cpuslab__cpubits_has(&summary_get(handle)->members, cpu))
		return NULL;
	return cpuslab__percpu_at(handle, cpu, 0);
}

uint32_t cpuslab_remote_next(const struct cpuslab_percpu *handle, uint32_t cpu)
{
	if (!cpuslab__percpu_extent(handle))
		return CPUSLAB_NO_CPU;
	return cpuslab__cpubits_next(&summary_get(handle)->members, cpu);
}
