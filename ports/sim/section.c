/* SPDX-License-Identifier: MIT */
/*
 * section.c - restartable sections, and the fence that restarts them.
 *
 * As the kernel does it: whoever is preempted, moved, interrupted or fenced
 * inside a section executes no further step of it.
 */
#include "internal.h"

static struct {
	uint64_t aborts;
	uint64_t fences;
	bool fence_fails;
	bool fence_all_fails;
} section_all;

void sim__section_init(void)
{
	memset(&section_all, 0, sizeof(section_all));
}

/* Who comes to a CPU sees what those before him did there. */
static const void *section_order(uint32_t cpu)
{
	return (const void *)((uintptr_t)cpu + 1);
}

/* Returns the CPU, which the section may believe until a point. */
uint32_t sim__section_begin(void)
{
	struct sim_thread *self = sim__self();

	self->in_section = true;
	self->aborted = false;
	sim_order_acquire(section_order(self->cpu));
	return self->cpu;
}

void sim__section_abort(struct sim_thread *thread)
{
	if (!thread->in_section)
		return;
	thread->aborted = true;
	sim__order_release(thread, section_order(thread->cpu));
}

/* True: start anew, at once. */
bool sim__section_point(void)
{
	struct sim_thread *self = sim__self();

	sim__point();
	if (!self->aborted)
		return false;
	section_all.aborts++;
	self->in_section = false;
	self->aborted = false;
	return true;
}

void sim__section_end(void)
{
	struct sim_thread *self = sim__self();

	sim_order_release(section_order(self->cpu));
	self->in_section = false;
}

/* Sections before see nothing of it, sections behind all. */
static void section_order_fence(uint32_t cpu)
{
	sim_order_acquire(section_order(cpu));
	sim_order_release(section_order(cpu));
}

uint64_t sim_aborts(void)
{
	return section_all.aborts;
}

uint64_t sim_fences(void)
{
	return section_all.fences;
}

void sim_fence_fail(bool fail)
{
	section_all.fence_fails = fail;
}

void sim_fence_fail_all(bool fail)
{
	section_all.fence_all_fails = fail;
}

int cpuslab_port_fence_cpu(uint32_t cpu)
{
	sim__need_init();
	section_all.fences++;
	sim__point();
	if (cpuslab_port_uses_atomics() || section_all.fence_fails)
		return -CPUSLAB_EAGAIN;
	if (section_all.fence_all_fails && cpu == CPUSLAB_NO_CPU)
		return -CPUSLAB_EAGAIN;
	sim__sched_fence(cpu);
	/*
	 * [release.fence] What sections on @cpu stored is visible from here
	 * on; pairs with the committing stores in ops.c. The baton orders it as
	 * well; this is for those who read the code to learn what a fence must
	 * do.
	 */
	cpuslab_fence();
	if (cpu != CPUSLAB_NO_CPU)
		section_order_fence(cpu);
	else
		for (cpu = 0; cpu < cpuslab_port_cpu_limit(); cpu++)
			section_order_fence(cpu);
	sim__point();
	return CPUSLAB_OK;
}

bool cpuslab_port_uses_atomics(void)
{
	return sim__config.mode == SIM_ATOMIC;
}

/* A section that was left leaves nothing behind here. */
void cpuslab_port_rseq_clear(void)
{
}
