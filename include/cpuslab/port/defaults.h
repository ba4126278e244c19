/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_DEFAULTS_H
#define CPUSLAB_DEFAULTS_H
/*
 * defaults.h - what a port may do in a way of its own, and what happens where
 * it does not. Included by port.h, after the port's port_inline.h, which
 * defines the macros that are tested here.
 */

#include <cpuslab/port.h>

/**
 * cpuslab_port_atomic_at() - where blocks are written by atomics, the address
 * in this CPU's block, quickly.
 * @handle: perhaps the null handle.
 *
 * A port without such a way leaves it out.
 *
 * Context: any.
 * Return:  NULL if the block cannot be found in this way.
 */
#ifndef CPUSLAB_PORT_HAS_ATOMIC_AT
CPUSLAB_INLINE void *cpuslab_port_atomic_at(const struct cpuslab_percpu *handle,
					    size_t offset)
{
	(void)handle;
	(void)offset;
	return NULL;
}
#endif

/**
 * cpuslab_port_sum() - add up one word of all copies.
 * @addends: address of the slab's pointer to its struct cpuslab_addends.
 * @loop:    does the same in C. A port without a better way calls it, in a read
 *           section.
 *
 * Context: any.
 * Return:  the sum over what *@addends was at one moment.
 */
#ifndef CPUSLAB_PORT_HAS_SUM
CPUSLAB_INLINE uint64_t cpuslab_port_sum(const struct cpuslab_percpu *handle,
					 size_t offset, const void *addends,
					 cpuslab_port_sum_loop *loop)
{
	uint64_t sum;

	(void)addends;
	cpuslab_port_read_enter();
	sum = loop(handle, offset);
	cpuslab_port_read_exit();
	return sum;
}
#endif

/**
 * cpuslab_port_mutex_is_lost() - does a thread hold it that does not exist?
 *
 * So it is in a child that was forked while another thread held the mutex.
 * Nobody will unlock it, and what it protects is in an unknown state.
 *
 * Context: any.
 * Return:  true if it is lost, for good.
 */
#ifndef CPUSLAB_PORT_MUTEX_CAN_BE_LOST
CPUSLAB_INLINE bool
cpuslab_port_mutex_is_lost(const struct cpuslab_port_mutex *mutex)
{
	(void)mutex;
	return false;
}
#endif

/**
 * cpuslab_port_cancel_point() - end the calling thread if it was cancelled.
 *
 * With no mutex held and nothing begun. A thread that follows the system in a
 * loop may call nothing else that is a cancellation point.
 *
 * Context: may sleep.
 */
#ifndef CPUSLAB_PORT_HAS_CANCEL_POINT
CPUSLAB_INLINE void cpuslab_port_cancel_point(void)
{
}
#endif

/*
 * What the slow path calls in place of cpuslab_port_@name, once the CPU has its
 * block: for ports whose inline code cannot find every block.
 */
#ifndef CPUSLAB_PORT_RETRY
#define CPUSLAB_PORT_RETRY(name) cpuslab_port_##name
#endif

/**
 * cpuslab_port_error_get() - the caller's error number: errno, GetLastError().
 *
 * An operation restores it after system calls and callbacks, since it may have
 * interrupted code that is about to read it. A port of a system without one
 * leaves both functions out.
 *
 * Context: any.
 */
#ifdef CPUSLAB_PORT_HAS_ERROR
CPUSLAB_BEGIN
CPUSLAB_API uint32_t cpuslab_port_error_get(void);
/* Context: any. */
CPUSLAB_API void cpuslab_port_error_set(uint32_t error);
CPUSLAB_END
#else
CPUSLAB_INLINE uint32_t cpuslab_port_error_get(void)
{
	return 0;
}

CPUSLAB_INLINE void cpuslab_port_error_set(uint32_t error)
{
	(void)error;
}
#endif

#ifndef CPUSLAB_PORT_MAGAZINES
#define CPUSLAB_PORT_MAGAZINES 0
CPUSLAB_BEGIN

CPUSLAB_INLINE int
cpuslab_port_magazine_pop(const struct cpuslab_percpu *handle, size_t offset,
			  void **object)
{
	(void)handle;
	(void)offset;
	(void)object;
	return CPUSLAB_MISS;
}

CPUSLAB_INLINE int
cpuslab_port_magazine_push(const struct cpuslab_percpu *handle, size_t offset,
			   void *object, uint64_t rounds)
{
	(void)handle;
	(void)offset;
	(void)object;
	(void)rounds;
	return CPUSLAB_MISS;
}

CPUSLAB_END
#endif

#endif /* CPUSLAB_DEFAULTS_H */
