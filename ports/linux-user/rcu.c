/* SPDX-License-Identifier: MIT */
/*
 * rcu.c - read sections by liburcu's bulletproof flavour (threads need no
 * registration), and callbacks after its grace periods.
 *
 * Callbacks are not given to liburcu's call_rcu(): its worker has a stack of
 * the default size, which is locked memory under mlockall(MCL_FUTURE), and
 * liburcu aborts the program if that is refused. Ours (rcu_thread.c) has a
 * small stack, and without a thread callbacks wait for the next barrier.
 *
 * A child that was forked inside a read section (by a handler that interrupted
 * a sum, say) inherits liburcu's locks in an unknown state, so it must not use
 * liburcu any more. Such a child counts its read sections instead, which is
 * correct but slower.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <sched.h>
#include <signal.h>
#include <urcu-bp.h>

#include <cpuslab/port/rcu_queue.h>

#include "private.h"

#ifdef CPUSLAB__TSAN
void __tsan_acquire(void *addr);
void __tsan_release(void *addr);
static char rcu_grace; /* readers' ends happen before callbacks */
#define rcu_tsan_acquire() __tsan_acquire(&rcu_grace)
#define rcu_tsan_release() __tsan_release(&rcu_grace)
#else
#define rcu_tsan_acquire() ((void)0)
#define rcu_tsan_release() ((void)0)
#endif

/* In a child that was forked inside a read section. */
static bool rcu_counting;    /* W fork handlers */
static uint64_t rcu_readers; /* depths of all threads */

static __thread uint32_t rcu_depth __attribute__((tls_model("initial-exec")));
/* This thread's share of rcu_readers. */
static __thread uint32_t rcu_counted __attribute__((tls_model("initial-exec")));

/* Make our share what it should be; no handler, which may fork, in between. */
static void rcu_count(void)
{
	sigset_t before;

	cpuslab__signals_block(&before);
	cpuslab_fetch_add_u64(&rcu_readers, (uint64_t)rcu_depth - rcu_counted);
	rcu_counted = rcu_depth;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/*
 * Between any two statements a signal handler may enter a read section, or fork
 * and continue in a child that counts. So depth is incremented first and
 * decremented last, a fork with a nonzero depth counts as inside a section, and
 * rcu_counting is tested after the increment.
 */
void cpuslab_port_read_enter(void)
{
	rcu_depth++;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (cpuslab_likely(!rcu_counting))
		urcu_bp_read_lock();
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (cpuslab_unlikely(rcu_counting))
		rcu_count();
}

void cpuslab_port_read_exit(void)
{
	rcu_tsan_release();
	if (cpuslab_likely(!rcu_counting))
		urcu_bp_read_unlock();
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	rcu_depth--;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (cpuslab_unlikely(rcu_counting))
		rcu_count();
}

static void rcu_synchronize(void)
{
	if (!rcu_counting)
		urcu_bp_synchronize_rcu();
	else
		/* Sections that begin now cannot know what is in the batch. */
		while (cpuslab_fetch_add_u64(&rcu_readers, 0))
			sched_yield();
	rcu_tsan_acquire();
}

static struct cpuslab__rcu_queue rcu_queue = {
	.mutex = { .mutex = PTHREAD_MUTEX_INITIALIZER },
	.synchronize = rcu_synchronize,
};

void cpuslab__rcu_run_batch(void)
{
	cpuslab__rcu_queue_run(&rcu_queue);
}

bool cpuslab__rcu_has_work(void)
{
	return cpuslab__rcu_queue_has(&rcu_queue);
}

void cpuslab_port_call_rcu(struct cpuslab_rcu *rcu,
			   void (*call)(struct cpuslab_rcu *rcu))
{
	cpuslab__rcu_queue_push(&rcu_queue, rcu, call);
	cpuslab__rcu_thread_wake();
}

int cpuslab_port_rcu_barrier(void)
{
	cpuslab__rcu_queue_drain(&rcu_queue);
	return rcu_counting ? -CPUSLAB_ENOSYS : CPUSLAB_OK;
}

/*
 * A thread that has read runs liburcu's code when it exits: that must stay
 * when this library is unloaded with dlclose().
 */
void cpuslab__rcu_init(void)
{
	Dl_info liburcu, ours;

	if (!dladdr((void *)(uintptr_t)urcu_bp_synchronize_rcu, &liburcu) ||
	    !dladdr(&rcu_queue, &ours) || liburcu.dli_fbase == ours.dli_fbase)
		return;
	dlopen(liburcu.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}

/* ---- around a fork ------------------------------------------------------ */

/* A batch may wait for the section that this thread is in. */
static bool rcu_fork_inside(void)
{
	return rcu_depth > 0;
}

/* Called first: a batch in progress may need the other mutexes to end. */
void cpuslab__rcu_fork_rest(void)
{
	if (!rcu_fork_inside())
		cpuslab__mutex_keep(&rcu_queue.mutex);
}

/* Last: with all mutexes taken. */
void cpuslab__rcu_fork_prepare(void)
{
	if (!rcu_counting && !rcu_fork_inside())
		urcu_bp_before_fork();
}

void cpuslab__rcu_fork_parent(void)
{
	if (!rcu_counting && !rcu_fork_inside())
		urcu_bp_after_fork_parent();
}

/* The other threads and their sections are not here. */
void cpuslab__rcu_fork_child(void)
{
	if (!rcu_counting && !rcu_fork_inside()) {
		urcu_bp_after_fork_child();
		return;
	}
	rcu_counting = true;
	rcu_counted = rcu_depth;
	rcu_readers = rcu_depth;
	if (rcu_fork_inside()) {
		/* The worker may have held it. */
		pthread_mutex_init(&rcu_queue.mutex.mutex, NULL);
		rcu_queue.mutex.holder = NULL;
	}
}

void cpuslab__rcu_fork_done(void)
{
	if (!rcu_fork_inside())
		cpuslab__mutex_unkeep(&rcu_queue.mutex);
}
