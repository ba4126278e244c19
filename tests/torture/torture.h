/* SPDX-License-Identifier: MIT */
/*
 * torture.h - shared by the programs on real threads: options, a seed, checks
 * that any thread and any signal handler may make, storms of signals.
 *
 * A failed check prints file, line and seed, and exits with status 1.
 */
#ifndef CPUSLAB_TESTS_TORTURE_H
#define CPUSLAB_TESTS_TORTURE_H

#include <sys/types.h>

#include <cpuslab/domain.h>
#include <cpuslab/slab.h>
#include <cpuslab/stats.h>

#define TORTURE_SKIP 77 /* meson's status for a test that cannot run */

#define TORTURE_CHECK(cond)                                                    \
	((cond) ? (void)0 : torture_failed(__FILE__, __LINE__, #cond))
/* For a call that returns 0 or an error. */
#define TORTURE_OK(call) torture_expect(__FILE__, __LINE__, #call, (call), 0)
#define TORTURE_IS(call, result)                                               \
	torture_expect(__FILE__, __LINE__, #call, (call), (result))

/*
 * Read options and environment; print name, mode and seed.
 *
 * CPUSLAB_TORTURE_SECONDS (default: 2) and CPUSLAB_TORTURE_SEED (default: from
 * the clock). A hang ends the process with a failure.
 */
void torture_begin(int argc, char **argv, const char *what);
/* The line @name of a file in /proc/self, in kB. */
long torture_proc_kb(const char *path, const char *name);
/* From here on the library's log is discarded; failures are still printed. */
void torture_quiet(void);
/* Print the last line; returns the exit status. */
int torture_end(void);

void torture_failed(const char *file, int line, const char *what)
	__attribute__((noreturn, cold));
void torture_expect(const char *file, int line, const char *what, long is,
		    long wanted);
/* Where a test would examine something other than the program. */
enum {
	TORTURE_SANITIZER = 1 << 0,
	TORTURE_VALGRIND = 1 << 1,
	TORTURE_EMULATOR = 1 << 2,
	TORTURE_TSAN = 1 << 3,
};
bool torture_is_under(int where);
void torture_skip_under(int where);
/* End with status TORTURE_SKIP. */
void torture_skip(const char *why) __attribute__((noreturn));

extern uint64_t torture_seed;
double torture_seconds(void);
/* Is there time left? Any thread may call it. */
bool torture_running(void);
/* Begin a phase of @seconds, in which torture_running() is true again. */
void torture_phase(double seconds);
/* In atomic mode nothing is released without CPUSLAB_TRIM_QUIESCENT. */
bool torture_atomic(void);

/* A generator of numbers; its state starts with torture_stream(n). */
uint64_t torture_stream(uint64_t n);
uint64_t torture_random(uint64_t *state);
/* In [0, @below). */
uint32_t torture_below(uint64_t *state, uint32_t below);

/* ---- CPUs -------------------------------------------------------- */

/*
 * Make the port believe that numbers [0, @limit) are possible, so that some of
 * them never run. Call it before the first domain is created.
 */
void torture_fake_limit(uint32_t limit);
/* Run on a random allowed CPU; on @cpu, false if that is not allowed. */
void torture_migrate(uint64_t *state);
bool torture_pin(uint32_t cpu);
/* Run anywhere again. */
void torture_unpin(void);
/* The CPUs on which this process may run. */
uint32_t torture_cpus(uint32_t *cpus, uint32_t room);

/*
 * Make one random call of @domain for one of [0, @limit); returns its result.
 */
int torture_storm_call(struct cpuslab_domain *domain, uint32_t limit,
		       uint64_t *state);
/* The same, for domains in which no client refuses. */
void torture_storm_step(struct cpuslab_domain *domain, uint32_t limit,
			uint64_t *state);
/*
 * Wait until released blocks have been freed. False if some never will, which
 * happens only in a child that was forked inside a read section.
 */
bool torture_settle(struct cpuslab_slab *slab);

/*
 * Wait for the child that fork() returned; returns its exit status. One that
 * ends by a signal is a failure. So is one that hangs, which is killed: it may
 * have its signals blocked.
 */
int torture_await(pid_t child);
/* Run @test in a child, which must not fail, but may skip. */
void torture_run_apart(void (*test)(void));

/* ---- signals ----------------------------------------------------------- */

/*
 * Interrupt the calling thread about every @ns with TORTURE_SIGNAL. The handler
 * is process-wide: install it first.
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

/* End the calling thread's registration, and register it again. */
bool torture_rseq_unregister(void);
void torture_rseq_register(void);

#endif /* CPUSLAB_TESTS_TORTURE_H */
