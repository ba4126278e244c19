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
 * For several words that change together. Who else may change them on this
 * CPU (an interrupt) is the caller's business, as with get_cpu_ptr().
 * Words that sums read belong to operations (ops.h), or are written with
 * WRITE_ONCE().
 */
#ifndef CPUSLAB_PIN_H
#define CPUSLAB_PIN_H

#include <cpuslab/percpu_ptr.h>

#include <linux/preempt.h>

/**
 * cpuslab_pin() - stay on this CPU and get its copy.
 *
 * Context: any. Preemption is off from here to cpuslab_unpin().
 * Return:  the copy; or NULL, with preemption as it was, on a CPU without
 *          a block: one that comes back within a grace period after a trim, or
 *          whom nobody announced. Never the shared block, which is everybody's.
 */
CPUSLAB_INLINE void *cpuslab_pin(const struct cpuslab_percpu *handle)
{
	void *copy;

	preempt_disable();
	copy = cpuslab__own_at(handle, 0);
	if (cpuslab_unlikely(!copy))
		preempt_enable();
	return copy;
}

/* After a cpuslab_pin() that gave something. */
CPUSLAB_INLINE void cpuslab_unpin(void)
{
	preempt_enable();
}

#endif /* CPUSLAB_PIN_H */
