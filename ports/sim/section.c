/* SPDX-License-Identifier: MIT */
/*
 * section.c - restartable sections, and the fence that aborts them.
 *
 * As in the Linux kernel, a thread that is preempted, moved, interrupted or
 * fenced inside a section executes no further step of it.
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

/*
 * A section sees what earlier sections on the same CPU did. [percid.turn] Or,
 * by concurrency id, those of the id, on whichever CPU they were.
 */
static const void *section_order(uint32_t index, bool by_cid)
{
	return (const void *)(((uintptr_t)index + 1) * 2 + by_cid);
}

void *cpuslab_port_section_enter(const struct cpuslab_percpu *handle,
				 size_t offset,
				 struct cpuslab_port_section *section)
{
	struct sim_thread *self = sim__self();
	void *copy;
	uint32_t index;
	bool by_cid;

	if (cpuslab_port_uses_atomics())
		return NULL;
	section->self = self;
	self->in_section = true;
	self->aborted = false;
	by_cid = cpuslab__by_cid(handle);
	index = by_cid ? sim__cid(self->cpu) : self->cpu;
	self->order = section_order(index, by_cid);
	sim_order_acquire(self->order);
	if (!cpuslab_port_section_step(section))
		return NULL;
	copy = sim__copy_find(handle, index, offset);
	if (!copy) {
		cpuslab_port_section_exit(section);
		return NULL;
	}
	return cpuslab_port_section_step(section) ? copy : NULL;
}

void sim__section_abort(struct sim_thread *thread)
{
	if (!thread->in_section)
		return;
	thread->aborted = true;
	sim__order_release(thread, thread->order);
}

bool cpuslab_port_section_step(struct cpuslab_port_section *section)
{
	struct sim_thread *self = section->self;

	sim__point();
	if (!self->aborted)
		return true;
	section_all.aborts++;
	self->in_section = false;
	self->aborted = false;
	return false;
}

void cpuslab_port_section_exit(struct cpuslab_port_section *section)
{
	sim_order_release(section->self->order);
	section->self->in_section = false;
}

/*
 * Earlier sections on the fenced CPU see nothing of what the caller did before
 * the fence; later ones see all of it.
 */
static void section_order_fence(uint32_t index, bool by_cid)
{
	sim_order_acquire(section_order(index, by_cid));
	sim_order_release(section_order(index, by_cid));
}

static void section_order_fence_all(void)
{
	uint32_t index;

	for (index = 0; index < cpuslab_port_cpu_limit(); index++) {
		section_order_fence(index, false);
		section_order_fence(index, true);
	}
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
	 * on; pairs with the commits of section_ops.h. The baton orders it
	 * as well; the fence here shows what a real port must provide.
	 */
	cpuslab_fence();
	if (cpu != CPUSLAB_NO_CPU)
		section_order_fence(cpu, false);
	else
		section_order_fence_all();
	sim__point();
	return CPUSLAB_OK;
}

bool cpuslab_port_uses_atomics(void)
{
	return sim__config.mode == SIM_ATOMIC;
}

/* A section leaves no state in a simulated thread. */
void cpuslab_port_rseq_clear(void)
{
}
