/* SPDX-License-Identifier: MIT */
/*
 * private.h - what the files of this port share.
 */
#ifndef CPUSLAB_LINUX_USER_PRIVATE_H
#define CPUSLAB_LINUX_USER_PRIVATE_H

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include <cpuslab/port.h>

/* system.c */
/* What is initialised once. @program: the signal mask of the program. */
void cpuslab__system_init(const sigset_t *program);
/* May a system call that improves things end the process? */
bool cpuslab__calls_are_filtered(void);
/* The time in @ns, less than a second. */
struct timespec cpuslab__deadline(clockid_t clock, long ns);

/* fence.c: register this process with membarrier; false if it may not. */
bool cpuslab__fence_init(void);
/* fence_pinned_thread.c: run our thread on @cpu once, or -CPUSLAB_EAGAIN. */
int cpuslab__fence_by_pinned_thread(uint32_t cpu);
/* For tests: behave as if membarrier were blocked. */
extern bool cpuslab__fence_no_membarrier;

/*
 * Without it glibc allocates a thread's part of a module that dlopen() has
 * loaded when it is first used, which may be in a signal handler. musl refuses
 * the model in such a module, and allocates in dlopen().
 */
#ifdef __GLIBC__
#define CPUSLAB__TLS_MODEL __attribute__((tls_model("initial-exec")))
#else
#define CPUSLAB__TLS_MODEL
#endif

/* What each thread has. No more: all copies share little static memory. */
struct cpuslab__thread {
	uint64_t section; /* read.c; 0: in no read section */
	uint32_t held;    /* mutexes */
	bool no_rseq;     /* registration.c; it is not to be registered */
};
extern __thread struct cpuslab__thread cpuslab__thread CPUSLAB__TLS_MODEL;

/* system.c */
/* Until cpuslab__cancel_restore() the calling thread cannot be cancelled. */
int cpuslab__cancel_disable(void);
void cpuslab__cancel_restore(int before);

/* system.c; errno is preserved, and neither can be cancelled */
/*
 * Wait while *@word is @value, for at most @ns; negative: without limit.
 * Returns false after @ns.
 */
bool cpuslab__futex_wait(uint32_t *word, uint32_t value, long ns);
void cpuslab__futex_wake(uint32_t *word, int threads);
void cpuslab__pause(long ns);

/* thread.c */
/* Remove those that a thread causes itself from a mask. */
void cpuslab__signals_allow_faults(sigset_t *signals);
/* The signals that a thread does not cause itself. */
void cpuslab__signals_asynchronous(sigset_t *signals);
/* The caller's mask, for the program's code on a thread of the library. */
void cpuslab__signals_program(sigset_t *signals);
/* Block the asynchronous ones. *before: what pthread_sigmask() restores. */
void cpuslab__signals_block(sigset_t *before);

struct cpuslab__thread_config {
	char name[16];
	const sigset_t *signals; /* to block; NULL: the asynchronous ones */
	size_t stack; /* bytes for the thread's code; 0: the usual stack */
	bool spreads; /* runs where the process may, not the creator */
};
/*
 * Start a thread of the library, of the default policy and the process' nice
 * value. -CPUSLAB_EAGAIN.
 */
int cpuslab__thread_create(pthread_t *thread,
			   const struct cpuslab__thread_config *config,
			   void *(*run)(void *arg), void *arg);

/* stack.c: the size of a stack that has @promised bytes for code. */
size_t cpuslab__stack_size(size_t promised);

/* registration.c */
/*
 * In rseq mode: the CPU of the calling thread, which is registered if that is
 * this library's task. In a thread without registration it is beyond any limit.
 */
uint32_t cpuslab__rseq_cpu(void);
/* Log what operations could not log. */
void cpuslab__registration_log(void);
/* For tests: behave as if the kernel had no concurrency ids. */
extern bool cpuslab__cids_refused;

/* process.c */
/* In a process that was restored from a checkpoint, notice children again. */
void cpuslab__process_renew(void);
void cpuslab__process_fork_child(void);

/* fork.c */
/* Initialise all that the first operation needs; may be repeated. */
void cpuslab__linux_init(void);
/* Is the calling thread in fork()? */
bool cpuslab__fork_is_mine(void);
/*
 * Wait until forks have given up something since this was their turn. False if
 * that takes too long, and then at once until a fork has ended.
 */
uint32_t cpuslab__fork_turn(void);
bool cpuslab__fork_wait(uint32_t turn);
/* Wait for a moment if another thread is in fork(). */
void cpuslab__fork_let_pass(void);
/* Forks reserve this mutex, until it is delisted. */
void cpuslab__fork_enlist(struct cpuslab_port_mutex *mutex);
void cpuslab__fork_delist(struct cpuslab_port_mutex *mutex);
/*
 * If this is a child whose fork handlers did not run, do what they do, or wait
 * until another thread has done it. Any context.
 */
void cpuslab__fork_check(void);
/* The priority of destructors that run after fork_fini() (fork.c). */
#define CPUSLAB__FINI_LATE 65534

/* region.c */
extern struct cpuslab_port_mutex cpuslab__region_mutex;
/* For tests: behave as if address space were refused. */
extern bool cpuslab__region_refused;

/* mutex.c */
/* Does a domain or a slab exist? */
bool cpuslab__mutex_any(void);
/* Does the calling thread hold it? */
bool cpuslab__mutex_is_mine(const struct cpuslab_port_mutex *mutex);
/* False if another thread holds it. */
bool cpuslab__mutex_reserve(struct cpuslab_port_mutex *mutex);
void cpuslab__mutex_unreserve(struct cpuslab_port_mutex *mutex);
void cpuslab__mutex_fork_child(struct cpuslab_port_mutex *mutex);

/* read.c */
/*
 * Wait until all read sections that exist now have ended; one at a time. False
 * in the thread of rcu_thread.c if that must end before.
 */
bool cpuslab__read_wait(void);
/* Is the calling thread in a read section? */
bool cpuslab__read_inside(void);
void cpuslab__read_fork_child(void);

/*
 * sum.c: restart the sums in progress, so that they use nothing that was
 * replaced before. False if the system cannot; one at a time.
 */
bool cpuslab__sums_restart(void);
/* Before the first sum: can they be restarted at all? */
void cpuslab__sums_init(bool restartable);

/* rcu.c */
extern struct cpuslab_port_mutex cpuslab__rcu_call_mutex;
/*
 * Wait for a grace period and run what is queued. May take long. False if some
 * of it could not be run; if not @wait, also if another thread is at it.
 */
bool cpuslab__rcu_run_batch(bool wait);
bool cpuslab__rcu_has_work(void);
/* A number for each callback while it runs, which is odd, and after it. */
uint32_t cpuslab__rcu_calls(void);
void cpuslab__rcu_fork_child(void);

/* binding.c */
void cpuslab__binding_fork_child(void);

/* rcu_thread.c: something was queued */
void cpuslab__rcu_thread_wake(void);
/* With the signal mask of the thread that creates the first domain. */
void cpuslab__rcu_thread_init(const sigset_t *program);
void cpuslab__rcu_thread_fork_child(void);
/* Must the calling thread end, which runs callbacks? */
bool cpuslab__rcu_thread_ends(void);

/* For ThreadSanitizer, which does not know fences. */
#if defined(__SANITIZE_THREAD__)
#define CPUSLAB__TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CPUSLAB__TSAN 1
#endif
#endif

#endif /* CPUSLAB_LINUX_USER_PRIVATE_H */
