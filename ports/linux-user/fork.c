/* SPDX-License-Identifier: MIT */
/*
 * fork.c - keep everything usable in a forked child, without handlers in the
 * program, in any order of other handlers, and with any number of copies of
 * cpuslab in the process.
 *
 * A fork lets threads finish what they do under mutexes and then reserves all
 * of them. Meanwhile a thread that holds none waits before it locks one. A
 * holder that takes too long is in a callback of the program, which may even
 * wait for the forking thread. It keeps its mutex, which is lost to the child:
 * calls that need it fail there with -CPUSLAB_EBUSY. Operations and sums need
 * no mutex.
 *
 * Each wait is bounded.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <limits.h>
#include <pthread.h>
#include <signal.h>

#include "private.h"

#define FORK_WAIT_NS 1000000000u    /* for holders */
#define FORK_WAIT_HELD_NS 20000000u /* by a holder, which they may wait for */
#define FORK_PAUSE_NS 100000L       /* between attempts */
#define FORK_STUCK_NS 10000000u     /* without progress */
#define FORK_PASS_NS 1000000000L    /* how long other threads wait for a fork */
#define FORK_LOOK_NS 1000000L       /* between their looks, at first */
#define FORK_LOOK_MAX_NS 8000000L
#define FORK_CLOSE_NS 10000000L /* to come to a handler, or away from it */

static uint32_t fork_process;   /* the epoch of the state; 0: not initialised */
static uint32_t fork_claimed;   /* the epoch that a thread sets it up for */
static cpuslab_word fork_owner; /* thread id; W, R any */
static uint32_t fork_depth;     /* forks by handlers of that fork; W owner */
static uint32_t fork_begun;     /* forks; W, R any */
static uint32_t fork_ended;     /* of them */
static uint32_t fork_turn;   /* changes when mutexes are given up; W, R any */
static uint32_t fork_inside; /* threads in the parent's handlers; W, R any */
static bool fork_used;       /* by this process; W any */
static bool fork_closing;    /* a fork reserves nothing; W destructor */
static char fork_module;     /* its address names the handlers */
/* A thread has waited in vain, so none waits until a fork has ended. */
static uint32_t fork_late; /* W, R any */

/* The list is complete at any moment; a child may walk it without the mutex. */
static struct cpuslab_port_mutex fork_list_mutex;
static struct cpuslab_port_mutex *fork_list = /* W mutex */
	&cpuslab__region_mutex;

int __register_atfork(void (*prepare)(void), void (*parent)(void),
		      void (*child)(void), void *module) __attribute__((weak));
void __cxa_finalize(void *module) __attribute__((weak));

static uint64_t fork_self(void)
{
	return (uint64_t)(uintptr_t)cpuslab_port_thread_id();
}

bool cpuslab__fork_is_mine(void)
{
	return cpuslab_load_relaxed_u64(&fork_owner) == fork_self();
}

uint32_t cpuslab__fork_turn(void)
{
	return cpuslab_load_acquire_u32(&fork_turn);
}

/*
 * In steps, because a fork that ends wakes no thread: it would run before the
 * forking thread returns, and perhaps for a long time.
 */
static bool fork_wait(uint32_t *word, uint32_t value)
{
	long ns = FORK_LOOK_NS, waited;

	for (waited = 0; waited < FORK_PASS_NS; waited += ns) {
		if (waited && ns < FORK_LOOK_MAX_NS)
			ns *= 2;
		if (cpuslab_load_relaxed_u32(&fork_late))
			return false;
		if (cpuslab__futex_wait(word, value, ns))
			return true;
	}
	cpuslab_store_relaxed_u32(&fork_late, 1);
	return false;
}

bool cpuslab__fork_wait(uint32_t turn)
{
	return fork_wait(&fork_turn, turn);
}

static bool fork_is_closing(void)
{
	/* [fork.close] pairs with fork_fini(). */
	return __atomic_load_n(&fork_closing, __ATOMIC_SEQ_CST);
}

static bool fork_is_pending(uint32_t begun, uint32_t ended)
{
	return (int32_t)(begun - ended) > 0 && !fork_is_closing();
}

/* Those that have begun, not those that begin meanwhile. */
void cpuslab__fork_let_pass(void)
{
	uint32_t begun = cpuslab_load_relaxed_u32(&fork_begun);
	uint32_t ended = cpuslab_load_acquire_u32(&fork_ended);

	if (cpuslab_likely(!fork_is_pending(begun, ended)) ||
	    cpuslab__fork_is_mine())
		return;
	while (fork_is_pending(begun, ended) && fork_wait(&fork_ended, ended))
		ended = cpuslab_load_acquire_u32(&fork_ended);
}

/* False to a handler that forks and has interrupted the holder. */
static bool fork_list_lock(void)
{
	if (cpuslab__mutex_is_mine(&fork_list_mutex))
		return false;
	cpuslab_port_mutex_lock(&fork_list_mutex);
	return true;
}

static void fork_list_unlock(bool locked)
{
	if (locked)
		cpuslab_port_mutex_unlock(&fork_list_mutex);
}

void cpuslab__fork_enlist(struct cpuslab_port_mutex *mutex)
{
	cpuslab_port_mutex_lock(&fork_list_mutex);
	mutex->next = fork_list;
	cpuslab_store_release_ptr(&fork_list, mutex);
	cpuslab_port_mutex_unlock(&fork_list_mutex);
}

void cpuslab__fork_delist(struct cpuslab_port_mutex *mutex)
{
	struct cpuslab_port_mutex **at = &fork_list;

	cpuslab_port_mutex_lock(&fork_list_mutex);
	while (*at != mutex)
		at = &(*at)->next;
	cpuslab_store_release_ptr(at, mutex->next);
	cpuslab_port_mutex_unlock(&fork_list_mutex);
}

/* How many are held by other threads. */
static uint32_t fork_reserve(void)
{
	struct cpuslab_port_mutex *mutex;
	bool locked = fork_list_lock();
	uint32_t held = 0;

	for (mutex = fork_list; mutex; mutex = mutex->next)
		held += !cpuslab__mutex_reserve(mutex);
	fork_list_unlock(locked);
	return held;
}

static void fork_unreserve(void)
{
	struct cpuslab_port_mutex *mutex;
	bool locked = fork_list_lock();

	for (mutex = fork_list; mutex; mutex = mutex->next)
		cpuslab__mutex_unreserve(mutex);
	fork_list_unlock(locked);
}

static bool fork_begin(void)
{
	uint64_t none = 0;

	return cpuslab_cas_u64(&fork_owner, &none, fork_self());
}

static void fork_give_up(void)
{
	fork_unreserve();
	cpuslab_store_release_u64(&fork_owner, 0);
	cpuslab_fetch_add_u32(&fork_turn, 1);
}

/*
 * Reserve what is free until @end. Without progress, let go of everything for a
 * moment: the holder of one mutex may wait for another, or fork.
 */
static bool fork_try(uint64_t end)
{
	uint64_t now = cpuslab_port_clock(), stuck = now + FORK_STUCK_NS;
	uint32_t held, fewest = UINT32_MAX;

	while ((held = fork_reserve()) && now < end && !fork_is_closing()) {
		if (held < fewest) {
			fewest = held;
			stuck = now + FORK_STUCK_NS;
		} else if (now > stuck) {
			fork_give_up();
			cpuslab__futex_wake(&fork_turn, INT_MAX);
			return false;
		}
		cpuslab__pause(FORK_PAUSE_NS);
		now = cpuslab_port_clock();
	}
	return true;
}

static void fork_reserve_all(void)
{
	uint64_t end =
		cpuslab_port_clock() +
		(cpuslab__thread.held ? FORK_WAIT_HELD_NS : FORK_WAIT_NS);

	if (cpuslab__fork_is_mine()) {
		fork_depth++;
		return;
	}
	cpuslab_fetch_add_u32(&fork_begun, 1);
	while (!fork_is_closing() && (!fork_begin() || !fork_try(end))) {
		if (cpuslab_port_clock() > end)
			return;
		cpuslab__pause(FORK_PAUSE_NS);
	}
}

static uint32_t fork_enter(void)
{
	uint32_t process = cpuslab_port_process_epoch();

	cpuslab_fetch_add_u32(&fork_inside, 1);
	return process;
}

/* A handler may have forked: nothing is inside in its child. */
static void fork_leave(uint32_t process)
{
	if (process == cpuslab_port_process_epoch())
		cpuslab_fetch_add_u32(&fork_inside, (uint32_t)-1);
}

static void fork_prepare(void)
{
	uint32_t process;

	cpuslab__fork_check();
	process = fork_enter();
	__atomic_store_n(&fork_used, true, __ATOMIC_RELAXED);
	fork_reserve_all();
	fork_leave(process);
}

static void fork_end(void)
{
	cpuslab_store_relaxed_u32(&fork_late, 0);
	cpuslab_fetch_add_u32(&fork_ended, 1);
}

static void fork_release_all(void)
{
	if (cpuslab__fork_is_mine()) {
		if (fork_depth) {
			fork_depth--;
			return;
		}
		fork_give_up();
	}
	fork_end();
}

static void fork_parent(void)
{
	uint32_t process = fork_enter();

	fork_release_all();
	fork_leave(process);
}

/* ---- a child ------------------------------------------------------------ */

/* Of mutexes, and of a fork that this process does not make. */
static void fork_reset(void)
{
	struct cpuslab_port_mutex *mutex;

	if (!cpuslab__mutex_is_mine(&fork_list_mutex))
		memset(&fork_list_mutex, 0, sizeof(fork_list_mutex));
	for (mutex = fork_list; mutex; mutex = mutex->next)
		cpuslab__mutex_fork_child(mutex);
	fork_depth = 0;
	fork_inside = 0;
	fork_used = false;
	/* The process may use this before it has noticed that it is a child. */
	cpuslab_store_relaxed_u64(&fork_owner, 0);
	cpuslab_store_release_u32(&fork_ended,
				  cpuslab_load_relaxed_u32(&fork_begun));
	cpuslab_store_relaxed_u32(&fork_late, 0);
}

static void fork_child(void)
{
	fork_reset();
	cpuslab__read_fork_child();
	cpuslab__rcu_fork_child();
	cpuslab__rcu_thread_fork_child();
	cpuslab__binding_fork_child();
}

/*
 * The epoch ends here if nothing else has ended it, and no call in another
 * handler. Without one a thread of the parent was initialising.
 */
static void fork_child_handler(void)
{
	const uint32_t process = cpuslab_load_acquire_u32(&fork_process);

	if (!process) {
		fork_reset();
		return;
	}
	if (fork_ended != fork_begun && process == cpuslab_port_process_epoch())
		cpuslab__process_fork_child();
	cpuslab__fork_check();
}

/*
 * In glibc a module's handlers are called until all its destructors have run.
 * These shall end before, so they are those of a module that does not exist.
 */
static void fork_register(void)
{
	if (__register_atfork && __cxa_finalize)
		__register_atfork(fork_prepare, fork_parent, fork_child_handler,
				  &fork_module);
	else
		pthread_atfork(fork_prepare, fork_parent, fork_child_handler);
}

static void fork_unregister(void)
{
	if (__register_atfork && __cxa_finalize)
		__cxa_finalize(&fork_module);
}

static void fork_init(sigset_t *program)
{
	fork_reset();
	cpuslab__system_init(program);
	fork_register();
}

/*
 * One thread of a process does this, and others wait. A child that is forked
 * meanwhile has another epoch, so it begins again. A handler over this thread
 * would wait for itself.
 */
static void fork_set_up(void)
{
	uint32_t process, found = cpuslab_load_relaxed_u32(&fork_claimed);
	int cancel = cpuslab__cancel_disable();
	sigset_t before;

	cpuslab__signals_block(&before);
	process = cpuslab_port_process_epoch();
	if (found != process &&
	    cpuslab_cas_u32(&fork_claimed, &found, process)) {
		if (fork_process)
			fork_child();
		else
			fork_init(&before);
		cpuslab_store_release_u32(&fork_process, process);
		cpuslab__futex_wake(&fork_process, INT_MAX);
	}
	while ((found = cpuslab_load_acquire_u32(&fork_process)) != process)
		cpuslab__futex_wait(&fork_process, found, -1);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	cpuslab__cancel_restore(cancel);
}

void cpuslab__fork_check(void)
{
	/* Of 0: there is no page yet that has the epoch. */
	const uint32_t process = cpuslab_load_acquire_u32(&fork_process);

	if (cpuslab_unlikely(process &&
			     process != cpuslab_port_process_epoch()))
		fork_set_up();
}

void cpuslab__linux_init(void)
{
	if (cpuslab_load_acquire_u32(&fork_process) !=
	    cpuslab_port_process_epoch())
		fork_set_up();
}

static bool fork_is_open(bool reserved)
{
	return cpuslab_load_acquire_u32(&fork_inside) ||
	       (reserved && cpuslab_load_relaxed_u64(&fork_owner));
}

/* For a while, because a handler may wait for this thread, or be its own. */
static void fork_await(bool reserved)
{
	uint64_t end = cpuslab_port_clock() + FORK_PASS_NS;

	while (fork_is_open(reserved) && cpuslab_port_clock() < end)
		cpuslab__pause(FORK_PAUSE_NS);
}

/*
 * When the library is unloaded, other threads may be in fork(), or begin one.
 * The C library does not wait until they have left the handlers. First let them
 * give up what they have reserved, because nothing calls a handler that is no
 * longer registered; then leave the handlers, and the few instructions before
 * and after them that cannot be counted.
 */
__attribute__((destructor)) static void fork_fini(void)
{
	/*
	 * [fork.close] Pairs with fork_is_closing(): a fork reserves nothing,
	 * or we find it inside.
	 */
	__atomic_store_n(&fork_closing, true, __ATOMIC_SEQ_CST);
	cpuslab_fence();
	if (!cpuslab__fork_is_mine())
		fork_await(true);
	fork_unregister();
	if (!__atomic_load_n(&fork_used, __ATOMIC_RELAXED))
		return;
	fork_await(false);
	cpuslab__pause(FORK_CLOSE_NS);
}
