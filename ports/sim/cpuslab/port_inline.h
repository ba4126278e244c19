/* SPDX-License-Identifier: MIT */
/*
 * port_inline.h - the simulator's operations; included by port.h only.
 *
 * As in the Linux kernel's restartable sequences, a section may be aborted at
 * each step; nothing happens between the last step and the commit.
 */
#ifndef CPUSLAB_PORT_INLINE_H
#define CPUSLAB_PORT_INLINE_H

#include <cpuslab/port/directory.h>

CPUSLAB_BEGIN

struct cpuslab_port_section {
	struct sim_thread *self;
};

#define CPUSLAB_PORT_SECTION_ABORTS 1
#define CPUSLAB_PORT_HAS_CIDS 1
#define CPUSLAB_PORT_HAS_CREATE 1

CPUSLAB_API void *
cpuslab_port_section_enter(const struct cpuslab_percpu *handle, size_t offset,
			   struct cpuslab_port_section *section);
CPUSLAB_API bool
cpuslab_port_section_step(struct cpuslab_port_section *section);
CPUSLAB_API void
cpuslab_port_section_exit(struct cpuslab_port_section *section);
CPUSLAB_API void sim__point(void);

CPUSLAB_INLINE void cpuslab_port_preempt_point(void)
{
	sim__point();
}

CPUSLAB_END

#include <cpuslab/port/section_ops.h>

#endif /* CPUSLAB_PORT_INLINE_H */
