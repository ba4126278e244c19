/* SPDX-License-Identifier: MIT */
/*
 * rcu_thread.c - the thread that runs callbacks after their grace periods.
 *
 * The first callback starts it. Its stack is small, because stacks are locked
 * memory under mlockall(MCL_FUTURE). It lets callbacks gather for a moment, so
 * that a storm of removals costs a few grace periods. If no thread can be
 * started, the next callback tries again, and barriers do the work.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <limits.h>
#include <pthread.h>
#include <time.h>

#include <cpuslab/port_thread.h>
#include <cpuslab/port/thread.h>

#include "private.h"

#define RCU_STACK ((size_t)128 << 10) /* users' destructors run on it */
#define RCU_GATHER_NS 2000000L
#define RCU_RETRY_NS 100000000L
#define RCU_LEAVE_NS 1000000000L

enum {
	RCU_THREAD_NONE,
	RCU_THREAD_STARTING,
	RCU_THREAD_RUNS,
};

static uint32_t rcu_thread_state; /* RCU_THREAD_* */
static bool rcu_thread_stop;      /* W destructor */
static uint32_t rcu_thread_left;  /* 1: it uses nothing any more */
static pthread_t rcu_thread;
static struct cpuslab_port_event rcu_thread_work;
static sigset_t rcu_thread_signals; /* W init */

static bool rcu_thread_stopped(void)
{
	return __atomic_load_n(&rcu_thread_stop, __ATOMIC_ACQUIRE);
}

bool cpuslab__rcu_thread_ends(void)
{
	return rcu_thread_stopped() &&
	       pthread_equal(pthread_self(), rcu_thread);
}

void cpuslab__rcu_thread_init(const sigset_t *program)
{
	rcu_thread_signals = *program;
	cpuslab__signals_allow_faults(&rcu_thread_signals);
}

/*
 * With the program's mask, because destructors are its code. It waits for no
 * other thread that waits for readers, because it may have to leave.
 */
static bool rcu_thread_batch(void)
{
	sigset_t before;
	bool done;

	pthread_sigmask(SIG_SETMASK, &rcu_thread_signals, &before);
	done = cpuslab__rcu_run_batch(false);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return done;
}

/*
 * A destructor may fork: this thread ends in the child, which perhaps has
 * started one of its own.
 */
static bool rcu_thread_goes_on(uint32_t process)
{
	return !rcu_thread_stopped() && process == cpuslab_port_process_epoch();
}

static void *rcu_thread_run(void *arg)
{
	const uint32_t process = cpuslab_port_process_epoch();

	(void)arg;
	while (rcu_thread_goes_on(process)) {
		cpuslab_port_event_wait(&rcu_thread_work);
		if (!cpuslab__rcu_has_work())
			continue;
		cpuslab__pause(RCU_GATHER_NS);
		while (rcu_thread_goes_on(process) && !rcu_thread_batch())
			cpuslab__pause(RCU_RETRY_NS);
	}
	if (rcu_thread_stopped()) {
		__atomic_store_n(&rcu_thread_left, 1, __ATOMIC_RELEASE);
		cpuslab__futex_wake(&rcu_thread_left, 1);
	}
	return NULL;
}

static bool rcu_thread_create(void)
{
	const struct cpuslab__thread_config config = {
		.name = "cpuslab/rcu",
		.stack = RCU_STACK,
		.spreads = true,
	};

	cpuslab_port_event_init(&rcu_thread_work);
	return !cpuslab__thread_create(&rcu_thread, &config, rcu_thread_run,
				       NULL);
}

/* Signals are blocked: the child of a handler that forks has no thread. */
static void rcu_thread_start(void)
{
	uint32_t state = RCU_THREAD_NONE;
	sigset_t before;

	cpuslab__signals_block(&before);
	if (cpuslab_cas_u32(&rcu_thread_state, &state, RCU_THREAD_STARTING)) {
		state = rcu_thread_create() ? RCU_THREAD_RUNS : RCU_THREAD_NONE;
		__atomic_store_n(&rcu_thread_state, state, __ATOMIC_RELEASE);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static uint32_t rcu_thread_now(void)
{
	return __atomic_load_n(&rcu_thread_state, __ATOMIC_ACQUIRE);
}

void cpuslab__rcu_thread_wake(void)
{
	if (rcu_thread_now() == RCU_THREAD_NONE)
		rcu_thread_start();
	/*
	 * Where another thread is starting it, that one sets the event, for
	 * all that was queued until then.
	 */
	if (rcu_thread_now() == RCU_THREAD_RUNS)
		cpuslab_port_event_set(&rcu_thread_work);
}

/* A forked child has no such thread until its first callback. */
void cpuslab__rcu_thread_fork_child(void)
{
	rcu_thread_state = RCU_THREAD_NONE;
}

/*
 * The thread does not wait for readers any more, so it leaves as soon as it
 * runs, which may be late where others run. Only a callback of the program can
 * take long, and perhaps it is that which ends the program: false after a
 * second in the same one. None runs once all slabs and domains are destroyed,
 * so a plugin that did that is not unloaded before the thread has left. Signals
 * may interrupt the wait.
 */
static bool rcu_thread_leaves(void)
{
	uint64_t end = cpuslab_port_clock() + RCU_LEAVE_NS;
	uint32_t calls, before = cpuslab__rcu_calls();

	while (!cpuslab_load_relaxed_u32(&rcu_thread_left)) {
		cpuslab__futex_wait(&rcu_thread_left, 0, RCU_LEAVE_NS);
		calls = cpuslab__rcu_calls();
		if (calls != before ||
		    (!(calls & 1) && !cpuslab__rcu_thread_ends()))
			end = cpuslab_port_clock() + RCU_LEAVE_NS;
		else if (cpuslab_port_clock() >= end)
			return false;
		before = calls;
	}
	return true;
}

/* The library is unloaded, or the program ends. */
__attribute__((destructor(CPUSLAB__FINI_LATE))) static void
rcu_thread_fini(void)
{
	if (rcu_thread_state == RCU_THREAD_RUNS)
		cpuslab__fork_check();
	if (rcu_thread_state != RCU_THREAD_RUNS)
		return;
	__atomic_store_n(&rcu_thread_stop, true, __ATOMIC_RELEASE);
	cpuslab_port_event_set(&rcu_thread_work);
	if (!rcu_thread_leaves())
		return;
	pthread_join(rcu_thread, NULL);
	rcu_thread_state = RCU_THREAD_NONE;
	rcu_thread_stop = false;
	rcu_thread_left = 0;
}
