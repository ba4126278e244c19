/* SPDX-License-Identifier: MIT */
/*
 * sum.c - reading other processors' copies.
 */
#include "slab.h"
#include "slow.h"

uint64_t cpuslab_sum(const struct cpuslab_ref *ref, size_t offset)
{
	const struct cpuslab__summary *summary;
	uint64_t sum = 0;
	uint32_t cpu;
	size_t at;

	if (cpuslab_ref_is_null(ref))
		return 0;
	at = ref->offset + offset;
	cpuslab_port_read_enter();
	/*
	 * [summary] Processors and residual of one moment; pairs with
	 * release_publish(). Two loads could miss a processor that goes
	 * between them, or count it twice.
	 */
	summary = cpuslab_load_acquire_ptr(&cpuslab__extent_of(ref)->summary);
	cpuslab_port_point();
	if (at + sizeof(sum) <= summary->bytes)
		sum = summary->residual[at / sizeof(sum)];
	sum += cpuslab_load_acquire_u64(cpuslab__overflow(ref, offset));
	cpuslab__bits_for_each(cpu, &summary->cpus) {
		cpuslab_port_point();
		sum += cpuslab_load_acquire_u64(
			cpuslab__ref_at(ref, cpu, offset));
	}
	cpuslab_port_read_exit();
	return sum;
}

const void *cpuslab_peek(const struct cpuslab_ref *ref, uint32_t cpu)
{
	const struct cpuslab__summary *summary;

	if (cpuslab_ref_is_null(ref))
		return NULL;
	if (cpu == CPUSLAB_OVERFLOW)
		return cpuslab__overflow(ref, 0);
	summary = cpuslab_load_acquire_ptr(&cpuslab__extent_of(ref)->summary);
	if (!cpuslab__bits_has(&summary->cpus, cpu))
		return NULL;
	return cpuslab__ref_at(ref, cpu, 0);
}

uint32_t cpuslab_peek_next(const struct cpuslab_ref *ref, uint32_t cpu)
{
	const struct cpuslab__summary *summary;

	if (cpuslab_ref_is_null(ref))
		return CPUSLAB_NO_CPU;
	summary = cpuslab_load_acquire_ptr(&cpuslab__extent_of(ref)->summary);
	return cpuslab__bits_next(&summary->cpus, cpu);
}
