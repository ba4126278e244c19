/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_PORT_H
#define CPUSLAB_PORT_H
/*
 * port.h - everything that cpuslab asks of a system, for authors of ports.
 *
 * Each function is declared here, with its contract, before the port's own
 * <cpuslab/port_inline.h> is included. That header is found by include path,
 * never chosen by #if. A port that leaves a function out does not link; one
 * that changes a type does not compile. tests/port_conformance/conformance.c is
 * this contract as code.
 *
 * The port's <cpuslab/port_types.h> provides the C99 integer types, size_t,
 * bool, memcpy, memset, struct cpuslab_port_mutex and two constants:
 *
 *   CPUSLAB_PORT_ANNOUNCES   does the system announce each CPU to the port
 *                            before the CPU runs? See <cpuslab/hotplug.h>.
 *   CPUSLAB_PORT_BLOCK_MAX   the largest block in bytes that growth asks for
 *
 * Not for users of cpuslab: they need none of these calls.
 */

#include <cpuslab/atomic.h>
#include <cpuslab/base.h>
#include <cpuslab/percpu.h>
#include <cpuslab/port/ring_place.h>
#include <cpuslab/port/word_ops.h>

CPUSLAB_BEGIN

/* ---- blocks ------------------------------------------------------------- */

/*
 * The memory of one extent: a block for each CPU that uses it, and one that
 * CPUs share. The port decides where the blocks lie. A port that has no better
 * way uses a directory of pointers (lib/base/block_directory.h). W create; R
 * any.
 */
struct cpuslab_blocks {
	size_t bytes;     /* of each block; a power of two, at least a page */
	uint32_t limit;   /* blocks [0, limit) are CPUs', block limit shared */
	uintptr_t object; /* what inline operations need */
	void **directory; /* [limit + 1], if the port uses one */
	void *port;       /* any other data of the port */
	void *account;    /* on which blocks are charged, or NULL */
};

/**
 * cpuslab_port_blocks_create() - prepare for blocks, without any.
 * @blocks: bytes, limit, port and account are set; the port sets the rest.
 *
 * Context: may sleep; never called in a signal handler.
 * Return:  CPUSLAB_OK, or -CPUSLAB_ENOMEM.
 */
CPUSLAB_API int cpuslab_port_blocks_create(struct cpuslab_blocks *blocks);

/**
 * cpuslab_port_blocks_destroy() - undo cpuslab_port_blocks_create().
 * @blocks: no block is allocated.
 *
 * Context: may sleep; never called in a signal handler.
 */
CPUSLAB_API void cpuslab_port_blocks_destroy(struct cpuslab_blocks *blocks);

/**
 * cpuslab_port_block_alloc() - allocate one zeroed block.
 * @blocks: of one extent.
 * @index:  a CPU, on whose NUMA node the memory shall lie, or blocks->limit.
 * @wait:   false in an operation, possibly in a signal handler: locks are only
 *          tried.
 *
 * Context: may sleep.
 * Return:  CPUSLAB_OK; -CPUSLAB_ENOMEM if there is no memory or, without @wait,
 *          no lock.
 */
CPUSLAB_API int cpuslab_port_block_alloc(struct cpuslab_blocks *blocks,
					 uint32_t index, bool wait);

/**
 * cpuslab_port_block_free() - free a block.
 * @blocks: of one extent.
 * @index:  a CPU number, or the limit for the shared block.
 * @wait:   false in an operation, where the block has not been used.
 *
 * Context: may sleep; without @wait also in signal handlers.
 */
CPUSLAB_API void cpuslab_port_block_free(struct cpuslab_blocks *blocks,
					 uint32_t index, bool wait);

/**
 * cpuslab_port_block() - the address of a block.
 * @blocks: of one extent.
 * @index:  a CPU number, or the limit for the shared block.
 *
 * Context: any.
 * Return:  the block, aligned to a page; unspecified if it is not allocated.
 */
CPUSLAB_INLINE void *cpuslab_port_block(const struct cpuslab_blocks *blocks,
					uint32_t index);

/**
 * cpuslab_port_block_set_live() - let operations on @cpu use its block, or not.
 * @blocks: of one extent.
 * @cpu:    below the limit.
 * @live:   may operations use its block?
 *
 * For ports whose operations find a block by a pointer of their own. Called
 * before live[cpu] changes.
 *
 * Context: may sleep; also called in signal handlers.
 * Order:   release; an operation that finds the block sees its contents.
 */
CPUSLAB_API void cpuslab_port_block_set_live(struct cpuslab_blocks *blocks,
					     uint32_t cpu, bool live);

/**
 * cpuslab_port_live_create() - create a table of live bytes, all zero.
 * @limit: how many CPU numbers.
 *
 * One for each slab. live[cpu] is 1 if operations may use the blocks of @cpu.
 *
 * Context: may sleep; never called in a signal handler.
 * Return:  at least @limit bytes, as many as inline operations may load; NULL
 *          if there is no memory.
 */
CPUSLAB_INLINE uint8_t *cpuslab_port_live_create(uint32_t limit);

/**
 * cpuslab_port_live_destroy() - free a table of cpuslab_port_live_create().
 * @live: from cpuslab_port_live_create().
 *
 * Context: may sleep; never called in a signal handler.
 */
CPUSLAB_INLINE void cpuslab_port_live_destroy(uint8_t *live);

/**
 * cpuslab_port_handle_init() - set handle->object and handle->live.
 * @handle: the rest is set.
 * @blocks: of the extent of the object.
 * @live:   the slab's table. With a table of zeros in its place every section
 *          misses: where blocks are written by atomics, and for blocks that
 *          inline code does not find.
 *
 * Context: any.
 */
CPUSLAB_INLINE void
cpuslab_port_handle_init(struct cpuslab_percpu *handle,
			 const struct cpuslab_blocks *blocks,
			 const uint8_t *live);

/**
 * cpuslab_port_drop() - give the memory of a range back, so that it reads as
 * zero.
 * @addr:  the beginning of a page of a block.
 * @bytes: whole pages.
 *
 * Context: may sleep; also called in signal handlers.
 * Return:  false if the port cannot do that; nothing has changed.
 */
CPUSLAB_INLINE bool cpuslab_port_drop(void *addr, size_t bytes);

/* ---- small memory ------------------------------------------------------- */

/**
 * cpuslab_port_page_size() - the size of a page.
 * Context: any.
 * Return:  bytes, a power of two; constant while the program runs.
 */
CPUSLAB_API size_t cpuslab_port_page_size(void);

/**
 * cpuslab_port_zalloc() - allocate zeroed memory for small structures.
 * @bytes: how many.
 *
 * Context: may sleep; never called in a signal handler.
 * Return:  memory aligned for any type; NULL if there is none.
 */
CPUSLAB_API void *cpuslab_port_zalloc(size_t bytes);

/**
 * cpuslab_port_free() - free memory of cpuslab_port_zalloc(), or NULL.
 * @ptr: from cpuslab_port_zalloc(), or NULL.
 *
 * Context: may sleep; never called in a signal handler.
 */
CPUSLAB_API void cpuslab_port_free(void *ptr);

/* ---- CPUs ---------------------------------------------------------------- */

/**
 * cpuslab_port_cpu_limit() - how many CPU numbers the system can have.
 * Context: any.
 * Return:  at least 1; constant while the program runs.
 */
CPUSLAB_API uint32_t cpuslab_port_cpu_limit(void);

/**
 * cpuslab_port_cpu() - the CPU on which the caller runs, or ran a moment ago.
 * Context: any.
 * Return:  any number; it can be at or beyond the limit.
 */
CPUSLAB_API uint32_t cpuslab_port_cpu(void);

/**
 * cpuslab_port_cpus_available() - enumerate the CPUs that this program may use.
 * @found: called once for each of them, in the caller's thread.
 * @arg:   passed to the callback.
 *
 * Context: may sleep.
 * Return:  CPUSLAB_OK; CPUSLAB_PARTIAL if there may be others; an error.
 */
CPUSLAB_API int
cpuslab_port_cpus_available(void (*found)(void *arg, uint32_t cpu), void *arg);

/**
 * cpuslab_port_may_sleep() - may the current context sleep and allocate?
 *
 * If not, an operation that finds no block works on the shared block.
 *
 * Context: any.
 * Return:  true if it may.
 */
CPUSLAB_API bool cpuslab_port_may_sleep(void);

/**
 * cpuslab_port_fence_cpu() - wait for the operations on one CPU's block.
 * @cpu: a CPU number, or CPUSLAB_NO_CPU for all blocks at once.
 *
 * When it returns, each operation that was in progress at the call has
 * committed or will return CPUSLAB_MISS.
 *
 * Context: may sleep.
 * Order:   the caller sees what those operations stored; an operation that is
 *          repeated sees what the caller stored before the call.
 * Return:  CPUSLAB_OK; -CPUSLAB_EAGAIN if the system cannot do this in bounded
 *          time, or at all (where blocks are written by atomics).
 */
CPUSLAB_API int cpuslab_port_fence_cpu(uint32_t cpu);

/* ---- operations ---------------------------------------------------------- */

/**
 * cpuslab_port_uses_atomics() - are blocks written by atomics, from any CPU?
 *
 * If so, the operations below always return CPUSLAB_MISS, and lib/core/slow.c
 * does their work.
 *
 * Context: any.
 * Return:  constant while the program runs.
 */
CPUSLAB_API bool cpuslab_port_uses_atomics(void);

/*
 * The operations on the block of the CPU that the caller runs on; ops.h,
 * stack.h, log.h and ring.h have their pseudo-code. @offset, in bytes within
 * the object, is that of a word, a pair, a log or a ring's tail.
 *
 * port/section_ops.h has them in C, for ports that can enter and exit a section
 * in which nothing else on this CPU changes its block; such a port may still
 * replace single ones. port/ops_none.h is for ports without sections.
 *
 * Context: any. No lock, no waiting, no function call.
 * Order:   the single committing store is a release; the live byte is loaded
 *          with acquire, inside the section.
 * Return:  CPUSLAB_MISS with no effect if the CPU has no block that this code
 *          can find, the section was aborted, or the handle is null. Otherwise
 *          the operation's own result, and it has happened entirely on one CPU.
 */
CPUSLAB_INLINE int cpuslab_port_add(const struct cpuslab_percpu *handle,
				    size_t offset, uint64_t value);
CPUSLAB_INLINE int cpuslab_port_add_if(const struct cpuslab_percpu *handle,
				       size_t offset, uint64_t gate,
				       uint64_t value);
CPUSLAB_INLINE int cpuslab_port_add_below(const struct cpuslab_percpu *handle,
					  size_t offset, uint64_t bound,
					  uint64_t value);
CPUSLAB_INLINE int cpuslab_port_cmpstore(const struct cpuslab_percpu *handle,
					 size_t offset, uint64_t expect,
					 uint64_t value);
/* @op is constant where it is inline; *@old is what the word was. */
CPUSLAB_INLINE int cpuslab_port_update(const struct cpuslab_percpu *handle,
				       size_t offset, enum cpuslab__word_op op,
				       uint64_t value, uint64_t *old);
CPUSLAB_INLINE int cpuslab_port_commit(const struct cpuslab_percpu *handle,
				       size_t offset,
				       const struct cpuslab__commit *commit);
CPUSLAB_INLINE int cpuslab_port_push(const struct cpuslab_percpu *handle,
				     size_t offset, void *node);
CPUSLAB_INLINE int cpuslab_port_pop(const struct cpuslab_percpu *handle,
				    size_t offset, void **node);
CPUSLAB_INLINE int cpuslab_port_append(const struct cpuslab_percpu *handle,
				       size_t offset, const void *data,
				       uint32_t bytes, uint32_t capacity);
CPUSLAB_INLINE int
cpuslab_port_ring_append(const struct cpuslab_percpu *handle, size_t offset,
			 const struct cpuslab__ring_shape *shape,
			 const void *data, uint32_t bytes);

/*
 * Followed by the objects. W the thread that has popped it; on a stack,
 * sections of that CPU.
 */
struct cpuslab__magazine {
	void *next; /* as in struct cpuslab_node */
	cpuslab_word count;
};

/*
 * On the magazine that is the newest node of a stack: take its newest object,
 * or put one on top. The commit is the store of the
 * count. CPUSLAB_EMPTY (pop) or CPUSLAB_FULL (push, at @rounds objects) also
 * where the stack has no magazine. A port that does not define
 * CPUSLAB_PORT_MAGAZINES as 1 implements neither; both return CPUSLAB_MISS.
 */
CPUSLAB_INLINE int
cpuslab_port_magazine_pop(const struct cpuslab_percpu *handle, size_t offset,
			  void **object);
CPUSLAB_INLINE int
cpuslab_port_magazine_push(const struct cpuslab_percpu *handle, size_t offset,
			   void *object, uint64_t rounds);

/**
 * cpuslab_port_rseq_clear() - unset what an operation has left in the thread.
 *
 * In rseq mode that is rseq_cs, which must not name code that is unmapped.
 *
 * Context: any.
 */
CPUSLAB_API void cpuslab_port_rseq_clear(void);

/**
 * cpuslab_port_preempt_point() - let port sim preempt, migrate or interrupt the
 * caller here; elsewhere it does nothing.
 *
 * Context: any.
 */
CPUSLAB_INLINE void cpuslab_port_preempt_point(void);

/* ---- RCU ----------------------------------------------------------------- */

/**
 * cpuslab_port_read_enter() - begin a read section.
 * Context: any. Sections nest; threads need not register.
 */
CPUSLAB_API void cpuslab_port_read_enter(void);

/**
 * cpuslab_port_read_exit() - end the read section that was entered last.
 * Context: the thread that entered it.
 */
CPUSLAB_API void cpuslab_port_read_exit(void);

/* What a sum adds up; replaced as a whole, freed after a grace period. */
struct cpuslab_addends {
	const uint16_t *numbers;  /* [count] CPUs whose copies count */
	const uint32_t *first;    /* [slots + 1] where the residual of an object
				     begins, by its slot */
	const uint64_t *residual; /* what released blocks held */
	uint32_t count;           /* grows; W release, R acquire */
	uint32_t slots;
};

/* Sets @sums to the sums of @count words at @offset, in a read section. */
typedef void cpuslab_port_sum_loop(const struct cpuslab_percpu *handle,
				   size_t offset, uint32_t count,
				   uint64_t *sums);

struct cpuslab_rcu {
	void *port[2]; /* W, R the port, from call_rcu until the call */
	void (*call)(struct cpuslab_rcu *rcu); /* W call_rcu; R the port */
};

/**
 * cpuslab_port_call_rcu() - call a function after a grace period.
 * @rcu:  passed to it; in what is to be freed.
 * @call: called after a grace period.
 *
 * @call(@rcu) runs when every read section that exists now has ended, in a
 * thread of the port's choice that may allocate. It must not wait for anything.
 *
 * Context: where the caller may sleep, @call included, and where the port
 *          allows cpuslab_try_alloc(). Never waits, cannot fail.
 */
CPUSLAB_API void cpuslab_port_call_rcu(struct cpuslab_rcu *rcu,
				       void (*call)(struct cpuslab_rcu *rcu));

/**
 * cpuslab_port_rcu_barrier() - wait until all queued callbacks have run.
 * Context: may sleep; not in a read section.
 * Return:  CPUSLAB_OK; -CPUSLAB_EBUSY in a read section, -CPUSLAB_EAGAIN where
 *          the system lets no grace period end: some may not have run.
 */
CPUSLAB_API int cpuslab_port_rcu_barrier(void);

/**
 * cpuslab_port_rcu_wait() - wait until every read section that exists now has
 *                           ended.
 *
 * It waits for no callback.
 *
 * Context: may sleep; not in a read section. Any threads at once.
 * Order:   acquire; sees all that was done in those sections.
 * Return:  CPUSLAB_OK; -CPUSLAB_EBUSY in a read section, -CPUSLAB_EAGAIN where
 *          the system lets no grace period end.
 */
CPUSLAB_API int cpuslab_port_rcu_wait(void);

/* ---- mutexes, threads, clock, log ---------------------------------------- */

enum cpuslab_port_rank { /* mutexes are locked in ascending rank */
	CPUSLAB_RANK_DOMAIN,
	CPUSLAB_RANK_RELEASE,
	CPUSLAB_RANK_SLAB,
	CPUSLAB_RANK_REGISTRY,
	CPUSLAB_RANK_LIST,
	CPUSLAB_RANK_REGION, /* of a port */
};

/**
 * cpuslab_port_mutex_init() - set up an unlocked mutex.
 * @mutex: memory of the caller.
 * @rank:  its place in the lock order, for checkers.
 *
 * Context: may sleep.
 * Return:  CPUSLAB_OK, or an error.
 */
CPUSLAB_API int cpuslab_port_mutex_init(struct cpuslab_port_mutex *mutex,
					enum cpuslab_port_rank rank);

/**
 * cpuslab_port_mutex_fini() - undo cpuslab_port_mutex_init(); not locked.
 * @mutex: set up by cpuslab_port_mutex_init().
 *
 * Context: may sleep.
 */
CPUSLAB_API void cpuslab_port_mutex_fini(struct cpuslab_port_mutex *mutex);

/**
 * cpuslab_port_mutex_lock() - lock.
 * @mutex: set up by cpuslab_port_mutex_init().
 *
 * Context: may sleep; never called in a signal handler.
 */
CPUSLAB_API void cpuslab_port_mutex_lock(struct cpuslab_port_mutex *mutex);

/**
 * cpuslab_port_mutex_trylock() - lock if the mutex is free; never wait.
 * @mutex: set up by cpuslab_port_mutex_init().
 *
 * Context: where cpuslab_port_may_sleep(); also in a signal handler that has
 *          interrupted the holder, and wherever else the port allows
 *          cpuslab_try_alloc(). So is cpuslab_port_mutex_unlock().
 * Return:  true if the caller now holds it.
 */
CPUSLAB_API bool cpuslab_port_mutex_trylock(struct cpuslab_port_mutex *mutex);

/**
 * cpuslab_port_mutex_unlock() - unlock.
 * @mutex: set up by cpuslab_port_mutex_init().
 *
 * Context: the holder.
 */
CPUSLAB_API void cpuslab_port_mutex_unlock(struct cpuslab_port_mutex *mutex);

/*
 * All domains and slabs of this copy of the library: see lib/core/registry.h.
 * The port defines the variable, all zero but for the mutex, which it sets up
 * before there can be a domain.
 */
struct cpuslab_port_registry {
	struct cpuslab_port_mutex mutex; /* of rank CPUSLAB_RANK_REGISTRY */
	struct cpuslab__listed *newest;  /* W mutex */
	uint64_t ids;                    /* used; W, R mutex */
};

extern struct cpuslab_port_registry cpuslab_port_registry;

/**
 * cpuslab_port_thread_id() - identify the calling thread.
 * Context: any.
 * Return:  a value that is unique among living threads and that the forking
 *          thread keeps in the child.
 */
CPUSLAB_API const void *cpuslab_port_thread_id(void);

/**
 * cpuslab_port_process_epoch() - tell a forked child from its ancestors.
 *
 * Context: any.
 * Return:  a number other than 0. A child has another one than its ancestors
 *          had when they asked.
 */
#ifdef CPUSLAB_PORT_FORKS
CPUSLAB_API uint32_t cpuslab_port_process_epoch(void);
#else
CPUSLAB_INLINE uint32_t cpuslab_port_process_epoch(void)
{
	return 1;
}
#endif

/**
 * cpuslab_port_clock() - read a monotonic clock.
 * Context: any.
 * Return:  nanoseconds.
 */
CPUSLAB_API uint64_t cpuslab_port_clock(void);

/**
 * cpuslab_port_nap() - sleep for about @us microseconds; other threads run.
 * @us: from 1 to a few thousand.
 *
 * Context: may sleep.
 */
CPUSLAB_API void cpuslab_port_nap(uint32_t us);

/**
 * cpuslab_port_log() - write one line to the log of the program or system.
 * @line: a text without a line end.
 *
 * Context: may sleep; must not call cpuslab, since its mutexes may be held.
 */
CPUSLAB_API void cpuslab_port_log(const char *line);

/**
 * cpuslab_port_panic() - end the program: an assertion failed.
 * @line: a text without a line end.
 *
 * Context: any.
 */
CPUSLAB_API void cpuslab_port_panic(const char *line);

CPUSLAB_END

#include <cpuslab/port_inline.h>

/*
 * Inline operations and the library must agree about the layout of a handle and
 * about what port_inline.h takes for granted, which a port numbers. Both are in
 * the names of the functions that inline operations call, so that parts which
 * do not fit do not link.
 */
#ifndef CPUSLAB_PORT_ABI
#define CPUSLAB_PORT_ABI 0
#endif
#define CPUSLAB__ABI_JOIN(name, handle, port) name##_h##handle##_p##port
#define CPUSLAB__ABI_NAME(name, handle, port)                                  \
	CPUSLAB__ABI_JOIN(name, handle, port)
#define CPUSLAB__ABI(name)                                                     \
	CPUSLAB__ABI_NAME(name, CPUSLAB__HANDLE_ABI, CPUSLAB_PORT_ABI)
#define cpuslab__slow_add CPUSLAB__ABI(cpuslab__slow_add)
#define cpuslab__slow_add_if CPUSLAB__ABI(cpuslab__slow_add_if)
#define cpuslab__slow_add_below CPUSLAB__ABI(cpuslab__slow_add_below)
#define cpuslab__slow_cmpstore CPUSLAB__ABI(cpuslab__slow_cmpstore)
#define cpuslab__slow_update CPUSLAB__ABI(cpuslab__slow_update)
#define cpuslab__slow_commit CPUSLAB__ABI(cpuslab__slow_commit)
#define cpuslab__slow_push CPUSLAB__ABI(cpuslab__slow_push)
#define cpuslab__slow_pop CPUSLAB__ABI(cpuslab__slow_pop)
#define cpuslab__slow_append CPUSLAB__ABI(cpuslab__slow_append)
#define cpuslab__slow_ring_append CPUSLAB__ABI(cpuslab__slow_ring_append)

#include <cpuslab/port/defaults.h>

/*
 * Synchronization: operations, read sections, cpu, thread_id, clock and the
 * constants are safe against everything. The library serialises the calls that
 * change the blocks of one extent, but not those of different extents.
 */

#endif /* CPUSLAB_PORT_H */
