/* SPDX-License-Identifier: MIT */
/*
 * port.h - the seam: everything that cpuslab asks of a system.
 *
 * Each function is declared here, with its contract, before the port's own
 * <cpuslab/port_inline.h> is included. That file is chosen by include path,
 * never by #if. A port that leaves one out does not link; one that changes a
 * type does not compile. tests/port_conformance/conformance.c is this contract as code.
 *
 * The port's <cpuslab/port_types.h> gives the C99 integer types, size_t, bool,
 * memcpy, memset, struct cpuslab_port_mutex, and CPUSLAB_PORT_RESERVES: can
 * address space be reserved, and memory be put into it later? The functions of
 * the other answer need not exist.
 */
#ifndef CPUSLAB_PORT_H
#define CPUSLAB_PORT_H

#include <cpuslab/atomic.h>
#include <cpuslab/base.h>
#include <cpuslab/percpu.h>

CPUSLAB_BEGIN

/* ---- memory, where address space can be reserved ---------------------- */

/*
 * Reserve @bytes of address space at a multiple of @align (a power of two, at
 * least a page), inaccessible and without memory behind it, also under
 * mlockall. -CPUSLAB_ENOMEM, with *addr untouched, if the system refuses.
 */
CPUSLAB_API int cpuslab_port_reserve(size_t bytes, size_t align, void **addr);
CPUSLAB_API void cpuslab_port_unreserve(void *addr, size_t bytes);

/*
 * Make whole pages of a reservation readable, writable and zero, so that they
 * lie on the node of @cpu (CPUSLAB_NO_CPU: anywhere), whoever touches them.
 * Callable from a signal handler. -CPUSLAB_ENOMEM with nothing changed.
 */
CPUSLAB_API int cpuslab_port_commit(void *addr, size_t bytes, uint32_t cpu);

/* Give committed pages back and make them inaccessible. Never fails. */
CPUSLAB_API void cpuslab_port_decommit(void *addr, size_t bytes);

/*
 * Make part of committed memory zero, without touching pages that were never
 * touched. For large parts; any alignment.
 */
CPUSLAB_API void cpuslab_port_clear(void *addr, size_t bytes);

/* ---- memory, where it cannot: block by block ------------------------- */

/*
 * @bytes (a power of two, at least a page) of zeroed memory at a multiple of
 * the page size, on the node of @cpu (CPUSLAB_NO_CPU: anywhere). NULL if there
 * is none. Called only where the caller may wait.
 */
CPUSLAB_API void *cpuslab_port_block_alloc(size_t bytes, uint32_t cpu);
CPUSLAB_API void cpuslab_port_block_free(void *block, size_t bytes);

/*
 * The way on which CPUs [0, @limit) find their own blocks; at first none
 * has one. @blocks is cpuslab's directory of them, which a port may use. It has
 * entries, too, for blocks whose CPU is not live. *own ends up in handles
 * as their object, and is not zero. -CPUSLAB_ENOMEM.
 */
CPUSLAB_API int cpuslab_port_percpu_ptr_create(void **blocks, uint32_t limit,
					       uintptr_t *own);
CPUSLAB_API void cpuslab_port_percpu_ptr_destroy(uintptr_t own);
/*
 * From now on @cpu finds @block, whose contents it then sees; NULL: nothing.
 * Called beside the change of the live byte, which a port may test instead.
 */
CPUSLAB_API void cpuslab_port_percpu_ptr_set(uintptr_t own, uint32_t cpu,
					     void *block);

/* ---- memory, in any case --------------------------------------------- */

/* A power of two. Constant while the program runs. */
CPUSLAB_API size_t cpuslab_port_page_size(void);

/* Small zeroed memory, aligned for any type; NULL if there is none. */
CPUSLAB_API void *cpuslab_port_zalloc(size_t bytes);
CPUSLAB_API void cpuslab_port_free(void *ptr);

/* ---- CPUs ------------------------------------------------------ */

/* How many CPU numbers the system can have. Constant, at least 1. */
CPUSLAB_API uint32_t cpuslab_port_cpu_limit(void);

/* Where the caller runs, or ran a moment ago. Any value is possible. */
CPUSLAB_API uint32_t cpuslab_port_cpu(void);

/*
 * Call @found for each CPU that this program may run on now. Returns
 * CPUSLAB_OK, or CPUSLAB_PARTIAL if there may be others, or an error.
 */
CPUSLAB_API int
cpuslab_port_cpus_available(void (*found)(void *arg, uint32_t cpu), void *arg);

/*
 * May the caller be made to wait, and memory be asked for on his behalf? If
 * not, an operation that finds no block works on the shared block.
 */
CPUSLAB_API bool cpuslab_port_may_sleep(void);

/*
 * Return only when every operation that was under way on @cpu's block
 * (CPUSLAB_NO_CPU: on any), when the call was made, has ended or has been made
 * to start anew. What they stored is then visible to the caller.
 * -CPUSLAB_EAGAIN if that cannot be had in bounded time (or never: blocks
 * written by atomics).
 */
CPUSLAB_API int cpuslab_port_fence_cpu(uint32_t cpu);

/* ---- operations ------------------------------------------------------ */

/*
 * Are blocks written by atomics, from whatever CPU? Then the operations
 * below always return CPUSLAB_MISS and lib/core/slow.c does the work. Constant
 * while the program runs.
 */
CPUSLAB_API bool cpuslab_port_uses_atomics(void);

/*
 * The operations on the caller's own CPU's block. Each either happens
 * wholly on one CPU, with its single committing store a release, or has
 * no effect and returns CPUSLAB_MISS (the null handle; the CPU number is at
 * or beyond handle->limit; handle->live[cpu], read with acquire, is 0; there is no
 * own block). @offset is within the object; what lies there is a word, a pair
 * or a log of the named kind.
 * None takes a lock, waits or makes a call.
 */
CPUSLAB_INLINE int cpuslab_port_add(const struct cpuslab_percpu *handle,
				    size_t offset, uint64_t value);
CPUSLAB_INLINE int cpuslab_port_add_if(const struct cpuslab_percpu *handle,
				       size_t offset, uint64_t gate,
				       uint64_t value);
CPUSLAB_INLINE int cpuslab_port_cmpstore(const struct cpuslab_percpu *handle,
					 size_t offset, uint64_t expect,
					 uint64_t value);
CPUSLAB_INLINE int cpuslab_port_push(const struct cpuslab_percpu *handle,
				     size_t offset, void *node);
CPUSLAB_INLINE int cpuslab_port_pop(const struct cpuslab_percpu *handle,
				    size_t offset, void **node);
CPUSLAB_INLINE int cpuslab_port_append(const struct cpuslab_percpu *handle,
				       size_t offset, const void *data,
				       uint32_t bytes, uint32_t capacity);

/*
 * Of the magazine {next, count, objects[]} that is the newest node of a stack:
 * take its newest object, or put one behind it. The committing store is that of
 * the count. CPUSLAB_EMPTY, CPUSLAB_FULL (@rounds objects): also where there is
 * no magazine. A port that does not define CPUSLAB_PORT_MAGAZINES has neither;
 * both then return CPUSLAB_MISS.
 */
CPUSLAB_INLINE int
cpuslab_port_magazine_pop(const struct cpuslab_percpu *handle, size_t offset,
			  void **object);
CPUSLAB_INLINE int
cpuslab_port_magazine_push(const struct cpuslab_percpu *handle, size_t offset,
			   void *object, uint64_t rounds);

/* Leave nothing of an operation behind in the thread (rseq_cs). */
CPUSLAB_API void cpuslab_port_rseq_clear(void);

/* A place at which sim may preempt, move or interrupt; elsewhere nothing. */
CPUSLAB_INLINE void cpuslab_port_preempt_point(void);

/* ---- RCU ------------------------------------------------------------- */

/* Nests; any context; no registration by the caller's thread. */
CPUSLAB_API void cpuslab_port_read_enter(void);
CPUSLAB_API void cpuslab_port_read_exit(void);

struct cpuslab_rcu {
	void *port[2]; /* the port's own; W call_rcu */
	void (*call)(struct cpuslab_rcu *rcu);
};

/*
 * Run @call(@rcu) once every read section that exists now has ended, in a
 * thread of the port's choosing, where memory may be asked for. Never fails,
 * never waits; @call must not wait for anybody either.
 */
CPUSLAB_API void cpuslab_port_call_rcu(struct cpuslab_rcu *rcu,
				       void (*call)(struct cpuslab_rcu *rcu));
/*
 * Wait until all callbacks queued so far have run. Not in a read section.
 * CPUSLAB_OK, or -CPUSLAB_ENOSYS where some may never run (a child that was
 * forked inside a read section): those that can have.
 */
CPUSLAB_API int cpuslab_port_rcu_barrier(void);

/* ---- mutual exclusion, time, words ----------------------------------- */

enum cpuslab_port_rank { /* the order in which mutexes are taken */
	CPUSLAB_RANK_DOMAIN,
	CPUSLAB_RANK_RELEASE,
	CPUSLAB_RANK_SLAB,
};

CPUSLAB_API int cpuslab_port_mutex_init(struct cpuslab_port_mutex *mutex,
					enum cpuslab_port_rank rank);
CPUSLAB_API void cpuslab_port_mutex_fini(struct cpuslab_port_mutex *mutex);
CPUSLAB_API void cpuslab_port_mutex_lock(struct cpuslab_port_mutex *mutex);
/*
 * Never waits; callable from a signal handler over the holder, and otherwise
 * where cpuslab_port_may_sleep().
 */
CPUSLAB_API bool cpuslab_port_mutex_trylock(struct cpuslab_port_mutex *mutex);
CPUSLAB_API void cpuslab_port_mutex_unlock(struct cpuslab_port_mutex *mutex);

/* Who the caller is: unique among living threads, kept across a fork. */
CPUSLAB_API const void *cpuslab_port_thread_id(void);

/* Nanoseconds of a clock that never goes back. */
CPUSLAB_API uint64_t cpuslab_port_clock(void);

/* One line for whoever runs the program. */
CPUSLAB_API void cpuslab_port_log(const char *line);

/* End the program: an assertion failed. */
CPUSLAB_API void cpuslab_port_panic(const char *line);

CPUSLAB_END

#include <cpuslab/port_inline.h>

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

#endif /* CPUSLAB_PORT_H */
