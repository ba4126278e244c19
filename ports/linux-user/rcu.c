/* SPDX-License-Identifier: MIT */
/*
 * rcu.c - liburcu's bulletproof flavour: threads need no registration.
 *
 * A child that was forked inside a read section (by a handler over a sum, say)
 * inherits liburcu's locks in the middle of something, so it must not use it
 * any more. Such a child counts its read sections instead, and callbacks run
 * only in a barrier that finds the count at zero: correct, and slower.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <sched.h>
#include <signal.h>
#include <urcu-bp.h>
#include <urcu-call-rcu.h>

#include "linux.h"

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

static uint8_t rcu_worker;   /* W call_rcu: liburcu's thread exists */
static bool rcu_fork_inside; /* W fork handlers: in a read section */

/* In a child that was forked inside a read section. */
static bool rcu_counting;             /* W fork handlers */
static uint64_t rcu_readers;          /* sections under way */
static struct cpuslab_rcu *rcu_queue; /* linked by port[0] */

static __thread uint32_t rcu_depth __attribute__((tls_model("initial-exec")));

CPUSLAB_STATIC_ASSERT(sizeof(struct rcu_head) <=
			      sizeof(((struct cpuslab_rcu *)0)->port),
		      "liburcu's head fits");

void cpuslab_port_read_enter(void)
{
	rcu_depth++;
	if (cpuslab_likely(!rcu_counting))
		urcu_bp_read_lock();
	else
		cpuslab_fetch_add_u64(&rcu_readers, 1);
}

void cpuslab_port_read_exit(void)
{
	rcu_tsan_release();
	if (cpuslab_likely(!rcu_counting))
		urcu_bp_read_unlock();
	else
		cpuslab_fetch_add_u64(&rcu_readers, (uint64_t)-1);
	rcu_depth--;
}

static void rcu_called(struct rcu_head *head)
{
	struct cpuslab_rcu *rcu = (struct cpuslab_rcu *)head;

	rcu_tsan_acquire();
	rcu->call(rcu);
}

/*
 * liburcu's worker runs on when this library is unloaded with dlclose(): its
 * code has to stay.
 */
static void rcu_pin_liburcu(void)
{
	Dl_info liburcu, ours;

	if (!dladdr((void *)(uintptr_t)urcu_bp_call_rcu, &liburcu) ||
	    !dladdr(&rcu_worker, &ours) || liburcu.dli_fbase == ours.dli_fbase)
		return;
	dlopen(liburcu.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}

/* The worker inherits the signal mask: it must not run others' handlers. */
static void rcu_start_worker(void)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	rcu_pin_liburcu();
	urcu_bp_get_default_call_rcu_data();
	cpuslab_store_release_u8(&rcu_worker, 1);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void rcu_queue_push(struct cpuslab_rcu *rcu)
{
	struct cpuslab_rcu *first = cpuslab_load_relaxed_ptr(&rcu_queue);

	do {
		rcu->port[0] = first;
	} while (!__atomic_compare_exchange_n(&rcu_queue, &first, rcu, false,
					      __ATOMIC_SEQ_CST,
					      __ATOMIC_RELAXED));
}

/* Take the queue first: sections that begin later cannot know what is in it. */
static void rcu_queue_run(void)
{
	struct cpuslab_rcu *rcu =
		__atomic_exchange_n(&rcu_queue, NULL, __ATOMIC_SEQ_CST);

	while (cpuslab_fetch_add_u64(&rcu_readers, 0))
		sched_yield();
	while (rcu) {
		struct cpuslab_rcu *next = rcu->port[0];

		rcu->call(rcu);
		rcu = next;
	}
}

void cpuslab_port_call_rcu(struct cpuslab_rcu *rcu,
			   void (*call)(struct cpuslab_rcu *rcu))
{
	rcu->call = call;
	if (rcu_counting) {
		rcu_queue_push(rcu);
		return;
	}
	if (!cpuslab_load_acquire_u8(&rcu_worker))
		rcu_start_worker();
	rcu_tsan_release();
	urcu_bp_call_rcu((struct rcu_head *)rcu, rcu_called);
}

int cpuslab_port_rcu_barrier(void)
{
	if (rcu_counting) {
		rcu_queue_run();
		/* Those of before the fork were the worker's. */
		return -CPUSLAB_ENOSYS;
	}
	if (cpuslab_load_acquire_u8(&rcu_worker))
		urcu_bp_barrier();
	return CPUSLAB_OK;
}

/* ---- around a fork ----------------------------------------------------- */

/* First: the worker may need our mutexes to come to rest. */
void cpuslab__rcu_fork_rest(void)
{
	/* liburcu's locks may be held by who waits for our own section. */
	rcu_fork_inside = rcu_depth > 0;
	if (!rcu_counting && !rcu_fork_inside && rcu_worker)
		urcu_bp_call_rcu_before_fork();
}

/* Last: with all mutexes taken. Signals stay blocked until after the fork. */
void cpuslab__rcu_fork_prepare(void)
{
	if (!rcu_counting && !rcu_fork_inside)
		urcu_bp_before_fork();
}

void cpuslab__rcu_fork_parent(void)
{
	if (!rcu_counting && !rcu_fork_inside)
		urcu_bp_after_fork_parent();
}

void cpuslab__rcu_fork_child(void)
{
	if (rcu_counting) {
		/* The other threads' sections ended with them. */
		rcu_readers = rcu_depth;
	} else if (rcu_fork_inside) {
		rcu_counting = true;
		rcu_readers = rcu_depth;
	} else {
		urcu_bp_after_fork_child();
	}
}

void cpuslab__rcu_fork_work(bool child)
{
	if (rcu_counting || rcu_fork_inside || !rcu_worker)
		return;
	if (child)
		urcu_bp_call_rcu_after_fork_child();
	else
		urcu_bp_call_rcu_after_fork_parent();
}
