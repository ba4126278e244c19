/* SPDX-License-Identifier: MIT */
/*
 * pin.h - this CPU's copy of an object as a plain struct.
 *
 *	struct mine *mine = cpuslab_pin(&handle);
 *
 *	if (mine) {
 *		mine->bytes += length;
 *		mine->packets++;
 *		cpuslab_unpin();
 *	}
 *
 * For several words that change together. As with get_cpu_ptr(), the caller
 * must exclude interrupts on this CPU that change them as well. Words that sums
 * read are changed by operations (ops.h) or written with WRITE_ONCE().
 */
#ifndef CPUSLAB_PIN_H
#define CPUSLAB_PIN_H

#include <cpuslab/percpu_ptr.h>

#include <linux/preempt.h>

/**
 * cpuslab_pin() - stay on this CPU and get its copy.
 * @handle: of an object.
 *
 * Context: any. Preemption is off from here to cpuslab_unpin().
 * Return:  the copy; or NULL, with preemption as it was, on a CPU that the
 *          domain refused (CPUSLAB_HOTPLUG_NEVER_REFUSE) or does not know, and
 *          for the null handle. Never the shared block, which other CPUs also
 *          use.
 */
CPUSLAB_INLINE void *cpuslab_pin(const struct cpuslab_percpu *handle)
{
	void *copy;

	cpuslab__assert_own(handle);
	preempt_disable();
	copy = cpuslab__own_at(handle, 0);
	if (cpuslab_unlikely(!copy))
		preempt_enable();
	return copy;
}

/**
 * cpuslab_unpin() - end the section that a successful cpuslab_pin() began.
 *
 * Context: the one of that cpuslab_pin(); preemption is as it was before.
 */
CPUSLAB_INLINE void cpuslab_unpin(void)
{
	preempt_enable();
}

#endif /* CPUSLAB_PIN_H */
