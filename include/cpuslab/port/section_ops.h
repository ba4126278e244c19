/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_SECTION_OPS_H
#define CPUSLAB_SECTION_OPS_H
/*
 * section_ops.h - the operations of port.h in C, for ports that run them with
 * preemption or interrupts off, and for port sim. Included by the port's
 * port_inline.h, which first defines:
 *
 *	struct cpuslab_port_section
 *		What a section keeps from enter to exit.
 *
 *	void *cpuslab_port_section_enter(const struct cpuslab_percpu *handle,
 *					 size_t offset,
 *					 struct cpuslab_port_section *section)
 *		Begin a section, in which nothing else on this CPU changes the
 *		CPU's block. Returns byte @offset of the CPU's copy; NULL, and
 *		no section has begun, if the operation must return CPUSLAB_MISS.
 *		[live] The load that finds the block is an acquire, or what
 *		follows depends on it.
 *
 *	void cpuslab_port_section_exit(struct cpuslab_port_section *section)
 *		End the section. [release.fence] cpuslab_port_fence_cpu() waits
 *		until then.
 *
 * A port whose sections can be aborted also defines
 * CPUSLAB_PORT_SECTION_ABORTS as 1 and:
 *
 *	bool cpuslab_port_section_step(struct cpuslab_port_section *section)
 *		Called between two accesses. False: the section was aborted and
 *		has ended, and the operation returns CPUSLAB_MISS.
 *
 * There is no step between the last test for an abort and the commit.
 *
 * A port that has contexts which may interrupt a section defines
 * CPUSLAB_PORT_SECTION_CAN_EXCLUDE as 1 and:
 *
 *	bool cpuslab_port_section_can_exclude(void)
 *		Would a section of the caller exclude all others on this CPU?
 *		If not, a ring's append uses the shared block.
 *
 * A port in which something interrupts a section although that disables all
 * that it can, defines CPUSLAB_PORT_RING_BEGIN(tail), which is false if the
 * caller has interrupted an append, and so works on the shared block, and
 * CPUSLAB_PORT_RING_END(tail). The word behind the tail is theirs.
 *
 * A port in which callers can exclude everything else on their CPU themselves
 * (cpuslab/pinned.h) also defines CPUSLAB_PORT_PINNED as 1 and:
 *
 *	void *cpuslab_port_pinned_at(const struct cpuslab_percpu *handle,
 *				     size_t offset)
 *		Returns what cpuslab_port_section_enter() does, without
 *		beginning anything.
 *
 *	void cpuslab_port_assert_pinned(void)
 *		In debug builds, stops if the caller can leave its CPU.
 *
 * A port in which memory can be paged out defines
 * CPUSLAB_PORT_ASSERT_RESIDENT(memory), which in debug builds stops if a
 * section cannot access a byte.
 *
 * To replace an operation by its own, a port defines it, where there is such a
 * form also as cpuslab_port_pinned_X, and a macro of the first one's name,
 * before it includes this header.
 *
 * A section sees what earlier ones on its CPU stored, so loads of words that
 * only sections change are relaxed. The commit is a release for readers on
 * other CPUs.
 */

#ifndef CPUSLAB_PORT_SECTION_ABORTS
#define CPUSLAB_PORT_SECTION_ABORTS 0
#endif

#ifndef CPUSLAB_PORT_PINNED
#define CPUSLAB_PORT_PINNED 0
#endif

#ifndef CPUSLAB_PORT_RING_BEGIN
#define CPUSLAB_PORT_RING_BEGIN(tail) true
#define CPUSLAB_PORT_RING_END(tail) ((void)0)
#endif

#ifndef CPUSLAB_PORT_ASSERT_RESIDENT
#define CPUSLAB_PORT_ASSERT_RESIDENT(memory) ((void)0)
#endif

CPUSLAB_BEGIN

#if !CPUSLAB_PORT_SECTION_ABORTS
CPUSLAB_INLINE bool
cpuslab_port_section_step(struct cpuslab_port_section *section)
{
	(void)section;
	return true;
}
#endif

#ifndef CPUSLAB_PORT_SECTION_CAN_EXCLUDE
CPUSLAB_INLINE bool cpuslab_port_section_can_exclude(void)
{
	return true;
}
#endif

CPUSLAB_INLINE void cpuslab__section_assert_resident(const void *data,
						     uint32_t bytes)
{
	(void)data;
	if (bytes) {
		CPUSLAB_PORT_ASSERT_RESIDENT(data);
		CPUSLAB_PORT_ASSERT_RESIDENT((const char *)data + bytes - 1);
	}
}

/* Copy to where no reader looks yet. False: aborted. */
CPUSLAB_INLINE bool cpuslab__section_copy(struct cpuslab_port_section *section,
					  void *to, const void *from,
					  uint32_t bytes)
{
	/* In two parts, so that an abort can come in the middle. */
	uint32_t half = CPUSLAB_PORT_SECTION_ABORTS ? bytes / 2 : 0;

	cpuslab__section_assert_resident(from, bytes);
	if (half)
		memcpy(to, from, half);
	if (!cpuslab_port_section_step(section))
		return false;
	if (bytes)
		memcpy((char *)to + half, (const char *)from + half,
		       bytes - half);
	return cpuslab_port_section_step(section);
}

#define CPUSLAB_PORT_MAGAZINES 1

CPUSLAB_INLINE struct cpuslab__magazine *
cpuslab__section_magazine(const uint64_t *top)
{
	uintptr_t newest = (uintptr_t)cpuslab_load_relaxed_u64(top);

	return (struct cpuslab__magazine *)newest;
}

#define CPUSLAB__SECTION_OP(name) cpuslab_port_##name
#define CPUSLAB__SECTION_ENTER cpuslab_port_section_enter
#define CPUSLAB__SECTION_EXIT cpuslab_port_section_exit
#include <cpuslab/port/section_bodies.h>
#undef CPUSLAB__SECTION_OP
#undef CPUSLAB__SECTION_ENTER
#undef CPUSLAB__SECTION_EXIT

#if CPUSLAB_PORT_PINNED
CPUSLAB_INLINE void *cpuslab__pinned_enter(const struct cpuslab_percpu *handle,
					   size_t offset,
					   struct cpuslab_port_section *section)
{
	(void)section;
	return cpuslab_port_pinned_at(handle, offset);
}

#define CPUSLAB__SECTION_OP(name) cpuslab_port_pinned_##name
#define CPUSLAB__SECTION_ENTER cpuslab__pinned_enter
#define CPUSLAB__SECTION_EXIT(section) ((void)(section))
#include <cpuslab/port/section_bodies.h>
#undef CPUSLAB__SECTION_OP
#undef CPUSLAB__SECTION_ENTER
#undef CPUSLAB__SECTION_EXIT
#endif

CPUSLAB_END

#endif /* CPUSLAB_SECTION_OPS_H */
