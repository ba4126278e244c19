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
 * To replace an operation by its own, a port defines it and a macro of the same
 * name before it includes this header.
 *
 * A section sees what earlier ones on its CPU stored, so loads of words that
 * only sections change are relaxed. The commit is a release for readers on
 * other CPUs.
 */

#ifndef CPUSLAB_PORT_SECTION_ABORTS
#define CPUSLAB_PORT_SECTION_ABORTS 0
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

#ifndef cpuslab_port_add
CPUSLAB_INLINE int cpuslab_port_add(const struct cpuslab_percpu *handle,
				    size_t offset, uint64_t value)
{
	struct cpuslab_port_section section;
	uint64_t *word, found;

	word = (uint64_t *)cpuslab_port_section_enter(handle, offset, &section);
	if (cpuslab_unlikely(!word))
		return CPUSLAB_MISS;
	found = cpuslab_load_relaxed_u64(word);
	if (!cpuslab_port_section_step(&section))
		return CPUSLAB_MISS;
	/*
	 * [release.fence] pairs with cpuslab_port_fence_cpu(): a count that
	 * commits after the fence is lost.
	 */
	cpuslab_store_release_u64(word, found + value);
	cpuslab_port_section_exit(&section);
	return CPUSLAB_OK;
}
#endif

#ifndef cpuslab_port_add_if
CPUSLAB_INLINE int cpuslab_port_add_if(const struct cpuslab_percpu *handle,
				       size_t offset, uint64_t gate,
				       uint64_t value)
{
	struct cpuslab_port_section section;
	int result = CPUSLAB_DIFFERS;
	uint64_t *pair, found;

	pair = (uint64_t *)cpuslab_port_section_enter(handle, offset, &section);
	if (cpuslab_unlikely(!pair))
		return CPUSLAB_MISS;
	/*
	 * [gate] pairs with cpuslab__gate_set(): an add that finds a new gate
	 * sees what was stored before it was set. The test and the commit are
	 * in one section, or an add that saw the old gate could commit after
	 * the fence.
	 */
	if (cpuslab_load_acquire_u64(&pair[0]) != gate)
		goto leave;
	if (!cpuslab_port_section_step(&section))
		return CPUSLAB_MISS;
	found = cpuslab_load_relaxed_u64(&pair[1]);
	if (!cpuslab_port_section_step(&section))
		return CPUSLAB_MISS;
	cpuslab_store_release_u64(&pair[1], found + value);
	result = CPUSLAB_OK;
leave:
	cpuslab_port_section_exit(&section);
	return result;
}
#endif

#ifndef cpuslab_port_add_below
CPUSLAB_INLINE int cpuslab_port_add_below(const struct cpuslab_percpu *handle,
					  size_t offset, uint64_t bound,
					  uint64_t value)
{
	struct cpuslab_port_section section;
	int result = CPUSLAB_FULL;
	uint64_t *word, found;

	word = (uint64_t *)cpuslab_port_section_enter(handle, offset, &section);
	if (cpuslab_unlikely(!word))
		return CPUSLAB_MISS;
	found = cpuslab_load_relaxed_u64(word);
	if (found >= bound)
		goto leave;
	if (!cpuslab_port_section_step(&section))
		return CPUSLAB_MISS;
	cpuslab_store_release_u64(word, found + value);
	result = CPUSLAB_OK;
leave:
	cpuslab_port_section_exit(&section);
	return result;
}
#endif

#ifndef cpuslab_port_cmpstore
CPUSLAB_INLINE int cpuslab_port_cmpstore(const struct cpuslab_percpu *handle,
					 size_t offset, uint64_t expect,
					 uint64_t value)
{
	struct cpuslab_port_section section;
	int result = CPUSLAB_DIFFERS;
	uint64_t *word;

	word = (uint64_t *)cpuslab_port_section_enter(handle, offset, &section);
	if (cpuslab_unlikely(!word))
		return CPUSLAB_MISS;
	if (cpuslab_load_relaxed_u64(word) != expect)
		goto leave;
	if (!cpuslab_port_section_step(&section))
		return CPUSLAB_MISS;
	cpuslab_store_release_u64(word, value);
	result = CPUSLAB_OK;
leave:
	cpuslab_port_section_exit(&section);
	return result;
}
#endif

#ifndef cpuslab_port_push
CPUSLAB_INLINE int cpuslab_port_push(const struct cpuslab_percpu *handle,
				     size_t offset, void *node)
{
	struct cpuslab_port_section section;
	uint64_t *top, next;

	top = (uint64_t *)cpuslab_port_section_enter(handle, offset, &section);
	if (cpuslab_unlikely(!top))
		return CPUSLAB_MISS;
	next = cpuslab_load_relaxed_u64(top);
	if (!cpuslab_port_section_step(&section))
		return CPUSLAB_MISS;
	cpuslab_store_relaxed_ptr((void **)node, (void *)(uintptr_t)next);
	if (!cpuslab_port_section_step(&section))
		return CPUSLAB_MISS;
	cpuslab_store_release_u64(top, (uint64_t)(uintptr_t)node);
	cpuslab_port_section_exit(&section);
	return CPUSLAB_OK;
}
#endif

#ifndef cpuslab_port_pop
CPUSLAB_INLINE int cpuslab_port_pop(const struct cpuslab_percpu *handle,
				    size_t offset, void **node)
{
	struct cpuslab_port_section section;
	int result = CPUSLAB_EMPTY;
	void *first, *next;
	uint64_t *top;

	top = (uint64_t *)cpuslab_port_section_enter(handle, offset, &section);
	if (cpuslab_unlikely(!top))
		return CPUSLAB_MISS;
	first = (void *)(uintptr_t)cpuslab_load_relaxed_u64(top);
	if (!first)
		goto leave;
	if (!cpuslab_port_section_step(&section))
		return CPUSLAB_MISS;
	next = cpuslab_load_relaxed_ptr((void **)first);
	if (!cpuslab_port_section_step(&section))
		return CPUSLAB_MISS;
	cpuslab_store_release_u64(top, (uint64_t)(uintptr_t)next);
	*node = first;
	result = CPUSLAB_OK;
leave:
	cpuslab_port_section_exit(&section);
	return result;
}
#endif

/* Copy to where no reader looks yet. False: aborted. */
CPUSLAB_INLINE bool cpuslab__section_copy(struct cpuslab_port_section *section,
					  void *to, const void *from,
					  uint32_t bytes)
{
	/* In two parts, so that an abort can come in the middle. */
	uint32_t half = CPUSLAB_PORT_SECTION_ABORTS ? bytes / 2 : 0;

	if (half)
		memcpy(to, from, half);
	if (!cpuslab_port_section_step(section))
		return false;
	if (bytes)
		memcpy((char *)to + half, (const char *)from + half,
		       bytes - half);
	return cpuslab_port_section_step(section);
}

#ifndef cpuslab_port_append
CPUSLAB_INLINE int cpuslab_port_append(const struct cpuslab_percpu *handle,
				       size_t offset, const void *data,
				       uint32_t bytes, uint32_t capacity)
{
	uint64_t size = 8 + (((uint64_t)bytes + 7) & ~(uint64_t)7);
	struct cpuslab_port_section section;
	uint64_t *log, *record, tail;
	int result = CPUSLAB_FULL;

	log = (uint64_t *)cpuslab_port_section_enter(handle, offset, &section);
	if (cpuslab_unlikely(!log))
		return CPUSLAB_MISS;
	tail = cpuslab_load_relaxed_u64(log);
	if (tail + size > capacity)
		goto leave;
	if (!cpuslab_port_section_step(&section))
		return CPUSLAB_MISS;
	record = (uint64_t *)((char *)log + 16 + tail);
	cpuslab_store_relaxed_u64(record, (uint64_t)bytes << 1 | 1);
	if (!cpuslab__section_copy(&section, record + 1, data, bytes))
		return CPUSLAB_MISS;
	/*
	 * [log.tail] pairs with cpuslab_log_read(), which would otherwise see
	 * half a record.
	 */
	cpuslab_store_release_u64(log, tail + size);
	result = CPUSLAB_OK;
leave:
	cpuslab_port_section_exit(&section);
	return result;
}
#endif

#define CPUSLAB_PORT_MAGAZINES 1

CPUSLAB_INLINE struct cpuslab__magazine *
cpuslab__section_magazine(const uint64_t *top)
{
	uintptr_t newest = (uintptr_t)cpuslab_load_relaxed_u64(top);

	return (struct cpuslab__magazine *)newest;
}

#ifndef cpuslab_port_magazine_pop
CPUSLAB_INLINE int
cpuslab_port_magazine_pop(const struct cpuslab_percpu *handle, size_t offset,
			  void **object)
{
	struct cpuslab_port_section section;
	struct cpuslab__magazine *magazine;
	uint64_t *top, count;
	void *found;
	int result = CPUSLAB_EMPTY;

	top = (uint64_t *)cpuslab_port_section_enter(handle, offset, &section);
	if (cpuslab_unlikely(!top))
		return CPUSLAB_MISS;
	magazine = cpuslab__section_magazine(top);
	if (!cpuslab_port_section_step(&section))
		return CPUSLAB_MISS;
	count = cpuslab_likely(magazine) ?
			cpuslab_load_relaxed_u64(&magazine->count) :
			0;
	if (cpuslab_unlikely(!count))
		goto leave;
	if (!cpuslab_port_section_step(&section))
		return CPUSLAB_MISS;
	found = ((void **)(magazine + 1))[count - 1];
	if (!cpuslab_port_section_step(&section))
		return CPUSLAB_MISS;
	cpuslab_store_release_u64(&magazine->count, count - 1);
	*object = found;
	result = CPUSLAB_OK;
leave:
	cpuslab_port_section_exit(&section);
	return result;
}
#endif

#ifndef cpuslab_port_magazine_push
CPUSLAB_INLINE int
cpuslab_port_magazine_push(const struct cpuslab_percpu *handle, size_t offset,
			   void *object, uint64_t rounds)
{
	struct cpuslab_port_section section;
	struct cpuslab__magazine *magazine;
	uint64_t *top, count;
	int result = CPUSLAB_FULL;

	top = (uint64_t *)cpuslab_port_section_enter(handle, offset, &section);
	if (cpuslab_unlikely(!top))
		return CPUSLAB_MISS;
	magazine = cpuslab__section_magazine(top);
	if (!cpuslab_port_section_step(&section))
		return CPUSLAB_MISS;
	count = cpuslab_likely(magazine) ?
			cpuslab_load_relaxed_u64(&magazine->count) :
			rounds;
	if (cpuslab_unlikely(count == rounds))
		goto leave;
	if (!cpuslab_port_section_step(&section))
		return CPUSLAB_MISS;
	((void **)(magazine + 1))[count] = object;
	if (!cpuslab_port_section_step(&section))
		return CPUSLAB_MISS;
	cpuslab_store_release_u64(&magazine->count, count + 1);
	result = CPUSLAB_OK;
leave:
	cpuslab_port_section_exit(&section);
	return result;
}
#endif

CPUSLAB_END

#endif /* CPUSLAB_SECTION_OPS_H */
