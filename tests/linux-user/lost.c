/* SPDX-License-Identifier: MIT */
/*
 * lost.c - a signal handler forks over a thread that waits for a mutex, or is
 * about to take it, while another thread holds it: in the child the call is
 * refused, because the mutex is lost. Threads of a child without fork handlers
 * that all make its first call.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cpuslab/client.h>
#include <cpuslab/cpuslab.h>

#include "private.h"
#include "structures/stack_internal.h"
#include "torture/step.h"
#include "torture/torture.h"

#define LOST_ABSENT 5u /* a CPU that does not exist */
#define LOST_SECONDS 30u
#define LOST_US 50000u /* until a call waits */

static struct cpuslab_domain *domain;
static struct cpuslab_slab *slab;

static void lost_set(bool *flag)
{
	__atomic_store_n(flag, true, __ATOMIC_RELEASE);
}

static bool lost_is_set(const bool *flag)
{
	return __atomic_load_n(flag, __ATOMIC_ACQUIRE);
}

static void lost_await(const bool *flag)
{
	while (!lost_is_set(flag))
		usleep(100);
}

/* In atomic mode blocks are retained, which is no error. */
static int lost_error(int result)
{
	return result < 0 ? result : CPUSLAB_OK;
}

/* Without fork handlers. */
static pid_t lost_clone(void)
{
	return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

/* ---- a call that waits --------------------------------------------------- */

static bool holder_inside, holder_over;
static struct cpuslab_percpu waiting_handle;
static struct cpuslab_stack waiting_stack;
static pid_t (*waiting_fork)(void);
static pid_t waiting_child; /* 0 in the child */

static void holder_hold(void)
{
	if (lost_is_set(&holder_inside))
		return;
	lost_set(&holder_inside);
	lost_await(&holder_over);
}

static int holder_ctor(void *object, uint32_t cpu, void *arg)
{
	(void)object;
	(void)cpu;
	(void)arg;
	holder_hold();
	return CPUSLAB_OK;
}

static const struct cpuslab_type holder_type = {
	.name = "holder",
	.size = 8,
	.ctor = holder_ctor,
};

static const struct cpuslab_type waiting_type = {
	.name = "waiting",
	.size = 8,
	.counters = 1,
};

static void *holder_of_slab(void *arg)
{
	struct cpuslab_percpu handle;

	TORTURE_OK(cpuslab_alloc(slab, &holder_type, &handle));
	TORTURE_OK(cpuslab_free(slab, &handle));
	return arg;
}

static int holder_start(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	if (cpu == LOST_ABSENT)
		holder_hold();
	return CPUSLAB_OK;
}

static const struct cpuslab_client_ops holder_ops = { .start = holder_start };

static void *holder_of_domain(void *arg)
{
	TORTURE_OK(cpuslab_domain_add_complete(domain, LOST_ABSENT));
	TORTURE_OK(cpuslab_domain_remove(domain, LOST_ABSENT));
	return arg;
}

static int waiting_alloc(void)
{
	struct cpuslab_percpu handle;
	int err = cpuslab_alloc(slab, &waiting_type, &handle);

	if (!err)
		TORTURE_OK(cpuslab_free(slab, &handle));
	return err;
}

static int waiting_free(void)
{
	int err = cpuslab_free(slab, &waiting_handle);

	if (!err)
		TORTURE_OK(cpuslab_alloc(slab, &waiting_type, &waiting_handle));
	return err;
}

static int waiting_trim(void)
{
	return lost_error(cpuslab_slab_trim(slab, 0));
}

static int waiting_check(void)
{
	return cpuslab_slab_check(slab);
}

static int waiting_drain(void)
{
	return cpuslab__stack_drain_all(&waiting_stack);
}

static int waiting_add(void)
{
	int err = cpuslab_domain_add_complete(domain, LOST_ABSENT);

	if (!err)
		TORTURE_OK(cpuslab_domain_remove(domain, LOST_ABSENT));
	return err;
}

/* A client that does not exist there changes nothing. */
static int waiting_add_to_slab(void)
{
	int err = cpuslab_domain_add_complete(domain, LOST_ABSENT + 1);

	if (!err)
		TORTURE_OK(cpuslab_domain_remove(domain, LOST_ABSENT + 1));
	return err;
}

static int waiting_remove_from_slab(void)
{
	return lost_error(cpuslab_domain_remove(domain, 0));
}

static int waiting_trim_domain(void)
{
	return lost_error(cpuslab_domain_trim(domain, 0));
}

static int waiting_resync(void)
{
	return lost_error(cpuslab_domain_resync(domain));
}

static const struct waiting_call {
	const char *name;
	void *(*holder)(void *arg);
	int (*call)(void);
	int child; /* its result in the child */
} waiting_calls[] = {
	{ "alloc", holder_of_slab, waiting_alloc, -CPUSLAB_EBUSY },
	{ "free", holder_of_slab, waiting_free, -CPUSLAB_EBUSY },
	{ "trim", holder_of_slab, waiting_trim, -CPUSLAB_EBUSY },
	{ "check", holder_of_slab, waiting_check, -CPUSLAB_EBUSY },
	{ "drain", holder_of_slab, waiting_drain, -CPUSLAB_EBUSY },
	{ "add to slab", holder_of_slab, waiting_add_to_slab, CPUSLAB_OK },
	{ "remove from slab", holder_of_slab, waiting_remove_from_slab,
	  CPUSLAB_OK },
	{ "resync slab", holder_of_slab, waiting_resync, CPUSLAB_OK },
	{ "add", holder_of_domain, waiting_add, -CPUSLAB_EBUSY },
	{ "trim domain", holder_of_domain, waiting_trim_domain,
	  -CPUSLAB_EBUSY },
	{ "resync", holder_of_domain, waiting_resync, -CPUSLAB_EBUSY },
};

static const struct waiting_call *waiting_call;

static void waiting_handler(int signal)
{
	pid_t pid;

	(void)signal;
	pid = waiting_fork();
	TORTURE_CHECK(pid >= 0);
	if (!pid)
		alarm(LOST_SECONDS);
	__atomic_store_n(&waiting_child, pid, __ATOMIC_RELEASE);
}

static void *waiting_run(void *arg)
{
	int err = waiting_call->call();

	if (__atomic_load_n(&waiting_child, __ATOMIC_ACQUIRE)) {
		TORTURE_OK(err);
		return arg;
	}
	TORTURE_IS(err, waiting_call->child);
	/* It stays lost. */
	TORTURE_IS(waiting_call->call(), waiting_call->child);
	TORTURE_IS(waiting_call->holder == holder_of_slab ?
			   waiting_check() :
			   waiting_trim_domain(),
		   -CPUSLAB_EBUSY);
	_exit(0);
}

static void waiting_forked(const struct waiting_call *call,
			   pid_t (*forks)(void))
{
	pthread_t holder, thread;

	waiting_call = call;
	waiting_fork = forks;
	waiting_child = -1;
	holder_inside = holder_over = false;
	TORTURE_OK(pthread_create(&holder, NULL, call->holder, NULL));
	lost_await(&holder_inside);
	TORTURE_OK(pthread_create(&thread, NULL, waiting_run, NULL));
	usleep(LOST_US);
	TORTURE_OK(pthread_kill(thread, SIGUSR1));
	while (__atomic_load_n(&waiting_child, __ATOMIC_ACQUIRE) < 0)
		usleep(100);
	if (torture_await(waiting_child))
		torture_failed(__FILE__, __LINE__, call->name);
	lost_set(&holder_over);
	TORTURE_OK(pthread_join(thread, NULL));
	TORTURE_OK(pthread_join(holder, NULL));
}

static void test_a_handler_forks_over_a_call_that_waits(void)
{
	const size_t count = sizeof(waiting_calls) / sizeof(waiting_calls[0]);
	struct cpuslab_client client = { .ops = &holder_ops, .name = "holder" };
	size_t i;

	signal(SIGUSR1, waiting_handler);
	TORTURE_OK(cpuslab_client_init(&client, domain));
	TORTURE_OK(cpuslab_alloc(slab, &waiting_type, &waiting_handle));
	TORTURE_OK(cpuslab_stack_init(&waiting_stack, slab));
	/* fork() waits for the holder, a second at most. */
	waiting_forked(&waiting_calls[0], fork);
	for (i = 0; i < count; i++)
		waiting_forked(&waiting_calls[i], lost_clone);
	cpuslab_stack_fini(&waiting_stack);
	TORTURE_OK(cpuslab_free(slab, &waiting_handle));
	cpuslab_client_fini(&client);
}

/* ---- a fork at every instruction ----------------------------------------- */

static struct cpuslab_port_mutex step_mutex;
static bool step_begun;  /* the holder has locked it */
static bool step_held;   /* by the holder, for certain */
static bool step_forked; /* the holder is no longer needed */
static uint32_t step_skip;
static pid_t step_child;

static void step_fork(void)
{
	if (step_skip--)
		return;
	step_end();
	step_child = lost_clone();
	if (!step_child)
		alarm(LOST_SECONDS);
	lost_set(&step_forked);
}

static void *step_holder(void *arg)
{
	int i;

	cpuslab_port_mutex_lock(&step_mutex);
	lost_set(&step_held);
	lost_set(&step_begun);
	for (i = 0; i < 5 && !lost_is_set(&step_forked); i++)
		usleep(1000);
	__atomic_store_n(&step_held, false, __ATOMIC_RELEASE);
	cpuslab_port_mutex_unlock(&step_mutex);
	return arg;
}

static int step_enter(void)
{
	return cpuslab_port_mutex_enter(&step_mutex);
}

static int step_try(void)
{
	return cpuslab_port_mutex_trylock(&step_mutex) ? CPUSLAB_OK :
							 -CPUSLAB_EBUSY;
}

/* False if the call has fewer instructions. */
static bool step_forked_at(int (*call)(void), uint32_t nth)
{
	pthread_t holder;
	bool held;
	int err;

	step_begun = step_forked = false;
	step_skip = nth;
	step_child = -1;
	TORTURE_OK(pthread_create(&holder, NULL, step_holder, NULL));
	lost_await(&step_begun);
	step_begin(step_fork);
	err = call();
	step_end();
	held = lost_is_set(&step_held);
	if (!step_child) {
		TORTURE_CHECK(err == -CPUSLAB_EBUSY || !held);
		_exit(0);
	}
	if (!err)
		cpuslab_port_mutex_unlock(&step_mutex);
	TORTURE_OK(pthread_join(holder, NULL));
	if (step_child > 0)
		TORTURE_OK(torture_await(step_child));
	return step_child > 0;
}

static void test_a_fork_at_every_instruction(void)
{
	/* ASan makes forks slow. */
	const uint32_t stride = torture_is_under(TORTURE_SANITIZER) ? 5 : 1;
	const uint32_t first = (uint32_t)(torture_seed % stride);
	uint32_t nth = first;

	TORTURE_OK(cpuslab_port_mutex_init(&step_mutex, CPUSLAB_RANK_SLAB));
	while (step_forked_at(step_try, nth))
		nth += stride;
	TORTURE_CHECK(!step_possible() || nth > 20);
	nth = first;
	while (step_forked_at(step_enter, nth))
		nth += stride;
	TORTURE_CHECK(!step_possible() || nth > 20);
	cpuslab_port_mutex_fini(&step_mutex);
}

/* As for a handler whose child calls cpuslab. */
static void test_a_holder_is_refused(void)
{
	TORTURE_OK(cpuslab_port_mutex_init(&step_mutex, CPUSLAB_RANK_SLAB));
	TORTURE_OK(cpuslab_port_mutex_enter(&step_mutex));
	TORTURE_IS(cpuslab_port_mutex_enter(&step_mutex), -CPUSLAB_EBUSY);
	cpuslab_port_mutex_unlock(&step_mutex);
	cpuslab_port_mutex_fini(&step_mutex);
}

/* ---- threads that make the first call at once ---------------------------- */

#define FIRST_THREADS 4
#define FIRST_CHILDREN 30u
#define FIRST_ALLOCS 50u
/* So many that it takes a while to look at all of them. */
#define FIRST_MUTEXES 50000u

static pthread_barrier_t first_barrier;
static uint32_t first_inside;

static int first_ctor(void *object, uint32_t cpu, void *arg)
{
	(void)object;
	(void)cpu;
	(void)arg;
	TORTURE_CHECK(!cpuslab_fetch_add_u32(&first_inside, 1));
	sched_yield();
	cpuslab_fetch_add_u32(&first_inside, (uint32_t)-1);
	return CPUSLAB_OK;
}

static const struct cpuslab_type first_type = {
	.name = "first",
	.size = 8,
	.ctor = first_ctor,
};

static void *first_run(void *arg)
{
	struct cpuslab_percpu handle;
	uint32_t i;

	pthread_barrier_wait(&first_barrier);
	for (i = 0; i < FIRST_ALLOCS; i++) {
		TORTURE_OK(cpuslab_alloc(slab, &first_type, &handle));
		TORTURE_OK(cpuslab_free_rcu(slab, &handle));
	}
	return arg;
}

static void first_child(void)
{
	pthread_t threads[FIRST_THREADS];
	int i;

	alarm(LOST_SECONDS);
	for (i = 0; i < FIRST_THREADS; i++)
		TORTURE_OK(pthread_create(&threads[i], NULL, first_run, NULL));
	for (i = 0; i < FIRST_THREADS; i++)
		TORTURE_OK(pthread_join(threads[i], NULL));
	TORTURE_CHECK(torture_settle(slab));
	TORTURE_OK(cpuslab_slab_check(slab));
	_exit(0);
}

static void test_threads_of_a_child_make_its_first_call(void)
{
	struct cpuslab_port_mutex *mutexes =
		calloc(FIRST_MUTEXES, sizeof(*mutexes));
	uint32_t i;
	pid_t pid;

	TORTURE_CHECK(mutexes);
	for (i = 0; i < FIRST_MUTEXES; i++)
		TORTURE_OK(cpuslab_port_mutex_init(&mutexes[i],
						   CPUSLAB_RANK_SLAB));
	TORTURE_OK(pthread_barrier_init(&first_barrier, NULL, FIRST_THREADS));
	for (i = 0; i < FIRST_CHILDREN; i++) {
		pid = lost_clone();
		if (!pid)
			first_child();
		TORTURE_OK(torture_await(pid));
	}
	pthread_barrier_destroy(&first_barrier);
	for (i = FIRST_MUTEXES; i--;)
		cpuslab_port_mutex_fini(&mutexes[i]);
	free(mutexes);
}

int main(int argc, char **argv)
{
	const struct cpuslab_domain_config config = {
		.flags = CPUSLAB_DOMAIN_ADMIT_EARLY,
	};

	torture_begin(argc, argv, "Mutexes that are lost to a child.");
	/* TSan's malloc() may hang in the child of a process with threads. */
	torture_skip_under(TORTURE_VALGRIND | TORTURE_EMULATOR | TORTURE_TSAN);
	torture_fake_limit(8);
	TORTURE_OK(cpuslab_domain_create(&domain, &config));
	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
	test_a_handler_forks_over_a_call_that_waits();
	test_a_fork_at_every_instruction();
	test_a_holder_is_refused();
	test_threads_of_a_child_make_its_first_call();
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
	return torture_end();
}
