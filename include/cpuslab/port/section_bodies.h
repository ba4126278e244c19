/* SPDX-License-Identifier: MIT */
/*
 * section_bodies.h - the operations of section_ops.h.
 *
 * No guard: that header includes this one for each way to begin a section.
 */

#ifndef cpuslab_port_add
CPUSLAB_INLINE int CPUSLAB__SECTION_OP(add)(const struct cpuslab_percpu *handle,
					    size_t offset, uint64_t value)
{
	struct cpuslab_port_section section;
	uint64_t *word, found;

	word = (uint64_t *)CPUSLAB__SECTION_ENTER(handle, offset, &section);
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
	CPUSLAB__SECTION_EXIT(&section);
	return CPUSLAB_OK;
}
#endif

#ifndef cpuslab_port_add_if
CPUSLAB_INLINE int
CPUSLAB__SECTION_OP(add_if)(const struct cpuslab_percpu *handle, size_t offset,
			    uint64_t gate, uint64_t value)
{
	struct cpuslab_port_section section;
	int result = CPUSLAB_DIFFERS;
	uint64_t *pair, found;

	pair = (uint64_t *)CPUSLAB__SECTION_ENTER(handle, offset, &section);
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
	CPUSLAB__SECTION_EXIT(&section);
	return result;
}
#endif

#ifndef cpuslab_port_add_below
CPUSLAB_INLINE int
CPUSLAB__SECTION_OP(add_below)(const struct cpuslab_percpu *handle,
			       size_t offset, uint64_t bound, uint64_t value)
{
	struct cpuslab_port_section section;
	int result = CPUSLAB_FULL;
	uint64_t *word, found;

	word = (uint64_t *)CPUSLAB__SECTION_ENTER(handle, offset, &section);
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
	CPUSLAB__SECTION_EXIT(&section);
	return result;
}
#endif

#ifndef cpuslab_port_cmpstore
CPUSLAB_INLINE int
CPUSLAB__SECTION_OP(cmpstore)(const struct cpuslab_percpu *handle,
			      size_t offset, uint64_t expect, uint64_t value)
{
	struct cpuslab_port_section section;
	int result = CPUSLAB_DIFFERS;
	uint64_t *word;

	word = (uint64_t *)CPUSLAB__SECTION_ENTER(handle, offset, &section);
	if (cpuslab_unlikely(!word))
		return CPUSLAB_MISS;
	if (cpuslab_load_relaxed_u64(word) != expect)
		goto leave;
	if (!cpuslab_port_section_step(&section))
		return CPUSLAB_MISS;
	cpuslab_store_release_u64(word, value);
	result = CPUSLAB_OK;
leave:
	CPUSLAB__SECTION_EXIT(&section);
	return result;
}
#endif

#ifndef cpuslab_port_update
CPUSLAB_INLINE int
CPUSLAB__SECTION_OP(update)(const struct cpuslab_percpu *handle, size_t offset,
			    enum cpuslab__word_op op, uint64_t value,
			    uint64_t *old)
{
	struct cpuslab_port_section section;
	uint64_t *word, found, next;

	word = (uint64_t *)CPUSLAB__SECTION_ENTER(handle, offset, &section);
	if (cpuslab_unlikely(!word))
		return CPUSLAB_MISS;
	found = cpuslab_load_relaxed_u64(word);
	next = cpuslab__word_next(op, found, value);
	/* Also where nothing is stored: what an aborted one loads is stale. */
	if (!cpuslab_port_section_step(&section))
		return CPUSLAB_MISS;
	if (next != found || !cpuslab__word_keeps(op))
		cpuslab_store_release_u64(word, next);
	CPUSLAB__SECTION_EXIT(&section);
	*old = found;
	return CPUSLAB_OK;
}
#endif

#ifndef cpuslab_port_commit
CPUSLAB_INLINE int
CPUSLAB__SECTION_OP(commit)(const struct cpuslab_percpu *handle, size_t offset,
			    const struct cpuslab__commit *commit)
{
	struct cpuslab_port_section section;
	int result = CPUSLAB_DIFFERS;
	uint64_t *word;

	word = (uint64_t *)CPUSLAB__SECTION_ENTER(handle, offset, &section);
	if (cpuslab_unlikely(!word))
		return CPUSLAB_MISS;
	if (cpuslab_load_relaxed_u64(word) != commit->expect)
		goto leave;
	if (!cpuslab_port_section_step(&section))
		return CPUSLAB_MISS;
	if (cpuslab_load_relaxed_u64(word + commit->other / 8) !=
	    commit->other_expect)
		goto leave;
	if (!cpuslab__section_copy(&section, (char *)word + commit->to,
				   commit->data, commit->bytes))
		return CPUSLAB_MISS;
	cpuslab_store_release_u64(word, commit->value);
	result = CPUSLAB_OK;
leave:
	CPUSLAB__SECTION_EXIT(&section);
	return result;
}
#endif

#ifndef cpuslab_port_push
CPUSLAB_INLINE int
CPUSLAB__SECTION_OP(push)(const struct cpuslab_percpu *handle, size_t offset,
			  void *node)
{
	struct cpuslab_port_section section;
	uint64_t *top, next;

	top = (uint64_t *)CPUSLAB__SECTION_ENTER(handle, offset, &section);
	if (cpuslab_unlikely(!top))
		return CPUSLAB_MISS;
	CPUSLAB_PORT_ASSERT_RESIDENT(node);
	next = cpuslab_load_relaxed_u64(top);
	if (!cpuslab_port_section_step(&section))
		return CPUSLAB_MISS;
	cpuslab_store_relaxed_ptr((void **)node, (void *)(uintptr_t)next);
	if (!cpuslab_port_section_step(&section))
		return CPUSLAB_MISS;
	cpuslab_store_release_u64(top, (uint64_t)(uintptr_t)node);
	CPUSLAB__SECTION_EXIT(&section);
	return CPUSLAB_OK;
}
#endif

#ifndef cpuslab_port_pop
CPUSLAB_INLINE int CPUSLAB__SECTION_OP(pop)(const struct cpuslab_percpu *handle,
					    size_t offset, void **node)
{
	struct cpuslab_port_section section;
	int result = CPUSLAB_EMPTY;
	void *first, *next;
	uint64_t *top;

	top = (uint64_t *)CPUSLAB__SECTION_ENTER(handle, offset, &section);
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
	CPUSLAB__SECTION_EXIT(&section);
	return result;
}
#endif

#ifndef cpuslab_port_append
CPUSLAB_INLINE int
CPUSLAB__SECTION_OP(append)(const struct cpuslab_percpu *handle, size_t offset,
			    const void *data, uint32_t bytes, uint32_t capacity)
{
	uint64_t size = 8 + (((uint64_t)bytes + 7) & ~(uint64_t)7);
	struct cpuslab_port_section section;
	uint64_t *log, *record, tail;
	void *end;
	int result = CPUSLAB_FULL;

	log = (uint64_t *)CPUSLAB__SECTION_ENTER(handle, offset, &section);
	if (cpuslab_unlikely(!log))
		return CPUSLAB_MISS;
	tail = cpuslab_load_relaxed_u64(log);
	if (tail + size > capacity)
		goto leave;
	if (!cpuslab_port_section_step(&section))
		return CPUSLAB_MISS;
	end = (char *)log + 16 + tail;
	record = (uint64_t *)end;
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
	CPUSLAB__SECTION_EXIT(&section);
	return result;
}
#endif

#ifndef cpuslab_port_ring_append
CPUSLAB_INLINE int
CPUSLAB__SECTION_OP(ring_append)(const struct cpuslab_percpu *handle,
				 size_t offset,
				 const struct cpuslab__ring_shape *shape,
				 const void *data, uint32_t bytes)
{
	/* In two parts, so that an abort can come in the middle. */
	uint32_t half = CPUSLAB_PORT_SECTION_ABORTS ? bytes / 16 * 8 : 0;
	struct cpuslab_port_section section;
	struct cpuslab__ring_place place;
	cpuslab_word *tail, *record;
	int result = CPUSLAB_FULL;

	if (!cpuslab_port_section_can_exclude())
		return CPUSLAB_MISS;
	tail = (cpuslab_word *)CPUSLAB__SECTION_ENTER(handle, offset, &section);
	if (cpuslab_unlikely(!tail))
		return CPUSLAB_MISS;
	if (cpuslab_unlikely(!CPUSLAB_PORT_RING_BEGIN(tail))) {
		result = CPUSLAB_MISS;
		goto leave;
	}
	place = cpuslab__ring_plan(shape, cpuslab_load_relaxed_u64(tail),
				   cpuslab__ring_size(bytes));
	if (!cpuslab_port_section_step(&section))
		return CPUSLAB_MISS;
	if (cpuslab_unlikely(!cpuslab__ring_has_room(shape, tail, place.end)))
		goto end;
	if (!cpuslab_port_section_step(&section))
		return CPUSLAB_MISS;
	cpuslab__section_assert_resident(data, bytes);
	record = cpuslab__ring_record(shape, tail, place.begin);
	cpuslab__ring_heads(shape, tail, &place, bytes);
	cpuslab__ring_payload(shape, record, data, 0, half);
	if (!cpuslab_port_section_step(&section))
		return CPUSLAB_MISS;
	cpuslab__ring_payload(shape, record, data, half, bytes);
	if (!cpuslab_port_section_step(&section))
		return CPUSLAB_MISS;
	/* [ring.tail] Pairs with cpuslab_ring_tail(). */
	cpuslab_store_release_u64(tail, place.end);
	CPUSLAB_PORT_RING_APPENDED(shape, place.from, place.end);
	result = CPUSLAB_OK;
end:
	CPUSLAB_PORT_RING_END(tail);
leave:
	CPUSLAB__SECTION_EXIT(&section);
	return result;
}
#endif

#ifndef cpuslab_port_magazine_pop
CPUSLAB_INLINE int
CPUSLAB__SECTION_OP(magazine_pop)(const struct cpuslab_percpu *handle,
				  size_t offset, void **object)
{
	struct cpuslab_port_section section;
	struct cpuslab__magazine *magazine;
	uint64_t *top, count;
	void *found;
	int result = CPUSLAB_EMPTY;

	top = (uint64_t *)CPUSLAB__SECTION_ENTER(handle, offset, &section);
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
	CPUSLAB__SECTION_EXIT(&section);
	return result;
}
#endif

#ifndef cpuslab_port_magazine_push
CPUSLAB_INLINE int
CPUSLAB__SECTION_OP(magazine_push)(const struct cpuslab_percpu *handle,
				   size_t offset, void *object, uint64_t rounds)
{
	struct cpuslab_port_section section;
	struct cpuslab__magazine *magazine;
	uint64_t *top, count;
	int result = CPUSLAB_FULL;

	top = (uint64_t *)CPUSLAB__SECTION_ENTER(handle, offset, &section);
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
	CPUSLAB__SECTION_EXIT(&section);
	return result;
}
#endif
