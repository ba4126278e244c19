/* SPDX-License-Identifier: MIT */
/*
 * cpu.c - virtual CPUs: how many, which are available, groups of them.
 */
#include <stdlib.h>

#include "internal.h"

enum {
	CPU_AVAILABLE = 1u << 0,
	CPU_NO_MEMORY = 1u << 1, /* commits for it fail */
};

static struct {
	uint8_t *flags; /* CPU_*, one for each number */
	int result;     /* of cpuslab_port_cpus_available() */
} cpu_all;

int sim__cpu_init(void)
{
	uint32_t cpu;

	cpu_all.result = CPUSLAB_OK;
	cpu_all.flags = calloc(sim__config.limit, 1);
	if (!cpu_all.flags)
		return -CPUSLAB_ENOMEM;
	for (cpu = 0; cpu < sim__config.available; cpu++)
		cpu_all.flags[cpu] = CPU_AVAILABLE;
	return CPUSLAB_OK;
}

void sim__cpu_fini(void)
{
	free(cpu_all.flags);
	cpu_all.flags = NULL;
}

static void cpu_flag(uint32_t cpu, uint8_t flag, bool on)
{
	sim__need_init();
	if (cpu >= sim__config.limit)
		sim__panicf("sim: CPU %u is beyond the limit", cpu);
	cpu_all.flags[cpu] &= (uint8_t)~flag;
	if (on)
		cpu_all.flags[cpu] |= flag;
}

void sim_cpu_set_available(uint32_t cpu, bool available)
{
	cpu_flag(cpu, CPU_AVAILABLE, available);
}

bool sim_cpu_is_available(uint32_t cpu)
{
	return cpu < sim__config.limit && (cpu_all.flags[cpu] & CPU_AVAILABLE);
}

void sim_fail_block_cpu(uint32_t cpu, bool fail)
{
	cpu_flag(cpu, CPU_NO_MEMORY, fail);
}

bool sim__cpu_block_fails(uint32_t cpu)
{
	return cpu < sim__config.limit && (cpu_all.flags[cpu] & CPU_NO_MEMORY);
}

void sim_available_result(int result)
{
	cpu_all.result = result;
}

void sim_may_sleep_set(bool may_sleep)
{
	sim__self()->no_sleep = !may_sleep;
}

bool cpuslab_port_may_sleep(void)
{
	return !sim__self()->no_sleep;
}

/* A handler may have interrupted what it would do. */
void cpuslab_port_create(cpuslab_port_create_try *attempt,
			 const struct cpuslab_percpu *handle)
{
	const struct sim_thread *self = sim__self();

	attempt(handle, !self->no_sleep && !self->signals && !self->held);
}

void sim_cpu_set(uint32_t cpu)
{
	sim__sched_move(sim__self(), cpu);
}

uint32_t sim_cpu(void)
{
	return sim__self()->cpu;
}

/* CPUSLAB_NO_CPU, a number beyond the limit, or one below it. */
static uint32_t cpu_stray(void)
{
	switch (sim__random(4)) {
	case 0:
		return CPUSLAB_NO_CPU;
	case 1:
		return sim__config.limit + sim__random(64);
	default:
		return sim__random(sim__config.limit);
	}
}

/* Where a task may be moved to: an available CPU, if there is one. */
uint32_t sim__cpu_any(void)
{
	uint32_t limit = sim__config.limit;
	uint32_t start;
	uint32_t i;

	if (sim__chance(sim__config.odds->stray))
		return cpu_stray();
	start = sim__random(limit);
	for (i = 0; i < limit; i++) {
		uint32_t cpu = (uint32_t)(((uint64_t)start + i) % limit);

		if (cpu_all.flags[cpu] & CPU_AVAILABLE)
			return cpu;
	}
	return start;
}

uint32_t sim_groups(struct cpuslab_group *groups, const uint32_t *widths,
		    const uint32_t *gaps, uint32_t count)
{
	uint32_t first = 0;
	uint32_t i;

	for (i = 0; i < count; i++) {
		groups[i].first = first;
		groups[i].width = widths[i];
		first += widths[i] + (gaps ? gaps[i] : 0);
	}
	return first;
}

uint32_t cpuslab_port_cpu_limit(void)
{
	sim__need_init();
	return sim__config.limit;
}

uint32_t cpuslab_port_cpu(void)
{
	return sim__self()->cpu;
}

int cpuslab_port_cpus_available(void (*found)(void *arg, uint32_t cpu),
				void *arg)
{
	uint32_t cpu;

	sim__need_init();
	sim__point();
	if (cpu_all.result < 0)
		return cpu_all.result;
	for (cpu = 0; cpu < sim__config.limit; cpu++)
		if (cpu_all.flags[cpu] & CPU_AVAILABLE)
			found(arg, cpu);
	return cpu_all.result;
}
