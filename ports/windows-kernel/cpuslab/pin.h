/* SPDX-License-Identifier: MIT */
/*
 * pin.h - this processor's copy of an object as a plain struct; and several
 * operations for one change of the IRQL.
 *
 *	KIRQL before;
 *	struct mine *mine = cpuslab_pin(&handle, &before);
 *
 *	if (mine) {
 *		mine->largest = max(mine->largest, length);
 *		__cpuslab_counter_add(&packets, 1);
 *		__cpuslab_counter_add(&bytes, length);
 *		cpuslab_unpin(before);
 *	} else {
 *		cpuslab_counter_add(&packets, 1);
 *		cpuslab_counter_add(&bytes, length);
 *	}
 *
 * NULL is no failure: an ISR and a processor that the domain refused have no
 * copy. The plain operations count there as well.
 *
 * At DISPATCH_LEVEL nothing else on this processor accesses the copy but ISRs,
 * which get none. Words that sums read are changed by operations
 * (cpuslab/pinned.h), or stored with cpuslab_store_relaxed_u64(). Code that
 * runs at DISPATCH_LEVEL anyway may also call cpuslab/pinned.h without this.
 */
#ifndef CPUSLAB_PIN_H
#define CPUSLAB_PIN_H

#include <cpuslab/pinned.h>

CPUSLAB_BEGIN

/**
 * cpuslab_pin() - stay on this processor and get its copy.
 * @handle: of an object.
 * @before: set for cpuslab_unpin(), unless NULL is returned.
 *
 * Context: any IRQL. It is DISPATCH_LEVEL from here to cpuslab_unpin().
 * Return:  the copy; or NULL, with the IRQL as it was, above DISPATCH_LEVEL, on
 *          a processor that the domain refused (CPUSLAB_HOTPLUG_NEVER_REFUSE)
 *          or does not know, and for the null handle. Never the shared block,
 *          which other processors also use.
 */
CPUSLAB_NODISCARD CPUSLAB_INLINE CPUSLAB_HIGH CPUSLAB__NT_PIN void *
cpuslab_pin(CPUSLAB_IN const struct cpuslab_percpu *handle,
	    CPUSLAB_OUT KIRQL *before)
{
	struct cpuslab_port_section section;
	void *copy = cpuslab_port_section_enter(handle, 0, &section);

	*before = section.before;
	return copy;
}

/**
 * cpuslab_unpin() - end the section that a successful cpuslab_pin() began.
 * @before: from that.
 *
 * Context: DISPATCH_LEVEL; the IRQL is again as it was before.
 */
CPUSLAB_INLINE CPUSLAB__NT_UNPIN void
cpuslab_unpin(_IRQL_restores_ KIRQL before)
{
	struct cpuslab_port_section section = { before };

	cpuslab_port_section_exit(&section);
}

CPUSLAB_END

#endif /* CPUSLAB_PIN_H */
