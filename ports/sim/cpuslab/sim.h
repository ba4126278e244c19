/* SPDX-License-Identifier: MIT */
/*
 * sim.h - the controls of port sim: virtual CPUs, a seeded scheduler,
 * forced preemptions and signals, failing memory, read sections that end when
 * the test says so.
 *
 * For tests and demonstrations; nothing in lib/ or include/ may know it.
 *
 * A *point* is a place where something may happen: cpuslab_port_preempt_point(), every
 * step of an operation, every call of the port that locks, allocates, enters
 * or leaves a read section, fences or defers. Points are counted; the same
 * seed and the same program pass the same points with the same outcome.
 *
 *	sim_init(&config);
 *	... the program under test, on the calling thread ...
 *	sim_run(tasks, count);		tasks, interleaved as the seed says
 *	assert(!sim_fini());		nothing is left
 *
 * Context: all of it on one thread at a time: outside sim_run() the thread
 *          that called sim_init(); inside, whichever task runs.
 */
#ifndef CPUSLAB_SIM_H
#define CPUSLAB_SIM_H

#include <cpuslab/base.h>
#include <cpuslab/group.h>

CPUSLAB_BEGIN

/* ---- beginning and end ----------------------------------------------- */

enum sim_mode {
	SIM_RSEQ,   /* operations are sections that restart */
	SIM_ATOMIC, /* operations always miss; lib works by atomics */
};

/* In thousandths; what may happen at a point inside sim_run(). */
struct sim_odds {
	unsigned int interleave; /* another task goes on, no abort */
	unsigned int preempt;    /* the section aborts; see move */
	unsigned int move;       /* of preemptions: with a change of
					   CPU, of this task or of the
					   one that takes its place */
	unsigned int stray;      /* of moves: to any number, beyond the
					   limit and CPUSLAB_NO_CPU included,
					   not just to an available one */
	unsigned int signal;     /* sim_signal_set()'s handler runs */
};

struct sim_config {
	uint32_t limit;     /* CPU numbers; 0: 64 */
	uint32_t available; /* [0, available) are there at first */
	uint64_t seed;      /* SIM_SEED in the environment wins */
	enum sim_mode mode;
	size_t page_size;   /* power of two >= the system's; 0: that */
	uint64_t max_steps; /* points in one sim_run(); 0: 20 million */
	bool quiet;         /* log lines are captured but not printed */
	bool directory;     /* no address space can be reserved; also with
			       SIM_DIRECTORY=1 in the environment */
	const struct sim_odds *odds; /* NULL: the defaults, README.md */
};

/*
 * Start from nothing. What an earlier simulation left is thrown away, without
 * a word. The caller is on CPU 0. NULL: all defaults.
 * Returns CPUSLAB_OK; -CPUSLAB_EINVAL for a page size that cannot be;
 * -CPUSLAB_ENOMEM.
 */
CPUSLAB_API int sim_init(const struct sim_config *config);

/*
 * Return how much is left: reservations, small allocations, mutexes, pending
 * callbacks, open read sections; a log line names each kind. Then throw it
 * away. sim_init() is needed before anything else.
 */
CPUSLAB_API unsigned int sim_fini(void);

CPUSLAB_API uint64_t sim_seed(void);

/* ---- CPUs ------------------------------------------------------ */

/* Where the caller runs from now on. Any value, CPUSLAB_NO_CPU included. */
CPUSLAB_API void sim_cpu_set(uint32_t cpu);
CPUSLAB_API uint32_t sim_cpu(void);

/* What cpuslab_port_cpus_available() finds; @cpu below the limit. */
CPUSLAB_API void sim_cpu_set_available(uint32_t cpu, bool available);
CPUSLAB_API bool sim_cpu_is_available(uint32_t cpu);
/* What it returns; an error finds nothing. CPUSLAB_OK at first. */
CPUSLAB_API void sim_available_result(int result);

/*
 * Fill @groups: group i has widths[i] CPUs and is followed by gaps[i]
 * numbers that belong to none (NULL: no gaps). Returns the number behind the
 * last group and gap, the smallest limit that holds them.
 */
CPUSLAB_API uint32_t sim_groups(struct cpuslab_group *groups,
				const uint32_t *widths, const uint32_t *gaps,
				uint32_t count);

/* cpuslab_port_fence_cpu() fails from now on, as where it is blocked. */
CPUSLAB_API void sim_fence_fail(bool fail);
/* That of all CPUs at once fails; one by one they can be had. */
CPUSLAB_API void sim_fence_fail_all(bool fail);
/* Calls of cpuslab_port_fence_cpu() since sim_init(). */
CPUSLAB_API uint64_t sim_fences(void);
/* Sections that had to start anew since sim_init(). */
CPUSLAB_API uint64_t sim_aborts(void);

/* ---- tasks ----------------------------------------------------------- */

struct sim_task {
	void (*run)(void *arg);
	void *arg;
	uint32_t cpu; /* where it starts */
};

/*
 * Run all tasks to their end, one at a time, switching at points as the seed
 * says, with a further thread that runs RCU callbacks. A state in which nobody
 * can go on panics. Returns the points passed.
 */
CPUSLAB_API uint64_t sim_run(const struct sim_task *tasks, unsigned int count);

/* The handler of random signals inside sim_run(); NULL: none. */
CPUSLAB_API void sim_signal_set(void (*handler)(void *arg), void *arg);

/*
 * Where memory order is modelled (tests/memory_model/): the caller sees what was done before
 * each release of the same thing, an address of the test's choosing. For what
 * tests write down; elsewhere nothing.
 */
CPUSLAB_API void sim_order_acquire(const void *what);
CPUSLAB_API void sim_order_release(const void *what);

/* ---- points ---------------------------------------------------------- */

/* Points passed since sim_init() or sim_points_reset(). */
CPUSLAB_API uint64_t sim_points(void);
CPUSLAB_API void sim_points_reset(void);
/* A number made of all that happened at all points since sim_init(). */
CPUSLAB_API uint64_t sim_trace(void);

/*
 * At the @k-th point from now (1: the next), once:
 *	preempt: abort the section, if any, and go on on @cpu
 *	signal:  run @handler on top of whoever is there; abort the section
 *	other:   run @run as another thread on CPU @cpu, to its end. The
 *		 section is not aborted, unless by a fence or because @cpu is
 *		 its own CPU. @run must not wait for the interrupted one
 * At most 16 may be outstanding.
 */
CPUSLAB_API void sim_preempt_at(uint64_t k, uint32_t cpu);
CPUSLAB_API void sim_signal_at(uint64_t k, void (*handler)(void *arg),
			       void *arg);
CPUSLAB_API void sim_other_at(uint64_t k, uint32_t cpu, void (*run)(void *arg),
			      void *arg);
/*
 * Forget those that were not reached, and return how many. To take each point
 * of an operation once:
 *
 *	for (k = 1, left = 0; !left; k++) {
 *		sim_preempt_at(k, 3);
 *		the operation
 *		left = sim_at_cancel();
 *	}
 */
CPUSLAB_API unsigned int sim_at_cancel(void);

/* ---- memory ---------------------------------------------------------- */

/* Reservations, commits and small allocations asked for since sim_init(). */
CPUSLAB_API uint64_t sim_allocs(void);
/* The @n-th from now (1: the next) fails; 0: none does. */
CPUSLAB_API void sim_fail_alloc_at(uint64_t n);
/* The @n-th from now and all after it fail; 0: none does. */
CPUSLAB_API void sim_fail_alloc_from(uint64_t n);
/* Reservations of more than @bytes fail; 0: none does. */
CPUSLAB_API void sim_fail_reserve_above(size_t bytes);
/* Commits for @cpu (below the limit) fail while @fail. */
CPUSLAB_API void sim_fail_commit_cpu(uint32_t cpu, bool fail);

/* Bytes now: address space, and memory in it; small allocations' number. */
CPUSLAB_API uint64_t sim_reserved(void);
CPUSLAB_API uint64_t sim_committed(void);
CPUSLAB_API uint64_t sim_zallocs(void);
/* Is the page at @addr committed? False outside every reservation. */
CPUSLAB_API bool sim_is_committed(const void *addr);

/*
 * May this thread wait, see cpuslab_port_may_sleep(), which every one may at
 * first? While it may not, it panics if it takes a mutex or asks for memory.
 */
CPUSLAB_API void sim_can_wait_set(bool can_wait);

/* ---- RCU ------------------------------------------------------------- */

/* Callbacks queued that have not returned yet. */
CPUSLAB_API uint64_t sim_rcu_pending(void);
/*
 * Run every callback that may run, those that callbacks queue included. In a
 * task: as cpuslab_port_rcu_barrier(). Returns how many had to stay.
 */
CPUSLAB_API uint64_t sim_quiesce(void);
/*
 * The callbacks that are pending never run, and from now on a barrier says so:
 * as in a child that was forked inside a read section.
 */
CPUSLAB_API void sim_rcu_lose(void);

/* ---- time, words, the end -------------------------------------------- */

/* The clock, which goes on by a microsecond a point, goes on by @ns. */
CPUSLAB_API void sim_clock_advance(uint64_t ns);

/* Of the last 128 log lines, the newest that contains @text, or NULL. */
CPUSLAB_API const char *sim_log_find(const char *text);
CPUSLAB_API void sim_log_clear(void);
CPUSLAB_API void sim_log_quiet(bool quiet);

/*
 * Call @body(@arg), outside sim_run(). Returns the text of the panic that
 * ended it, valid until the next one, or NULL if it returned. What it held is
 * left as it was: mutexes locked, read sections open.
 */
CPUSLAB_API const char *sim_panic_catch(void (*body)(void *arg), void *arg);

CPUSLAB_END

#endif /* CPUSLAB_SIM_H */
