/* SPDX-License-Identifier: MIT */
/*
 * slow.c - the slow path of operations that found no block of their own: admit
 * the CPU and retry, or work on the shared block. In atomic mode every
 * operation takes it.
 */
#include "slow.h"

#include "named.h"
#include "slab_internal.h"
#include "../base/cas16.h"

#define SLOW_TRIES 4 /* the thread may migrate after each admission */

/* ---- on a block that several threads may write -------------------------- */

void cpuslab__shared_add(cpuslab_word *word, uint64_t value)
{
	cpuslab_port_preempt_point();
	cpuslab_fetch_add_u64(word, value);
	cpuslab_port_preempt_point();
}

int cpuslab__shared_add_if(struct cpuslab_gated *gated, uint64_t gate,
			   uint64_t value)
{
	struct cpuslab_pair *pair = (struct cpuslab_pair *)gated;
	struct cpuslab_pair was, now;

	do {
		cpuslab_port_preempt_point();
		was.first = cpuslab_load_acquire_u64(&pair->first);
		if (was.first != gate)
			return CPUSLAB_DIFFERS;
		was.second = cpuslab_load_relaxed_u64(&pair->second);
		now.first = gate;
		now.second = was.second + value;
		cpuslab_port_preempt_point();
	} while (!cpuslab__cas16(pair, was, now));
	return CPUSLAB_OK;
}

int cpuslab__shared_add_below(cpuslab_word *word, uint64_t bound,
			      uint64_t value)
{
	uint64_t found = cpuslab_load_relaxed_u64(word);

	do {
		cpuslab_port_preempt_point();
		if (found >= bound)
			return CPUSLAB_FULL;
	} while (!cpuslab_cas_u64(word, &found, found + value));
	return CPUSLAB_OK;
}

int cpuslab__shared_cmpstore(cpuslab_word *word, uint64_t expect,
			     uint64_t value)
{
	cpuslab_port_preempt_point();
	return cpuslab_cas_u64(word, &expect, value) ? CPUSLAB_OK :
						       CPUSLAB_DIFFERS;
}

uint64_t cpuslab__shared_update(cpuslab_word *word, enum cpuslab__word_op op,
				uint64_t value)
{
	/*
	 * [word] Pairs with the compare-and-swap, here and in
	 * cpuslab__shared_cmpstore(): what is reached through a word that
	 * another thread has stored could otherwise be read as it was before.
	 */
	uint64_t found = cpuslab_load_acquire_u64(word), next;

	do {
		cpuslab_port_preempt_point();
		next = cpuslab__word_next(op, found, value);
		/*
		 * [word] Others store what the word was as well. Else a mark
		 * that was found set would release nothing, and could have
		 * been taken since.
		 */
		if (next == found && cpuslab__word_keeps(op))
			break;
	} while (!cpuslab_cas_u64(word, &found, next)); /* [word] */
	return found;
}

void cpuslab__shared_push(struct cpuslab_pair *top, struct cpuslab_node *first,
			  struct cpuslab_node *last)
{
	struct cpuslab_pair was, now;

	do {
		cpuslab_port_preempt_point();
		was.second = cpuslab_load_relaxed_u64(&top->second);
		was.first = cpuslab_load_relaxed_u64(&top->first);
		cpuslab_store_relaxed_ptr(
			&last->next,
			(struct cpuslab_node *)(uintptr_t)was.first);
		now.first = (uint64_t)(uintptr_t)first;
		now.second = was.second;
		cpuslab_port_preempt_point();
	} while (!cpuslab__cas16(top, was, now));
}

/*
 * [stack.tag] The tag counts pops. While it does not change, the node that was
 * on top stays in the stack and keeps its link (Treiber's stack with the
 * counter of IBM's System/370 Principles of Operation, appendix A).
 */
int cpuslab__shared_pop(struct cpuslab_pair *top, struct cpuslab_node **node)
{
	struct cpuslab_node *first, *next;
	struct cpuslab_pair was, now;

	do {
		cpuslab_port_preempt_point();
		/*
		 * [stack.tag] Tag before top before link; pairs with the
		 * compare-and-swap. In another order a link that was read
		 * before the node was popped and pushed again could be taken
		 * for the current one, and a node be handed out twice.
		 */
		was.second = cpuslab_load_acquire_u64(&top->second);
		cpuslab_port_preempt_point();
		was.first = cpuslab_load_acquire_u64(&top->first);
		first = (struct cpuslab_node *)(uintptr_t)was.first;
		if (!first)
			return CPUSLAB_EMPTY;
		cpuslab_port_preempt_point();
		next = cpuslab_load_relaxed_ptr(&first->next);
		now.first = (uint64_t)(uintptr_t)next;
		now.second = was.second + 1;
		cpuslab_port_preempt_point();
	} while (!cpuslab__cas16(top, was, now));
	*node = first;
	return CPUSLAB_OK;
}

struct cpuslab_node *cpuslab__shared_pop_all(struct cpuslab_pair *top)
{
	struct cpuslab_pair was, now;

	do {
		cpuslab_port_preempt_point();
		was.second = cpuslab_load_relaxed_u64(&top->second);
		was.first = cpuslab_load_relaxed_u64(&top->first);
		if (!was.first)
			return NULL;
		now.first = 0;
		/* [stack.tag] The first node may return with another link. */
		now.second = was.second + 1;
		cpuslab_port_preempt_point();
	} while (!cpuslab__cas16(top, was, now));
	return (struct cpuslab_node *)(uintptr_t)was.first;
}

int cpuslab__shared_append(cpuslab_word *log, const void *data, uint32_t bytes,
			   uint32_t capacity)
{
	uint64_t step = cpuslab__log_step(bytes);
	uint64_t tail = cpuslab_load_relaxed_u64(log);
	cpuslab_word *record;

	do {
		cpuslab_port_preempt_point();
		if (tail + step > capacity)
			return CPUSLAB_FULL;
	} while (!cpuslab_cas_u64(log, &tail, tail + step));
	/* [log.tail] A reader that sees it stops at the uncommitted head. */
	record = (void *)((char *)log + CPUSLAB_LOG_HEADER + tail);
	cpuslab_port_preempt_point();
	if (bytes)
		memcpy(record + 1, data, bytes);
	cpuslab_port_preempt_point();
	/*
	 * [log.commit] Pairs with the acquire load in cpuslab_log_read(),
	 * which without it could return a record before its payload.
	 */
	cpuslab_store_release_u64(record, (uint64_t)bytes << 1 | 1);
	return CPUSLAB_OK;
}

/*
 * Space is reserved, then filled, then added to what is committed. When all
 * that is reserved is committed, the records up to there are complete, and the
 * tail follows.
 */
int cpuslab__shared_ring_append(cpuslab_word *tail,
				const struct cpuslab__ring_shape *shape,
				const void *data, uint32_t bytes)
{
	cpuslab_word *reserved = tail - 2, *committed = tail - 1;
	uint64_t from = cpuslab_load_relaxed_u64(reserved), done, seen;
	struct cpuslab__ring_place place;

	do {
		cpuslab_port_preempt_point();
		place = cpuslab__ring_plan(shape, from,
					   cpuslab__ring_size(bytes));
		if (!cpuslab__ring_has_room(shape, tail, place.end))
			return CPUSLAB_FULL;
	} while (!cpuslab_cas_u64(reserved, &from, place.end));
	cpuslab_port_preempt_point();
	cpuslab__ring_heads(shape, tail, &place, bytes);
	cpuslab_port_preempt_point();
	cpuslab__ring_payload(shape,
			      cpuslab__ring_record(shape, tail, place.begin),
			      data, 0, bytes);
	cpuslab_port_preempt_point();
	/*
	 * [ring.committed] An add pairs with each later one, whose producer
	 * sees the record; without that the one that publishes the tail could
	 * publish a record that the consumer does not see yet.
	 */
	done = place.end - place.from;
	done += cpuslab_fetch_add_u64(committed, done);
	cpuslab_port_preempt_point();
	/* [ring.committed] So all that is reserved before @done is added. */
	if (cpuslab_load_relaxed_u64(reserved) != done)
		return CPUSLAB_OK;
	cpuslab_port_preempt_point();
	seen = cpuslab_load_relaxed_u64(tail);
	/* [ring.tail] Pairs with cpuslab_ring_tail(). */
	while (seen < done && !cpuslab_cas_u64(tail, &seen, done))
		cpuslab_port_preempt_point();
	CPUSLAB_PORT_RING_APPENDED(shape, seen, done);
	return CPUSLAB_OK;
}

/* ---- the path of an operation that found no block ----------------------- */

/*
 * Is the handle null or the offset misaligned? Also clears what the operation
 * that missed has left in the thread.
 */
static bool slow_refuses(const struct cpuslab_percpu *handle, size_t offset,
			 size_t align)
{
	cpuslab_port_rseq_clear();
	return !cpuslab__percpu_extent(handle) ||
	       (handle->offset + offset) % align;
}

/* Admit the CPU that the caller runs on. Is a retry worthwhile? */
static bool slow_admit(const struct cpuslab_percpu *handle)
{
	return cpuslab__admit_on_demand(handle->extent->slab,
					cpuslab__by_cid(handle) ?
						cpuslab_port_cid() :
						cpuslab_port_cpu());
}

void *cpuslab__shared_block(const struct cpuslab_percpu *handle, size_t offset)
{
	return cpuslab__percpu_at(handle, CPUSLAB_SHARED, offset);
}

static void *slow_use_shared(const struct cpuslab_percpu *handle, size_t offset)
{
	struct cpuslab_extent *extent = handle->extent;
	struct cpuslab_slab *slab = extent->slab;

	cpuslab_fetch_add_u64(&slab->shared_ops, 1);
	cpuslab_port_trace(CPUSLAB_EVENT_SHARED, slab->domain_name, slab->name,
			   CPUSLAB_NO_CPU, extent->blocks.bytes, CPUSLAB_OK);
	return cpuslab__shared_block(handle, offset);
}

/* What atomics update: the CPU's block if possible, else the shared block. */
static void *slow_target(const struct cpuslab_percpu *handle, size_t offset)
{
	const uint8_t *live = handle->extent->slab->live;
	uint32_t cpu;

	if (!cpuslab_port_uses_atomics())
		return slow_use_shared(handle, offset);
	cpu = cpuslab_port_cpu();
	cpuslab_port_preempt_point();
	/*
	 * [live] Pairs with cpuslab__set_live(). Tested again after an
	 * admission, which may have been that of another CPU.
	 */
	if (cpuslab_likely(cpu < handle->extent->slab->limit) &&
	    (cpuslab_likely(cpuslab_load_acquire_u8(&live[cpu])) ||
	     (slow_admit(handle) && cpuslab_load_acquire_u8(&live[cpu]))))
		return cpuslab__percpu_at(handle, cpu, offset);
	return slow_use_shared(handle, offset);
}

/* The atomic mode's way to a word, which is no slower than its instruction. */
static cpuslab_word *slow_atomic_word(const struct cpuslab_percpu *handle,
				      size_t offset)
{
	void *word;

	if (cpuslab_unlikely(!cpuslab__percpu_extent(handle)))
		return NULL;
	word = cpuslab_port_atomic_at(handle, handle->extent->slab->live,
				      offset);
	return (uintptr_t)word % sizeof(uint64_t) ? NULL : (cpuslab_word *)word;
}

/*
 * Retry a port operation until it finds a block; CPUSLAB_MISS if the CPU cannot
 * be admitted. Clears what it has left in the thread.
 */
#define SLOW_RETRY(result, handle, operation)                                  \
	do {                                                                   \
		int tries_ = SLOW_TRIES;                                       \
		(result) = CPUSLAB_MISS;                                       \
		if (cpuslab_port_uses_atomics())                               \
			break;                                                 \
		while ((result) == CPUSLAB_MISS && tries_-- &&                 \
		       slow_admit(handle))                                     \
			(result) = (operation);                                \
		cpuslab_port_rseq_clear();                                     \
	} while (0)

int cpuslab__slow_add(const struct cpuslab_percpu *handle, size_t offset,
		      uint64_t value)
{
	cpuslab_word *word = slow_atomic_word(handle, offset);
	int result;

	if (cpuslab_likely(word)) {
		cpuslab__shared_add(word, value);
		return CPUSLAB_OK;
	}
	if (slow_refuses(handle, offset, sizeof(uint64_t)))
		return cpuslab__named_add(handle, offset, value);
	SLOW_RETRY(result, handle,
		   CPUSLAB_PORT_RETRY(add)(handle, offset, value));
	if (result != CPUSLAB_MISS)
		return result;
	cpuslab__shared_add(slow_target(handle, offset), value);
	return CPUSLAB_OK;
}

int cpuslab__slow_add_if(const struct cpuslab_percpu *handle, size_t offset,
			 uint64_t gate, uint64_t value)
{
	int result;

	if (slow_refuses(handle, offset, sizeof(struct cpuslab_pair)))
		return -CPUSLAB_EINVAL;
	SLOW_RETRY(result, handle,
		   CPUSLAB_PORT_RETRY(add_if)(handle, offset, gate, value));
	if (result != CPUSLAB_MISS)
		return result;
	return cpuslab__shared_add_if(slow_target(handle, offset), gate, value);
}

int cpuslab__slow_add_below(const struct cpuslab_percpu *handle, size_t offset,
			    uint64_t bound, uint64_t value)
{
	cpuslab_word *word = slow_atomic_word(handle, offset);
	int result;

	if (cpuslab_likely(word))
		return cpuslab__shared_add_below(word, bound, value);
	if (slow_refuses(handle, offset, sizeof(uint64_t)))
		return -CPUSLAB_EINVAL;
	SLOW_RETRY(result, handle,
		   CPUSLAB_PORT_RETRY(add_below)(handle, offset, bound, value));
	if (result != CPUSLAB_MISS)
		return result;
	return cpuslab__shared_add_below(slow_target(handle, offset), bound,
					 value);
}

int cpuslab__slow_cmpstore(const struct cpuslab_percpu *handle, size_t offset,
			   uint64_t expect, uint64_t value)
{
	cpuslab_word *word = slow_atomic_word(handle, offset);
	int result;

	if (cpuslab_likely(word))
		return cpuslab__shared_cmpstore(word, expect, value);
	if (slow_refuses(handle, offset, sizeof(uint64_t)))
		return -CPUSLAB_EINVAL;
	SLOW_RETRY(result, handle,
		   CPUSLAB_PORT_RETRY(cmpstore)(handle, offset, expect, value));
	if (result != CPUSLAB_MISS)
		return result;
	return cpuslab__shared_cmpstore(slow_target(handle, offset), expect,
					value);
}

int cpuslab__slow_update(const struct cpuslab_percpu *handle, size_t offset,
			 enum cpuslab__word_op op, uint64_t value,
			 uint64_t *old)
{
	cpuslab_word *word = slow_atomic_word(handle, offset);
	int result;

	if (cpuslab_likely(word)) {
		*old = cpuslab__shared_update(word, op, value);
		return CPUSLAB_OK;
	}
	if (slow_refuses(handle, offset, sizeof(uint64_t)))
		return -CPUSLAB_EINVAL;
	SLOW_RETRY(result, handle,
		   CPUSLAB_PORT_RETRY(update)(handle, offset, op, value, old));
	if (result == CPUSLAB_MISS)
		*old = cpuslab__shared_update(slow_target(handle, offset), op,
					      value);
	return CPUSLAB_OK;
}

/* Several words cannot change atomically where others write as well. */
int cpuslab__slow_commit(const struct cpuslab_percpu *handle, size_t offset,
			 const struct cpuslab__commit *commit)
{
	int result;

	if (slow_refuses(handle, offset, sizeof(uint64_t)))
		return -CPUSLAB_EINVAL;
	SLOW_RETRY(result, handle,
		   CPUSLAB_PORT_RETRY(commit)(handle, offset, commit));
	if (result != CPUSLAB_MISS)
		return result;
	return cpuslab_port_uses_atomics() ? -CPUSLAB_ENOSYS : -CPUSLAB_EAGAIN;
}

int cpuslab__slow_push(const struct cpuslab_percpu *handle, size_t offset,
		       struct cpuslab_node *node)
{
	int result;

	if (slow_refuses(handle, offset, sizeof(struct cpuslab_pair)) || !node)
		return -CPUSLAB_EINVAL;
	SLOW_RETRY(result, handle,
		   CPUSLAB_PORT_RETRY(push)(handle, offset, node));
	if (result != CPUSLAB_MISS)
		return result;
	cpuslab__shared_push(slow_target(handle, offset), node, node);
	return CPUSLAB_OK;
}

struct cpuslab_node *cpuslab__slow_pop(const struct cpuslab_percpu *handle,
				       size_t offset, int result)
{
	struct cpuslab_node *node = NULL;
	void *found = NULL;

	if (slow_refuses(handle, offset, sizeof(struct cpuslab_pair)))
		return NULL;
	if (result == CPUSLAB_MISS)
		SLOW_RETRY(result, handle,
			   CPUSLAB_PORT_RETRY(pop)(handle, offset, &found));
	if (result == CPUSLAB_OK)
		return found;
	if (result == CPUSLAB_MISS)
		result =
			cpuslab__shared_pop(slow_target(handle, offset), &node);
	if (result == CPUSLAB_EMPTY)
		result = cpuslab__shared_pop(
			cpuslab__shared_block(handle, offset), &node);
	return result == CPUSLAB_OK ? node : NULL;
}

struct cpuslab_node *cpuslab__slow_pop_all(const struct cpuslab_percpu *handle,
					   size_t offset, int result)
{
	struct cpuslab_node *node = NULL;
	uint64_t first = 0;

	if (slow_refuses(handle, offset, sizeof(struct cpuslab_pair)))
		return NULL;
	if (result == CPUSLAB_MISS)
		SLOW_RETRY(result, handle,
			   CPUSLAB_PORT_RETRY(update)(handle, offset,
						      CPUSLAB__WORD_EXCHANGE, 0,
						      &first));
	if (first)
		return (struct cpuslab_node *)(uintptr_t)first;
	if (result == CPUSLAB_MISS)
		node = cpuslab__shared_pop_all(slow_target(handle, offset));
	return node ? node :
		      cpuslab__shared_pop_all(
			      cpuslab__shared_block(handle, offset));
}

int cpuslab__slow_append(const struct cpuslab_percpu *handle, size_t offset,
			 const void *data, uint32_t bytes, uint32_t capacity)
{
	int result;

	if (slow_refuses(handle, offset, sizeof(uint64_t)) ||
	    bytes > CPUSLAB_LOG_MAX_RECORD)
		return -CPUSLAB_EINVAL;
	SLOW_RETRY(result, handle,
		   CPUSLAB_PORT_RETRY(append)(handle, offset, data, bytes,
					      capacity));
	if (result != CPUSLAB_MISS)
		return result;
	return cpuslab__shared_append(slow_target(handle, offset), data, bytes,
				      capacity);
}

int cpuslab__slow_ring_append(const struct cpuslab_ring *ring, const void *data,
			      uint32_t bytes, int result)
{
	const struct cpuslab_percpu *handle = &ring->handle;

	if (slow_refuses(handle, ring->tail, sizeof(uint64_t)) ||
	    bytes > ring->max_record)
		return -CPUSLAB_EINVAL;
	if (result == CPUSLAB_MISS)
		SLOW_RETRY(result, handle,
			   CPUSLAB_PORT_RETRY(ring_append)(handle, ring->tail,
							   &ring->shape, data,
							   bytes));
	if (result == CPUSLAB_MISS)
		result = cpuslab__shared_ring_append(slow_target(handle,
								 ring->tail),
						     &ring->shape, data, bytes);
	if (result == CPUSLAB_FULL)
		(void)cpuslab_add(handle, 0, 1);
	return result;
}
