/* SPDX-License-Identifier: MIT */
/*
 * sum.c - read the copies of other CPUs.
 */
#include "slab_internal.h"
#include "slow.h"

uint64_t cpuslab_sum(const struct cpuslab_percpu *handle, size_t offset)
{
	const struct cpuslab__summary *summary;
	uint64_t sum = 0;
	uint32_t cpu;
	size_t at;

	if (cpuslab_percpu_is_null(handle))
		return 0;
	at = handle->offset + offset;
	cpuslab_port_read_enter();
	/*
	 * [summary] CPUs and residual of one moment; pairs with
	 * release_publish(). Two loads could miss a CPU that is released
	 * between them, or count it twice.
	 */
	summary =
		cpuslab_load_acquire_ptr(&cpuslab__extent_of(handle)->summary);
	cpuslab_port_preempt_point();
	if (at + sizeof(sum) <= summary->bytes)
		sum = summary->residual[at / sizeof(sum)];
	sum += cpuslab_load_acquire_u64(cpuslab__shared_block(handle, offset));
	cpuslab__cpubits_for_each(cpu, &summary->cpus) {
		cpuslab_port_preempt_point();
		sum += cpuslab_load_acquire_u64(
			cpuslab__percpu_at(handle, cpu, offset));
	}
	cpuslab_port_read_exit();
	return sum;
}

const void *cpuslab_remote(const struct cpuslab_percpu *handle, uint32_t cpu)
{
	const struct cpuslab__summary *summary;

	if (cpuslab_percpu_is_null(handle))
		return NULL;
	if (cpu == CPUSLAB_SHARED)
		return cpuslab__shared_block(handle, 0);
	summary =
		cpuslab_load_acquire_ptr(&cpuslab__extent_of(handle)->summary);
	if (!cpuslab__cpubits_has(&summary->cpus, cpu))
		return NULL;
	return cpuslab__percpu_at(handle, cpu, 0);
}

uint32_t cpuslab_remote_next(const struct cpuslab_percpu *handle, uint32_t cpu)
{
	const struct cpuslab__summary *summary;

	if (cpuslab_percpu_is_null(handle))
		return CPUSLAB_NO_CPU;
	summary =
		cpuslab_load_acquire_ptr(&cpuslab__extent_of(handle)->summary);
	return cpuslab__cpubits_next(&summary->cpus, cpu);
}
