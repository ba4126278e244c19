/* SPDX-License-Identifier: MIT */
/*
 * sim.h - the controls of port sim: virtual CPUs, a seeded scheduler,
 * forced preemptions and signals, allocation failures, and grace periods that
 * end when the test wants.
 *
 * For tests and demonstrations; lib/ and include/ do not depend on it.
 *
 * A *point* is a place where the simulator may intervene: a call of
 * cpuslab_port_preempt_point(), each step of an operation, and each call of the
 * port that locks, allocates, enters or leaves a read section, fences or queues
 * a callback. Points are counted; the same seed and the same program pass the
 * same points with the same outcome.
 *
 *	sim_init(&config);
 *	... the program under test, on the calling thread ...
 *	sim_run(tasks, count);		tasks, interleaved as the seed says
 *	assert(!sim_fini());		no leaks
 *
 * Context: every call here is for one thread at a time: outside sim_run() the
 *          thread that called sim_init(), inside it the task that runs.
 */
#ifndef CPUSLAB_SIM_H
#define CPUSLAB_SIM_H

#include <cpuslab/base.h>
#include <cpuslab/group.h>

CPUSLAB_BEGIN

/* ---- init and fini --------------------------------------------------- */

enum sim_mode {
	SIM_RSEQ,   /* operations are sections that may be aborted */
	SIM_ATOMIC, /* operations always miss; lib uses atomics */
};

/* Odds in thousandths of what may happen at a point inside sim_run(). */
struct sim_odds {
	unsigned int interleave; /* another task runs, no abort */
	unsigned int preempt;    /* the section aborts; see move */
	unsigned int move;       /* of preemptions: with a change of
					   CPU, of this task or of the
					   one that runs instead */
	unsigned int stray;      /* of moves: to any number, beyond the
					   limit and CPUSLAB_NO_CPU included,
					   not just to an available one */
	unsigned int signal;     /* sim_signal_set()'s handler runs */
};

struct sim_config {
	uint32_t limit;     /* CPU numbers; 0: 64 */
	uint32_t available; /* CPUs [0, available) exist at first */
	uint64_t seed;      /* SIM_SEED in the environment overrides it */
	enum sim_mode mode;
	bool no_cids;       /* threads have no concurrency ids */
	size_t page_size;   /* power of two >= the system's; 0: the system's */
	uint64_t max_steps; /* points in one sim_run(); 0: 20 million */
	bool quiet;         /* log lines are captured but not printed */
	const struct sim_odds *odds; /* NULL: the defaults, see README.md */
};

/*
 * Start a simulation; whatever an earlier one left is discarded silently. The
 * caller is on CPU 0. @config: NULL for all defaults.
 * Returns CPUSLAB_OK; -CPUSLAB_EINVAL for an impossible page size;
 * -CPUSLAB_ENOMEM.
 */
CPUSLAB_API int sim_init(const struct sim_config *config);

/*
 * End the simulation and return the number of leaks: reservations, small
 * allocations, mutexes, pending callbacks, open read sections and users of
 * grace periods. A log line names each kind. Call sim_init() before anything
 * else.
 */
CPUSLAB_API unsigned int sim_fini(void);

CPUSLAB_API uint64_t sim_seed(void);

/* ---- CPUs ------------------------------------------------------------ */

/* Move the caller to @cpu. Any value is allowed, also CPUSLAB_NO_CPU. */
CPUSLAB_API void sim_cpu_set(uint32_t cpu);
CPUSLAB_API uint32_t sim_cpu(void);

/* Does cpuslab_port_cpus_available() report @cpu, which is below the limit? */
CPUSLAB_API void sim_cpu_set_available(uint32_t cpu, bool available);
CPUSLAB_API bool sim_cpu_is_available(uint32_t cpu);
/* Set its result, at first CPUSLAB_OK; with an error it reports no CPU. */
CPUSLAB_API void sim_available_result(int result);

/*
 * Fill @groups: group i has widths[i] CPUs and is followed by gaps[i] numbers
 * that belong to no group (NULL: no gaps). Returns the smallest limit that
 * holds all groups and gaps.
 */
CPUSLAB_API uint32_t sim_groups(struct cpuslab_group *groups,
				const uint32_t *widths, const uint32_t *gaps,
				uint32_t count);

/* Make cpuslab_port_fence_cpu() fail, as where the system forbids it. */
CPUSLAB_API void sim_fence_fail(bool fail);
/* Make only the fence of all CPUs at once fail. */
CPUSLAB_API void sim_fence_fail_all(bool fail);
/* Calls of cpuslab_port_fence_cpu() since sim_init(). */
CPUSLAB_API uint64_t sim_fences(void);
/* Sections that were aborted since sim_init(). */
CPUSLAB_API uint64_t sim_aborts(void);

/* What cpuslab_port_threads() returns; at first 0, unknown. */
CPUSLAB_API void sim_threads(uint32_t threads);
/* The concurrency id of a thread on @cpu, which may change when it moves. */
CPUSLAB_API uint32_t sim_cid(uint32_t cpu);

/* ---- tasks ----------------------------------------------------------- */

struct sim_task {
	void (*run)(void *arg);
	void *arg;
	uint32_t cpu; /* where it starts */
};

/*
 * Run all tasks to their end, one at a time, switching at points as the seed
 * decides; a further thread runs RCU callbacks. Panics if no task can run.
 * Returns the number of points passed.
 */
CPUSLAB_API uint64_t sim_run(const struct sim_task *tasks, unsigned int count);

/*
 * Let @choose decide instead of the seed which task runs, from now until
 * sim_init(). It is called at each point, and when a task waits or ends, with
 * the index of the task that was running (CPUSLAB_NO_CPU: none yet), and
 * returns the index of the one that goes on; @count of sim_run() stands for
 * the thread that runs callbacks. For one that waits for a mutex its holder
 * goes on, and for another that cannot run the next that can. No section is
 * aborted but by a fence, or a task on the same CPU.
 */
CPUSLAB_API void sim_choose_set(unsigned int (*choose)(void *arg,
						       unsigned int running),
				void *arg);

/* The handler of random signals inside sim_run(); NULL: none. */
CPUSLAB_API void sim_signal_set(void (*handler)(void *arg), void *arg);

/*
 * Where memory order is modelled (tests/memory_model/), the caller of acquire
 * sees what was done before each release of the same address, which the test
 * chooses. For the test's own records; without the model these do nothing.
 */
CPUSLAB_API void sim_order_acquire(const void *what);
CPUSLAB_API void sim_order_release(const void *what);

/*
 * The test reads or writes these bytes at this place, not atomically. Where
 * memory order is modelled, a race with another such access ends the program:
 * what the test itself reads and writes is not seen there.
 */
CPUSLAB_API void sim_order_read(const void *what, size_t bytes);
CPUSLAB_API void sim_order_write(const void *what, size_t bytes);

/* ---- points ---------------------------------------------------------- */

/* Points passed since sim_init() or sim_points_reset(). */
CPUSLAB_API uint64_t sim_points(void);
CPUSLAB_API void sim_points_reset(void);
/* A hash of everything that happened at points since sim_init(). */
CPUSLAB_API uint64_t sim_trace(void);

/*
 * At the @k-th point from now (1: the next), once:
 *	preempt: abort the section, if any, and continue on @cpu
 *	signal:  run @handler on top of the current task; abort the section
 *	other:   run @run as another thread on CPU @cpu, to its end. The
 *		 section is aborted only by a fence, or if @cpu is its own CPU.
 *		 @run must not wait for the interrupted thread
 * At most 16 may be outstanding.
 */
CPUSLAB_API void sim_preempt_at(uint64_t k, uint32_t cpu);
CPUSLAB_API void sim_signal_at(uint64_t k, void (*handler)(void *arg),
			       void *arg);
CPUSLAB_API void sim_other_at(uint64_t k, uint32_t cpu, void (*run)(void *arg),
			      void *arg);
/*
 * Cancel the events that were not reached and return their number. To preempt
 * an operation once at each of its points:
 *
 *	for (k = 1, left = 0; !left; k++) {
 *		sim_preempt_at(k, 3);
 *		the operation
 *		left = sim_at_cancel();
 *	}
 */
CPUSLAB_API unsigned int sim_at_cancel(void);

/* ---- memory ---------------------------------------------------------- */

/*
 * Attempts since sim_init() to allocate a block or a small allocation, or to
 * set up a mutex or a user of grace periods, for which a port may need memory.
 */
CPUSLAB_API uint64_t sim_allocs(void);
/* Make the @n-th from now (1: the next) fail; 0: none. */
CPUSLAB_API void sim_fail_alloc_at(uint64_t n);
/* Make the @n-th from now and all later ones fail; 0: none. */
CPUSLAB_API void sim_fail_alloc_from(uint64_t n);
/* Make blocks for @cpu (below the limit) fail while @fail is true. */
CPUSLAB_API void sim_fail_block_cpu(uint32_t cpu, bool fail);

/* Bytes in blocks now, and the number of small allocations. */
CPUSLAB_API uint64_t sim_block_bytes(void);
CPUSLAB_API uint64_t sim_zallocs(void);
/* Does @addr lie in a block? */
CPUSLAB_API bool sim_is_block(const void *addr);

/* From here on the program is a child of the process that it was. */
CPUSLAB_API void sim_fork(void);

/*
 * Set whether this thread may sleep (cpuslab_port_may_sleep()); at first every
 * thread may. A thread that may not panics if it takes a mutex or allocates.
 */
CPUSLAB_API void sim_may_sleep_set(bool may_sleep);

/* ---- RCU ------------------------------------------------------------- */

/* Callbacks that were queued and have not returned yet. */
CPUSLAB_API uint64_t sim_rcu_pending(void);
/*
 * Run every callback that may run, also those that callbacks queue. In a task
 * it works as cpuslab_port_rcu_barrier(). Returns the number still pending.
 */
CPUSLAB_API uint64_t sim_quiesce(void);
/* Let barriers fail, as where the system lets no grace period end, or not. */
CPUSLAB_API void sim_rcu_stall(bool stall);

/* ---- time, log, panics ----------------------------------------------- */

/* Advance the clock by @ns; each point advances it by a microsecond. */
CPUSLAB_API void sim_clock_advance(uint64_t ns);

/* The newest of the last 128 log lines that contains @text, or NULL. */
CPUSLAB_API const char *sim_log_find(const char *text);
CPUSLAB_API void sim_log_clear(void);
CPUSLAB_API void sim_log_quiet(bool quiet);

/*
 * Call @body(@arg), outside sim_run(). Returns the text of the panic that ended
 * it, valid until the next panic, or NULL if it returned. Mutexes and read
 * sections that it held stay held.
 */
CPUSLAB_API const char *sim_panic_catch(void (*body)(void *arg), void *arg);

CPUSLAB_END

#endif /* CPUSLAB_SIM_H */
