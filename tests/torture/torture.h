/* SPDX-License-Identifier: MIT */
/*
 * torture.h - what the programs on real threads share: options, a seed, checks
 * that any thread and any signal handler may make, signals in a storm.
 *
 * A failed check prints file, line and seed, and ends the process with 1.
 */
#ifndef CPUSLAB_TESTS_TORTURE_H
#define CPUSLAB_TESTS_TORTURE_H

#include <cpuslab/domain.h>
#include <cpuslab/slab.h>
#include <cpuslab/stats.h>

#define TORTURE_SKIP 77 /* how meson knows a test that cannot run */

#define TORTURE_CHECK(cond)                                                    \
	((cond) ? (void)0 : torture_failed(__FILE__, __LINE__, #cond))
/* A call that returns 0 or an error. */
#define TORTURE_OK(call) torture_expect(__FILE__, __LINE__, #call, (call), 0)
#define TORTURE_IS(call, result)                                               \
	torture_expect(__FILE__, __LINE__, #call, (call), (result))

/**
 * torture_begin() - read options and environment, print name, mode and seed.
 *
 * CPUSLAB_TORTURE_SECONDS (2) and CPUSLAB_TORTURE_SEED (of the clock). A hang
 * ends the process with a failure.
 */
void torture_begin(int argc, char **argv, const char *what);
/* The library's own words are not wanted from here on; failures still are. */
void torture_quiet(void);
/* The last line; returns the process's status. */
int torture_end(void);

void torture_failed(const char *file, int line, const char *what)
	__attribute__((noreturn, cold));
void torture_expect(const char *file, int line, const char *what, long is,
		    long wanted);
/* Where a test would show something else than the program. */
enum {
	TORTURE_SANITIZER = 1 << 0,
	TORTURE_VALGRIND = 1 << 1,
	TORTURE_EMULATOR = 1 << 2,
};
void torture_skip_under(int where);
/* End with status TORTURE_SKIP. */
void torture_skip(const char *why) __attribute__((noreturn));

extern uint64_t torture_seed;
double torture_seconds(void);
/* Is there time left? Any thread. */
bool torture_running(void);
/* Give the next phase @seconds; torture_running() is true again. */
void torture_phase(double seconds);
/* Atomic mode: nothing is released without CPUSLAB_TRIM_QUIESCENT. */
bool torture_atomic(void);

/* A generator of numbers; its state begins as torture_stream(n). */
uint64_t torture_stream(uint64_t n);
uint64_t torture_random(uint64_t *state);
/* In [0, @below). */
uint32_t torture_below(uint64_t *state, uint32_t below);

/* ---- CPUs -------------------------------------------------------- */

/*
 * Let the port believe that numbers [0, @limit) are possible, so that there
 * are some that never run. Before the first domain.
 */
void torture_fake_limit(uint32_t limit);
/* Run on some CPU that is allowed; on @cpu, false if that is not. */
void torture_migrate(uint64_t *state);
bool torture_pin(uint32_t cpu);
/* Run everywhere again. */
void torture_unpin(void);
/* The CPUs on which this process may run. */
uint32_t torture_cpus(uint32_t *cpus, uint32_t room);

/* Make one random call of @domain for one of [0, @limit); its result. */
int torture_storm_call(struct cpuslab_domain *domain, uint32_t limit,
		       uint64_t *state);
/* The same, where nobody refuses. */
void torture_storm_step(struct cpuslab_domain *domain, uint32_t limit,
			uint64_t *state);
/*
 * Wait until released blocks are freed. False if some never will be, which
 * happens only in a child that was forked inside a read section.
 */
bool torture_settle(struct cpuslab_slab *slab);

/* ---- signals ----------------------------------------------------------- */

/*
 * Interrupt the calling thread about every @ns with TORTURE_SIGNAL. The
 * handler is process-wide: install it first.
 */
#define TORTURE_SIGNAL SIGUSR2
void torture_handler(void (*handler)(int signal));
struct torture_timer {
	void *id;
	bool armed;
};
void torture_timer_start(struct torture_timer *timer, long ns);
void torture_timer_stop(struct torture_timer *timer);

/* ---- rseq -------------------------------------------------------------- */

/* Make the calling thread one without registration, and back. */
bool torture_rseq_unregister(void);
void torture_rseq_register(void);

#endif /* CPUSLAB_TESTS_TORTURE_H */
