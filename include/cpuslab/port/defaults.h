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
 * @live:   the slab's table of live bytes.
 *
 * A port without such a way leaves it out.
 *
 * Context: any.
 * Return:  NULL if the block cannot be found in this way.
 */
#ifndef CPUSLAB_PORT_HAS_ATOMIC_AT
CPUSLAB_INLINE void *cpuslab_port_atomic_at(const struct cpuslab_percpu *handle,
					    const uint8_t *live, size_t offset)
{
	(void)handle;
	(void)live;
	(void)offset;
	return NULL;
}
#endif

/*
 * Of the library; @may_create: the default slab and named objects may be
 * created in this context.
 */
typedef void cpuslab_port_create_try(const struct cpuslab_percpu *handle,
				     bool may_create);

/**
 * cpuslab_port_create() - call @attempt, which may create the copies of a named
 * object.
 * @attempt: called once, so that nothing makes the thread leave it.
 * @handle:  its argument.
 *
 * In an operation or a sum, in any context. A port in which nothing tells
 * whether the context allows that, or in which operations must not do it, can
 * see to it that a thread calls cpuslab_default() soon.
 *
 * Context: any.
 */
#ifdef CPUSLAB_PORT_HAS_CREATE
CPUSLAB_BEGIN
CPUSLAB_API void cpuslab_port_create(cpuslab_port_create_try *attempt,
				     const struct cpuslab_percpu *handle);
CPUSLAB_END
#else
CPUSLAB_INLINE void cpuslab_port_create(cpuslab_port_create_try *attempt,
					const struct cpuslab_percpu *handle)
{
	attempt(handle, cpuslab_port_may_sleep());
}
#endif

/**
 * cpuslab_port_create_stop() - wait until the port calls cpuslab_default() no
 * more.
 *
 * No named object is in use, so nothing makes the port do so again.
 *
 * Context: may sleep.
 */
#ifdef CPUSLAB_PORT_CREATES_LATER
CPUSLAB_API void cpuslab_port_create_stop(void);
#else
CPUSLAB_INLINE void cpuslab_port_create_stop(void)
{
}
#endif

/*
 * Of the library: under the mutex of @slab, if that is free, admit @cpu. Is the
 * CPU live now?
 */
struct cpuslab_slab;
typedef bool cpuslab_port_admit_try(struct cpuslab_slab *slab, uint32_t cpu);

/**
 * cpuslab_port_admit() - call @attempt, in an operation that found no block.
 * @attempt: called once, so that nothing makes the thread leave it.
 * @slab:    its argument.
 * @cpu:     likewise.
 *
 * A port in which nothing makes a thread leave an operation leaves it out.
 *
 * Context: any in which cpuslab_port_may_sleep() is true.
 * Return:  what @attempt has returned.
 */
#ifdef CPUSLAB_PORT_HAS_ADMIT
CPUSLAB_BEGIN
bool cpuslab_port_admit(cpuslab_port_admit_try *attempt,
			struct cpuslab_slab *slab, uint32_t cpu);
CPUSLAB_END
#else
CPUSLAB_INLINE bool cpuslab_port_admit(cpuslab_port_admit_try *attempt,
				       struct cpuslab_slab *slab, uint32_t cpu)
{
	return attempt(slab, cpu);
}
#endif

/**
 * cpuslab_port_registration() - which code registers threads for sections.
 *
 * A port whose threads need no registration leaves it out.
 *
 * Context: any.
 * Return:  a constant string, "none" where no code does.
 */
#ifndef CPUSLAB_PORT_HAS_REGISTRATION
CPUSLAB_INLINE const char *cpuslab_port_registration(void)
{
	return "none";
}
#endif

/* What happens to a CPU in a slab, or in a domain, by whichever call. */
enum cpuslab_port_trace_event {
	CPUSLAB_EVENT_ADMIT,     /* it has blocks, with so many bytes */
	CPUSLAB_EVENT_RELEASE,   /* its blocks are no longer used */
	CPUSLAB_EVENT_REFUSE,    /* it gets no blocks */
	CPUSLAB_EVENT_SHARED,    /* an operation there used the shared block */
	CPUSLAB_EVENT_ADD_START, /* clients have prepared, or one refused */
	CPUSLAB_EVENT_ADD_COMPLETE, /* it is online */
	CPUSLAB_EVENT_ADD_FAILURE,  /* a start was undone */
	CPUSLAB_EVENT_REMOVE,       /* it is online no longer, or that fails */
};

/**
 * cpuslab_port_trace() - let tracers see an event.
 * @event:  what happens.
 * @domain: its name.
 * @slab:   the name of the slab, or NULL if the event is one of the domain.
 * @cpu:    the CPU; CPUSLAB_NO_CPU for the one that the caller runs on.
 * @bytes:  of the slab's blocks that the event is about.
 * @result: what the call that causes the event returns, or would return.
 *
 * Never called by an operation that finds its block. A port without tracers
 * leaves it out.
 *
 * Context: CPUSLAB_EVENT_SHARED: any. The others: the mutex of the slab or of
 *          the domain is held.
 */
#ifdef CPUSLAB_PORT_HAS_TRACE
CPUSLAB_API void cpuslab_port_trace(enum cpuslab_port_trace_event event,
				    const char *domain, const char *slab,
				    uint32_t cpu, uint64_t bytes, int result);
#else
CPUSLAB_INLINE void cpuslab_port_trace(enum cpuslab_port_trace_event event,
				       const char *domain, const char *slab,
				       uint32_t cpu, uint64_t bytes, int result)
{
	(void)event;
	(void)domain;
	(void)slab;
	(void)cpu;
	(void)bytes;
	(void)result;
}
#endif

/**
 * cpuslab_port_registry_grown() - there is one more domain or slab.
 *
 * For a port that shows them in a place that it has to make. A port without one
 * leaves it out, and cpuslab_port_registry_shrunk().
 *
 * Context: may sleep.
 */
#ifdef CPUSLAB_PORT_SHOWS_REGISTRY
CPUSLAB_API void cpuslab_port_registry_grown(void);

/**
 * cpuslab_port_registry_shrunk() - there is one domain or slab less.
 *
 * Context: may sleep; no mutex of the library is held.
 */
CPUSLAB_API void cpuslab_port_registry_shrunk(void);
#else
CPUSLAB_INLINE void cpuslab_port_registry_grown(void)
{
}

CPUSLAB_INLINE void cpuslab_port_registry_shrunk(void)
{
}
#endif

/**
 * cpuslab_port_account_get() - on whose account the caller's memory is.
 *
 * A port of a system without such accounts leaves it out, and
 * cpuslab_port_account_put().
 *
 * Context: may sleep.
 * Return:  for cpuslab_blocks.account; NULL where nothing is charged.
 */
#ifdef CPUSLAB_PORT_HAS_ACCOUNTS
CPUSLAB_API void *cpuslab_port_account_get(void);

/**
 * cpuslab_port_account_put() - no more blocks are charged to it.
 * @account: from cpuslab_port_account_get(), or NULL.
 *
 * Context: may sleep.
 */
CPUSLAB_API void cpuslab_port_account_put(void *account);
#else
CPUSLAB_INLINE void *cpuslab_port_account_get(void)
{
	return NULL;
}

CPUSLAB_INLINE void cpuslab_port_account_put(void *account)
{
	(void)account;
}
#endif

/**
 * cpuslab_port_rcu_get() - set up what cpuslab_port_call_rcu() needs.
 *
 * Each domain, slab and steering table calls it before its first callback. A
 * port that needs nothing leaves it out, and cpuslab_port_rcu_put().
 *
 * Context: may sleep.
 * Return:  CPUSLAB_OK, or -CPUSLAB_ENOMEM.
 */
#ifdef CPUSLAB_PORT_HAS_RCU_USERS
CPUSLAB_API int cpuslab_port_rcu_get(void);

/**
 * cpuslab_port_rcu_put() - its callbacks have run; undo the get.
 *
 * Context: may sleep; no mutex of the library is held.
 */
CPUSLAB_API void cpuslab_port_rcu_put(void);
#else
CPUSLAB_INLINE int cpuslab_port_rcu_get(void)
{
	return CPUSLAB_OK;
}

CPUSLAB_INLINE void cpuslab_port_rcu_put(void)
{
}
#endif

/**
 * cpuslab_port_sum() - add up words of all copies.
 * @handle:  of an object.
 * @offset:  bytes, of the first word within the object.
 * @count:   words, at least 1.
 * @sums:    set to the sums over what *@addends was at one moment.
 * @addends: address of the slab's pointer to its struct cpuslab_addends.
 * @loop:    does the same in C. A port without a better way calls it, in a read
 *           section; one that has another way allocates the addends itself.
 *
 * Context: any.
 */
#ifndef CPUSLAB_PORT_HAS_SUM
CPUSLAB_INLINE void cpuslab_port_sum(const struct cpuslab_percpu *handle,
				     size_t offset, uint32_t count,
				     uint64_t *sums, const void *addends,
				     cpuslab_port_sum_loop *loop)
{
	(void)addends;
	cpuslab_port_read_enter();
	loop(handle, offset, count, sums);
	cpuslab_port_read_exit();
}

/**
 * cpuslab_port_addends_alloc() - allocate zeroed memory that sums read.
 * @bytes: how many.
 *
 * Context: may sleep; never called in a signal handler.
 * Return:  memory aligned for any type; NULL if there is none.
 */
CPUSLAB_INLINE void *cpuslab_port_addends_alloc(size_t bytes)
{
	return cpuslab_port_zalloc(bytes);
}

/**
 * cpuslab_port_addends_free() - free it, after a grace period.
 * @addends: from cpuslab_port_addends_alloc().
 * @bytes:   as given to that.
 *
 * Context: may sleep; never called in a signal handler.
 */
CPUSLAB_INLINE void cpuslab_port_addends_free(void *addends, size_t bytes)
{
	(void)bytes;
	cpuslab_port_free(addends);
}
#endif

/*
 * ---- concurrency ids --------------------------------------------------------
 *
 * A concurrency id is a small number that at any moment belongs to one running
 * thread of the program, as a CPU does. [percid.turn] A section sees what those
 * of the id's earlier owners stored, on whichever CPU they ran. A thread whose
 * id changes has its section aborted. cpuslab_port_fence_cpu(CPUSLAB_NO_CPU)
 * waits for sections by id as well.
 *
 * The sections of a port that has ids find the copy by id if
 * cpuslab__by_cid() says so.
 */
#ifdef CPUSLAB_PORT_HAS_CIDS
CPUSLAB_BEGIN

/**
 * cpuslab_port_has_cids() - have threads concurrency ids?
 * Context: any.
 * Return:  constant while the program runs; false where blocks are written by
 *          atomics.
 */
CPUSLAB_API bool cpuslab_port_has_cids(void);

/**
 * cpuslab_port_cid() - the caller's concurrency id, now or a moment ago.
 * Context: any.
 * Return:  any number; it can be at or beyond the limit of CPU numbers.
 */
CPUSLAB_API uint32_t cpuslab_port_cid(void);

/**
 * cpuslab_port_threads() - how many threads has the program?
 * Context: may sleep.
 * Return:  the number, or 0 if it is unknown.
 */
CPUSLAB_API uint32_t cpuslab_port_threads(void);

CPUSLAB_END
#else
CPUSLAB_INLINE bool cpuslab_port_has_cids(void)
{
	return false;
}

CPUSLAB_INLINE uint32_t cpuslab_port_cid(void)
{
	return CPUSLAB_NO_CPU;
}

CPUSLAB_INLINE uint32_t cpuslab_port_threads(void)
{
	return 0;
}
#endif

/*
 * The operations of port.h by concurrency id, for ports whose inline code for
 * these differs. A port that has them also says what they need of a handle:
 *
 * cpuslab_port_percid_live() - what handle->live shall be.
 * @copies: by concurrency id.
 * @live:   the slab's table.
 */
#ifndef CPUSLAB_PORT_HAS_PERCID
CPUSLAB_INLINE const uint8_t *
cpuslab_port_percid_live(const struct cpuslab_percpu *copies,
			 const uint8_t *live)
{
	(void)copies;
	return live;
}

CPUSLAB_INLINE int cpuslab_port_percid_add(const struct cpuslab_percid *handle,
					   size_t offset, uint64_t value)
{
	return cpuslab_port_add(&handle->copies, offset, value);
}

CPUSLAB_INLINE int
cpuslab_port_percid_add_if(const struct cpuslab_percid *handle, size_t offset,
			   uint64_t gate, uint64_t value)
{
	return cpuslab_port_add_if(&handle->copies, offset, gate, value);
}

CPUSLAB_INLINE int
cpuslab_port_percid_add_below(const struct cpuslab_percid *handle,
			      size_t offset, uint64_t bound, uint64_t value)
{
	return cpuslab_port_add_below(&handle->copies, offset, bound, value);
}

CPUSLAB_INLINE int
cpuslab_port_percid_cmpstore(const struct cpuslab_percid *handle, size_t offset,
			     uint64_t expect, uint64_t value)
{
	return cpuslab_port_cmpstore(&handle->copies, offset, expect, value);
}

CPUSLAB_INLINE int
cpuslab_port_percid_update(const struct cpuslab_percid *handle, size_t offset,
			   enum cpuslab__word_op op, uint64_t value,
			   uint64_t *old)
{
	return cpuslab_port_update(&handle->copies, offset, op, value, old);
}

CPUSLAB_INLINE int cpuslab_port_percid_push(const struct cpuslab_percid *handle,
					    size_t offset, void *node)
{
	return cpuslab_port_push(&handle->copies, offset, node);
}

CPUSLAB_INLINE int cpuslab_port_percid_pop(const struct cpuslab_percid *handle,
					   size_t offset, void **node)
{
	return cpuslab_port_pop(&handle->copies, offset, node);
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

/**
 * cpuslab_port_mutex_enter() - lock, unless the mutex is lost.
 *
 * It may become lost while the caller waits for it: a signal handler forks
 * there. In its child a handler may also have interrupted the holder.
 *
 * Context: may sleep.
 * Return:  CPUSLAB_OK, or -CPUSLAB_EBUSY if it is lost, or the caller holds it
 *          where that is detected.
 */
CPUSLAB_INLINE int cpuslab_port_mutex_enter(struct cpuslab_port_mutex *mutex)
{
	cpuslab_port_mutex_lock(mutex);
	return CPUSLAB_OK;
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

#ifndef CPUSLAB_PORT_HAS_PERCID
CPUSLAB_INLINE int
cpuslab_port_percid_magazine_pop(const struct cpuslab_percid *handle,
				 size_t offset, void **object)
{
	return cpuslab_port_magazine_pop(&handle->copies, offset, object);
}

CPUSLAB_INLINE int
cpuslab_port_percid_magazine_push(const struct cpuslab_percid *handle,
				  size_t offset, void *object, uint64_t rounds)
{
	return cpuslab_port_magazine_push(&handle->copies, offset, object,
					  rounds);
}
#endif

#endif /* CPUSLAB_DEFAULTS_H */
