/* SPDX-License-Identifier: MIT */
/*
 * rseq_ops.h - the operations as restartable sequences; the instructions are in
 * the machine's header (rseq_x86_64.h, which explains their shape, or another).
 *
 * No guard: it is included for each way to find the word. Before,
 *
 *	CPUSLAB__RSEQ_NAME(name)	names a function
 *	CPUSLAB__RSEQ_HANDLE		is the type of its handle
 *	CPUSLAB__RSEQ_INDEX		loads the CPU number or concurrency id
 *	CPUSLAB__RSEQ_FIND		finds the word with it, from
 *	CPUSLAB__RSEQ_LIVE		loads the table of live bytes, or NULL
 *	CPUSLAB__RSEQ_INPUTS		the operands
 *
 * Each exit from a section other than its commit clears rseq_cs or, for a miss,
 * leaves that to the slow path.
 */
CPUSLAB_INLINE int CPUSLAB__RSEQ_NAME(add)(const CPUSLAB__RSEQ_HANDLE *handle,
					   size_t offset, uint64_t value)
{
	const uint8_t *live = CPUSLAB__RSEQ_LIVE(handle);

	if (cpuslab_unlikely(!live))
		return CPUSLAB_MISS;
	__asm__ __volatile__ goto(
		CPUSLAB__RSEQ_BEGIN_OR("%l[miss]")
			CPUSLAB__RSEQ_ADD CPUSLAB__RSEQ_COMMITTED
		:
		: CPUSLAB__RSEQ_INPUTS(handle, live, offset),
		  [value] CPUSLAB__RSEQ_NUMBER(value)
		: "memory", "cc", CPUSLAB__RSEQ_SCRATCH
		: miss);
	return CPUSLAB_OK;
miss:
	return CPUSLAB_MISS;
}

CPUSLAB_INLINE int
CPUSLAB__RSEQ_NAME(add_if)(const CPUSLAB__RSEQ_HANDLE *handle, size_t offset,
			   uint64_t gate, uint64_t value)
{
	const uint8_t *live = CPUSLAB__RSEQ_LIVE(handle);

	if (cpuslab_unlikely(!live))
		return CPUSLAB_MISS;
	__asm__ __volatile__ goto(
		CPUSLAB__RSEQ_BEGIN_OR("%l[miss]")
			CPUSLAB__RSEQ_ADD_IF CPUSLAB__RSEQ_COMMITTED
		:
		: CPUSLAB__RSEQ_INPUTS(handle, live, offset),
		  [gate] CPUSLAB__RSEQ_NUMBER(gate),
		  [value] CPUSLAB__RSEQ_NUMBER(value)
		: "memory", "cc", CPUSLAB__RSEQ_SCRATCH
		: miss, differs);
	return CPUSLAB_OK;
differs:
	cpuslab__rseq_clear();
	return CPUSLAB_DIFFERS;
miss:
	return CPUSLAB_MISS;
}

CPUSLAB_INLINE int
CPUSLAB__RSEQ_NAME(add_below)(const CPUSLAB__RSEQ_HANDLE *handle, size_t offset,
			      uint64_t bound, uint64_t value)
{
	const uint8_t *live = CPUSLAB__RSEQ_LIVE(handle);

	if (cpuslab_unlikely(!live))
		return CPUSLAB_MISS;
	__asm__ __volatile__ goto(
		CPUSLAB__RSEQ_BEGIN_OR("%l[miss]")
			CPUSLAB__RSEQ_ADD_BELOW CPUSLAB__RSEQ_COMMITTED
		:
		: CPUSLAB__RSEQ_INPUTS(handle, live, offset),
		  [bound] CPUSLAB__RSEQ_NUMBER(bound),
		  [value] CPUSLAB__RSEQ_NUMBER(value)
		: "memory", "cc", CPUSLAB__RSEQ_SCRATCH
		: miss, full);
	return CPUSLAB_OK;
full:
	cpuslab__rseq_clear();
	return CPUSLAB_FULL;
miss:
	return CPUSLAB_MISS;
}

CPUSLAB_INLINE int
CPUSLAB__RSEQ_NAME(cmpstore)(const CPUSLAB__RSEQ_HANDLE *handle, size_t offset,
			     uint64_t expect, uint64_t value)
{
	const uint8_t *live = CPUSLAB__RSEQ_LIVE(handle);

	if (cpuslab_unlikely(!live))
		return CPUSLAB_MISS;
	__asm__ __volatile__ goto(
		CPUSLAB__RSEQ_BEGIN_OR("%l[miss]")
			CPUSLAB__RSEQ_CMPSTORE CPUSLAB__RSEQ_COMMITTED
		:
		: CPUSLAB__RSEQ_INPUTS(handle, live, offset),
		  [expect] CPUSLAB__RSEQ_NUMBER(expect),
		  [value] CPUSLAB__RSEQ_NUMBER(value)
		: "memory", "cc", CPUSLAB__RSEQ_SCRATCH
		: miss, differs);
	return CPUSLAB_OK;
differs:
	cpuslab__rseq_clear();
	return CPUSLAB_DIFFERS;
miss:
	return CPUSLAB_MISS;
}

#define CPUSLAB__RSEQ_UPDATE_BY(body_)                                         \
	__asm__ __volatile__(                                                  \
		CPUSLAB__RSEQ_BEGIN_OR("5f")                                   \
			CPUSLAB__RSEQ_LOAD body_ CPUSLAB__RSEQ_UPDATED         \
		: [found] "=&r"(found), [missed] "=&r"(missed)                 \
		: CPUSLAB__RSEQ_INPUTS(handle, live, offset),                  \
		  [value] CPUSLAB__RSEQ_NUMBER(value)                          \
		: "memory", "cc", CPUSLAB__RSEQ_SCRATCH)

/* What was loaded is returned in a register, as the node of a pop is. */
CPUSLAB_INLINE int
CPUSLAB__RSEQ_NAME(update)(const CPUSLAB__RSEQ_HANDLE *handle, size_t offset,
			   enum cpuslab__word_op op, uint64_t value,
			   uint64_t *old)
{
	const uint8_t *live = CPUSLAB__RSEQ_LIVE(handle);
	uint64_t found, missed;

	if (cpuslab_unlikely(!live))
		return CPUSLAB_MISS;
	switch (op) {
	case CPUSLAB__WORD_ADD:
		CPUSLAB__RSEQ_UPDATE_BY(CPUSLAB__RSEQ_NEXT_ADD);
		break;
	case CPUSLAB__WORD_EXCHANGE:
		CPUSLAB__RSEQ_UPDATE_BY(CPUSLAB__RSEQ_NEXT_EXCHANGE);
		break;
	case CPUSLAB__WORD_OR:
		CPUSLAB__RSEQ_UPDATE_BY(CPUSLAB__RSEQ_NEXT_OR);
		break;
	case CPUSLAB__WORD_AND:
		CPUSLAB__RSEQ_UPDATE_BY(CPUSLAB__RSEQ_NEXT_AND);
		break;
	case CPUSLAB__WORD_MAX:
		CPUSLAB__RSEQ_UPDATE_BY(CPUSLAB__RSEQ_NEXT_MAX);
		break;
	case CPUSLAB__WORD_MIN:
		CPUSLAB__RSEQ_UPDATE_BY(CPUSLAB__RSEQ_NEXT_MIN);
		break;
	case CPUSLAB__WORD_LOAD:
	default:
		CPUSLAB__RSEQ_UPDATE_BY("");
		break;
	}
	if (cpuslab_unlikely(missed))
		return CPUSLAB_MISS;
	*old = found;
	return CPUSLAB_OK;
}
#undef CPUSLAB__RSEQ_UPDATE_BY

CPUSLAB_STATIC_ASSERT(offsetof(struct cpuslab__commit, expect) == 0 &&
			      offsetof(struct cpuslab__commit, value) == 8 &&
			      offsetof(struct cpuslab__commit, other) == 16 &&
			      offsetof(struct cpuslab__commit, other_expect) ==
				      24 &&
			      offsetof(struct cpuslab__commit, to) == 32,
		      "as the sections have it");

CPUSLAB_INLINE int
CPUSLAB__RSEQ_NAME(commit)(const CPUSLAB__RSEQ_HANDLE *handle, size_t offset,
			   const struct cpuslab__commit *commit)
{
	/* Before the acquire, so that what is constant is known to be. */
	const struct cpuslab__commit what = *commit;
	const uint8_t *live = CPUSLAB__RSEQ_LIVE(handle);

	if (cpuslab_unlikely(!live))
		return CPUSLAB_MISS;
	if (what.bytes)
		goto copy;
	__asm__ __volatile__ goto(
		CPUSLAB__RSEQ_BEGIN_OR("%l[miss]")
			CPUSLAB__RSEQ_COMPARE CPUSLAB__RSEQ_COMMITTED
		:
		: CPUSLAB__RSEQ_INPUTS(handle, live, offset),
		  [expect] CPUSLAB__RSEQ_NUMBER(what.expect),
		  [other] "r"(what.other),
		  [other_expect] CPUSLAB__RSEQ_NUMBER(what.other_expect),
		  [value] CPUSLAB__RSEQ_NUMBER(what.value)
		: "memory", "cc", CPUSLAB__RSEQ_SCRATCH
		: miss, differs);
	return CPUSLAB_OK;
copy:
	__asm__ __volatile__ goto(
		CPUSLAB__RSEQ_BEGIN_OR("%l[miss]")
			CPUSLAB__RSEQ_COMPARE_COPY CPUSLAB__RSEQ_COMMITTED
		:
		: CPUSLAB__RSEQ_INPUTS(handle, live, offset),
		  [commit] "r"(commit), [data] "r"(what.data),
		  [bytes] CPUSLAB__RSEQ_BYTES(what.bytes)
		: "memory", "cc", CPUSLAB__RSEQ_SCRATCH_COPY
		: miss, differs);
	return CPUSLAB_OK;
differs:
	cpuslab__rseq_clear();
	return CPUSLAB_DIFFERS;
miss:
	return CPUSLAB_MISS;
}

CPUSLAB_INLINE int CPUSLAB__RSEQ_NAME(push)(const CPUSLAB__RSEQ_HANDLE *handle,
					    size_t offset, void *node)
{
	const uint8_t *live = CPUSLAB__RSEQ_LIVE(handle);

	if (cpuslab_unlikely(!live))
		return CPUSLAB_MISS;
	__asm__ __volatile__ goto(
		CPUSLAB__RSEQ_BEGIN_OR("%l[miss]")
			CPUSLAB__RSEQ_PUSH CPUSLAB__RSEQ_COMMITTED
		:
		: CPUSLAB__RSEQ_INPUTS(handle, live, offset), [node] "r"(node)
		: "memory", "cc", CPUSLAB__RSEQ_SCRATCH
		: miss);
	return CPUSLAB_OK;
miss:
	return CPUSLAB_MISS;
}

/*
 * The node is returned in a register, so it never goes through memory. asm goto
 * cannot do that: gcc 12 lets its output overwrite what other paths need.
 */
CPUSLAB_INLINE int CPUSLAB__RSEQ_NAME(pop)(const CPUSLAB__RSEQ_HANDLE *handle,
					   size_t offset, void **node)
{
	const uint8_t *live = CPUSLAB__RSEQ_LIVE(handle);
	uintptr_t found;

	if (cpuslab_unlikely(!live))
		return CPUSLAB_MISS;
	__asm__ __volatile__(CPUSLAB__RSEQ_BEGIN_OR("5f")
				     CPUSLAB__RSEQ_POP CPUSLAB__RSEQ_POPPED
			     : [node] "=&r"(found)
			     : CPUSLAB__RSEQ_INPUTS(handle, live, offset)
			     : "memory", "cc", CPUSLAB__RSEQ_SCRATCH);
	if (cpuslab_likely(found > CPUSLAB__RSEQ_NO_BLOCK)) {
		*node = (void *)found;
		return CPUSLAB_OK;
	}
	return found ? CPUSLAB_MISS : CPUSLAB_EMPTY;
}

CPUSLAB_INLINE int
CPUSLAB__RSEQ_NAME(magazine_pop)(const CPUSLAB__RSEQ_HANDLE *handle,
				 size_t offset, void **object)
{
	const uint8_t *live = CPUSLAB__RSEQ_LIVE(handle);
	uintptr_t found;

	if (cpuslab_unlikely(!live))
		return CPUSLAB_MISS;
	__asm__ __volatile__(CPUSLAB__RSEQ_BEGIN_OR("5f")
				     CPUSLAB__RSEQ_TAKE CPUSLAB__RSEQ_TAKEN
			     : [found] "=&r"(found)
			     : CPUSLAB__RSEQ_INPUTS(handle, live, offset)
			     : "memory", "cc", CPUSLAB__RSEQ_SCRATCH_MORE);
	if (cpuslab_unlikely(found == (uintptr_t)live))
		return CPUSLAB_MISS;
	if (cpuslab_unlikely(!found))
		return CPUSLAB_EMPTY;
	*object = (void *)found;
	return CPUSLAB_OK;
}

CPUSLAB_INLINE int
CPUSLAB__RSEQ_NAME(magazine_push)(const CPUSLAB__RSEQ_HANDLE *handle,
				  size_t offset, void *object, uint64_t rounds)
{
	const uint8_t *live = CPUSLAB__RSEQ_LIVE(handle);

	if (cpuslab_unlikely(!live))
		return CPUSLAB_MISS;
	__asm__ __volatile__ goto(
		CPUSLAB__RSEQ_BEGIN_OR("%l[miss]")
			CPUSLAB__RSEQ_GIVE CPUSLAB__RSEQ_COMMITTED
		:
		: CPUSLAB__RSEQ_INPUTS(handle, live, offset),
		  [given] "r"(object), [rounds] "r"(rounds)
		: "memory", "cc", CPUSLAB__RSEQ_SCRATCH_MORE
		: miss, full);
	return CPUSLAB_OK;
full:
	cpuslab__rseq_clear();
	return CPUSLAB_FULL;
miss:
	return CPUSLAB_MISS;
}

CPUSLAB_INLINE int
CPUSLAB__RSEQ_NAME(append)(const CPUSLAB__RSEQ_HANDLE *handle, size_t offset,
			   const void *data, uint32_t bytes, uint32_t capacity)
{
	const uint8_t *live = CPUSLAB__RSEQ_LIVE(handle);

	if (cpuslab_unlikely(!live))
		return CPUSLAB_MISS;
	__asm__ __volatile__ goto(
		CPUSLAB__RSEQ_BEGIN_OR("%l[miss]")
			CPUSLAB__RSEQ_APPEND CPUSLAB__RSEQ_COMMITTED
		:
		: CPUSLAB__RSEQ_INPUTS(handle, live, offset), [data] "r"(data),
		  [bytes] CPUSLAB__RSEQ_BYTES(bytes),
		  [capacity] "r"((uint64_t)capacity)
		: "memory", "cc", CPUSLAB__RSEQ_SCRATCH_COPY
		: miss, full);
	return CPUSLAB_OK;
full:
	cpuslab__rseq_clear();
	return CPUSLAB_FULL;
miss:
	return CPUSLAB_MISS;
}

CPUSLAB_STATIC_ASSERT(
	offsetof(struct cpuslab__ring_shape, part) == 0 &&
		offsetof(struct cpuslab__ring_shape, part_mask) == 8 &&
		offsetof(struct cpuslab__ring_shape, bytes) == 16 &&
		offsetof(struct cpuslab__ring_shape, mask) == 24 &&
		offsetof(struct cpuslab__ring_shape, floor) == 32 &&
		offsetof(struct cpuslab__ring_shape, memory) == 40 &&
		offsetof(struct cpuslab__ring_shape, first) == 48,
	"as the sections have it");

CPUSLAB_INLINE int
CPUSLAB__RSEQ_NAME(ring_append)(const CPUSLAB__RSEQ_HANDLE *handle,
				size_t offset,
				const struct cpuslab__ring_shape *shape,
				const void *data, uint32_t bytes)
{
	const uint8_t *live = CPUSLAB__RSEQ_LIVE(handle);

	if (cpuslab_unlikely(!live))
		return CPUSLAB_MISS;
	__asm__ __volatile__ goto(
		CPUSLAB__RSEQ_BEGIN_OR("%l[miss]")
			CPUSLAB__RSEQ_RING_APPEND CPUSLAB__RSEQ_COMMITTED
		:
		: CPUSLAB__RSEQ_INPUTS(handle, live, offset),
		  [shape] "r"(shape), [data] "r"(data),
		  [bytes] CPUSLAB__RSEQ_BYTES(bytes)
		: "memory", "cc", CPUSLAB__RSEQ_SCRATCH_COPY
		: miss, full);
	return CPUSLAB_OK;
full:
	cpuslab__rseq_clear();
	return CPUSLAB_FULL;
miss:
	return CPUSLAB_MISS;
}
