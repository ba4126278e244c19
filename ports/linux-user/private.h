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
/* Initialise all that the first operation needs; may be repeated. */
void cpuslab__linux_init(void);
/* The time in @ns, less than a second. */
struct timespec cpuslab__deadline(clockid_t clock, long ns);

/* fence.c: register this process with membarrier, or note that it may not. */
void cpuslab__fence_init(void);
/* fence_pinned_thread.c: run our thread on @cpu once, or -CPUSLAB_EAGAIN. */
int cpuslab__fence_by_pinned_thread(uint32_t cpu);
/* For tests: behave as if membarrier were blocked. */
extern bool cpuslab__fence_no_membarrier;

/* thread.c */
/* Block all signals. *before: what pthread_sigmask() restores. */
void cpuslab__signals_block(sigset_t *before);
/*
 * As pthread_create(), with all signals blocked in the thread.
 * -CPUSLAB_EAGAIN.
 */
int cpuslab__thread_create(pthread_t *thread, const pthread_attr_t *attr,
			   void *(*run)(void *arg), void *arg);

/* process.c */
/*
 * The epoch of this process, never 0: a forked child has another one than the
 * process had when it was first asked for. Any context, signal handlers too.
 */
uint32_t cpuslab__process_epoch(void);
void cpuslab__process_fork_child(void);

/* fork.c */
void cpuslab__fork_init(void);

/* region.c */
void cpuslab__region_init(void);
/* For tests: behave as if address space were refused. */
extern bool cpuslab__region_refused;

/* mutex.c: does a domain or a slab exist? */
bool cpuslab__mutex_any(void);
/* For a mutex that is initialised statically: forks take it as well. */
void cpuslab__mutex_enlist(struct cpuslab_port_mutex *mutex);
/* Around a fork. */
void cpuslab__mutex_keep(struct cpuslab_port_mutex *mutex);
void cpuslab__mutex_unkeep(struct cpuslab_port_mutex *mutex);
void cpuslab__mutex_fork_prepare(void);
void cpuslab__mutex_fork_done(void);

/* rcu.c */
void cpuslab__rcu_init(void);
/* Wait for a grace period and run what is queued. May take long. */
void cpuslab__rcu_run_batch(void);
bool cpuslab__rcu_has_work(void);
/* Around a fork, in this order. */
void cpuslab__rcu_fork_rest(void);
void cpuslab__rcu_fork_prepare(void);
void cpuslab__rcu_fork_parent(void);
void cpuslab__rcu_fork_child(void);
void cpuslab__rcu_fork_done(void);

/* binding.c, around a fork */
void cpuslab__binding_fork_prepare(void);
void cpuslab__binding_fork_parent(void);
void cpuslab__binding_fork_child(void);

/* rcu_thread.c: something was queued */
void cpuslab__rcu_thread_wake(void);
void cpuslab__rcu_thread_fork_child(void);

/* For ThreadSanitizer, which does not know liburcu's fences. */
#if defined(__SANITIZE_THREAD__)
#define CPUSLAB__TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CPUSLAB__TSAN 1
#endif
#endif

#endif /* CPUSLAB_LINUX_USER_PRIVATE_H */
