/* SPDX-License-Identifier: MIT */
/*
 * port_inline.h - Linux userspace: operations as restartable sequences.
 *
 * The C library or the library registers each thread's struct rseq; this code
 * reads its fields and writes rseq_cs only. In a thread without a registration
 * cpu_id is -1 or -2. Its low 16 bits index the table of live bytes, which is
 * zero there, so the hot path tests no mode and no limit. No system can have
 * CPU 65534.
 */
#ifndef CPUSLAB_PORT_INLINE_H
#define CPUSLAB_PORT_INLINE_H

#if defined(__has_include)
#if __has_include(<sys/rseq.h>)
#include <sys/rseq.h>
#endif
#endif

/* log2 of the bytes between the blocks of two CPUs; see region.h. */
#define CPUSLAB__WINDOW_SHIFT 20
#define CPUSLAB_PORT_ABI CPUSLAB__WINDOW_SHIFT
#define CPUSLAB_PORT_BLOCK_MAX ((size_t)1 << CPUSLAB__WINDOW_SHIFT)
#define CPUSLAB__LIVE_BYTES ((size_t)65536)

CPUSLAB_BEGIN

CPUSLAB_INLINE void cpuslab_port_preempt_point(void)
{
}

CPUSLAB_INLINE void *cpuslab_port_block(const struct cpuslab_blocks *blocks,
					uint32_t index)
{
	if (blocks->directory)
		return cpuslab_load_relaxed_ptr(&blocks->directory[index]);
	if (index == blocks->limit)
		return (void *)(blocks->object - CPUSLAB_PORT_BLOCK_MAX);
	return (void *)(blocks->object +
			((uintptr_t)index << CPUSLAB__WINDOW_SHIFT));
}

/* The table, and behind it one of zeros; see memory.c. */
CPUSLAB_API uint8_t *cpuslab__live_create(uint32_t limit);
CPUSLAB_API void cpuslab__live_destroy(uint8_t *live);
CPUSLAB_API void cpuslab__memory_drop(void *addr, size_t bytes);

CPUSLAB_INLINE uint8_t *cpuslab_port_live_create(uint32_t limit)
{
	return cpuslab__live_create(limit);
}

CPUSLAB_INLINE void cpuslab_port_live_destroy(uint8_t *live)
{
	cpuslab__live_destroy(live);
}

CPUSLAB_INLINE bool cpuslab_port_drop(void *addr, size_t bytes)
{
	cpuslab__memory_drop(addr, bytes);
	return true;
}

/*
 * Inline operations are sections, and find blocks in a region only. For blocks
 * that are elsewhere, and for those of concurrency ids, which other inline code
 * finds, a handle has the table of zeros. For blocks that are elsewhere it has
 * the directory, with a mark that no object's address has. In atomic mode, as
 * the library decides once, it has no table: there may be no struct rseq that
 * sections could use; and another mark, because a named object in another mode
 * has no table either, for a moment.
 */
#define CPUSLAB__HANDLE_DIRECTORY ((uintptr_t)1)
#define CPUSLAB__HANDLE_ATOMIC ((uintptr_t)2)
#define CPUSLAB__HANDLE_MARKS                                                  \
	(CPUSLAB__HANDLE_DIRECTORY | CPUSLAB__HANDLE_ATOMIC)

CPUSLAB_INLINE void
cpuslab_port_handle_init(struct cpuslab_percpu *handle,
			 const struct cpuslab_blocks *blocks,
			 const uint8_t *live)
{
	handle->object = blocks->directory ? (uintptr_t)blocks->directory |
						     CPUSLAB__HANDLE_DIRECTORY :
					     blocks->object + handle->offset;
	if (cpuslab_port_uses_atomics()) {
		handle->live = NULL;
		handle->object |= CPUSLAB__HANDLE_ATOMIC;
	} else {
		handle->live = blocks->directory || cpuslab__by_cid(handle) ?
				       live + CPUSLAB__LIVE_BYTES :
				       live;
	}
}

#define CPUSLAB_PORT_HAS_CIDS 1
#define CPUSLAB_PORT_HAS_ERROR 1
#define CPUSLAB_PORT_HAS_CREATE 1
#define CPUSLAB_PORT_HAS_ADMIT 1
#define CPUSLAB_PORT_HAS_TRACE 1

#define CPUSLAB_PORT_MUTEX_CAN_BE_LOST 1
CPUSLAB_API bool
cpuslab_port_mutex_is_lost(const struct cpuslab_port_mutex *mutex);
CPUSLAB_API int cpuslab_port_mutex_enter(struct cpuslab_port_mutex *mutex);

#define CPUSLAB_PORT_HAS_CANCEL_POINT 1
CPUSLAB_API void cpuslab_port_cancel_point(void);

#define CPUSLAB_PORT_HAS_SUM 1
CPUSLAB_API void cpuslab_port_sum(const struct cpuslab_percpu *handle,
				  size_t offset, uint32_t count, uint64_t *sums,
				  const void *addends,
				  cpuslab_port_sum_loop *loop);
CPUSLAB_API void *cpuslab_port_addends_alloc(size_t bytes);
CPUSLAB_API void cpuslab_port_addends_free(void *addends, size_t bytes);

#define CPUSLAB_PORT_HAS_ATOMIC_AT 1
CPUSLAB_API void *cpuslab_port_atomic_at(const struct cpuslab_percpu *handle,
					 const uint8_t *live, size_t offset);

#define CPUSLAB_PORT_HAS_REGISTRATION 1
CPUSLAB_API const char *cpuslab_port_registration(void);

/*
 * From the thread pointer to struct rseq, where there is one. Where the C
 * library has no such variable, the library's own says it; code that was
 * compiled with either works with every library. Constant as that is, so that
 * it is loaded before a loop. W constructor; R any.
 */
extern CPUSLAB_API const ptrdiff_t cpuslab__rseq_offset;
#ifdef RSEQ_SIG
#define CPUSLAB__RSEQ_OFFSET __rseq_offset
#else
#define CPUSLAB__RSEQ_OFFSET cpuslab__rseq_offset
#endif

CPUSLAB_END

#define CPUSLAB__RSEQ_STRING_OF(number) #number
#define CPUSLAB__RSEQ_STRING(number) CPUSLAB__RSEQ_STRING_OF(number)

#if defined(__x86_64__) && !defined(__ILP32__)
#include <cpuslab/rseq_x86_64.h>
#elif defined(__aarch64__)
#include <cpuslab/rseq_aarch64.h>
#else
#include <cpuslab/rseq_none.h>
#endif

#if CPUSLAB__HAVE_RSEQ
#define CPUSLAB_PORT_MAGAZINES 1
#define CPUSLAB__RSEQ_INDEX CPUSLAB__RSEQ_INDEX_CPU
#define CPUSLAB__RSEQ_NAME(name) cpuslab_port_##name
#define CPUSLAB__RSEQ_HANDLE struct cpuslab_percpu
/*
 * [named.publish] Acquire, before the object is used; pairs with
 * named_publish(), which stores the table after it.
 */
#define CPUSLAB__RSEQ_LIVE(handle_) cpuslab_load_acquire_ptr(&(handle_)->live)
#define CPUSLAB__RSEQ_INPUTS(handle_, live_, offset_)                          \
	CPUSLAB__RSEQ_THREAD, [live] "r"(live_),                               \
		[object] "r"((handle_)->object + (offset_))
#include <cpuslab/rseq_ops.h>

#undef CPUSLAB__RSEQ_INDEX
#undef CPUSLAB__RSEQ_NAME
#undef CPUSLAB__RSEQ_HANDLE
#undef CPUSLAB__RSEQ_LIVE
#undef CPUSLAB__RSEQ_INPUTS
#define CPUSLAB_PORT_HAS_PERCID
#define CPUSLAB__RSEQ_INDEX CPUSLAB__RSEQ_INDEX_CID
#define CPUSLAB__RSEQ_NAME(name) cpuslab_port_percid_##name
#define CPUSLAB__RSEQ_HANDLE struct cpuslab_percid
#define CPUSLAB__RSEQ_LIVE(handle_) ((handle_)->live)
#define CPUSLAB__RSEQ_INPUTS(handle_, live_, offset_)                          \
	CPUSLAB__RSEQ_THREAD, [live] "r"(live_),                               \
		[object] "r"((handle_)->copies.object + (offset_))
#include <cpuslab/rseq_ops.h>

/* Blocks outside a region are found by the slow path. */
CPUSLAB_INLINE const uint8_t *
cpuslab_port_percid_live(const struct cpuslab_percpu *copies,
			 const uint8_t *live)
{
	return cpuslab__by_cid(copies) &&
			       !(copies->object & CPUSLAB__HANDLE_DIRECTORY) ?
		       live :
		       NULL;
}

CPUSLAB_BEGIN
#define CPUSLAB_PORT_RETRY(name) cpuslab__retry_##name
CPUSLAB_API int cpuslab__retry_add(const struct cpuslab_percpu *handle,
				   size_t offset, uint64_t value);
CPUSLAB_API int cpuslab__retry_add_if(const struct cpuslab_percpu *handle,
				      size_t offset, uint64_t gate,
				      uint64_t value);
CPUSLAB_API int cpuslab__retry_add_below(const struct cpuslab_percpu *handle,
					 size_t offset, uint64_t bound,
					 uint64_t value);
CPUSLAB_API int cpuslab__retry_cmpstore(const struct cpuslab_percpu *handle,
					size_t offset, uint64_t expect,
					uint64_t value);
CPUSLAB_API int cpuslab__retry_update(const struct cpuslab_percpu *handle,
				      size_t offset, enum cpuslab__word_op op,
				      uint64_t value, uint64_t *old);
CPUSLAB_API int cpuslab__retry_commit(const struct cpuslab_percpu *handle,
				      size_t offset,
				      const struct cpuslab__commit *commit);
CPUSLAB_API int cpuslab__retry_push(const struct cpuslab_percpu *handle,
				    size_t offset, void *node);
CPUSLAB_API int cpuslab__retry_pop(const struct cpuslab_percpu *handle,
				   size_t offset, void **node);
CPUSLAB_API int cpuslab__retry_append(const struct cpuslab_percpu *handle,
				      size_t offset, const void *data,
				      uint32_t bytes, uint32_t capacity);
CPUSLAB_API int
cpuslab__retry_ring_append(const struct cpuslab_percpu *handle, size_t offset,
			   const struct cpuslab__ring_shape *shape,
			   const void *data, uint32_t bytes);
CPUSLAB_END
#endif

#endif /* CPUSLAB_PORT_INLINE_H */
