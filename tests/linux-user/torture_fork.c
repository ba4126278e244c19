/* SPDX-License-Identifier: MIT */
/*
 * torture_fork.c - everything works in a forked child.
 *
 * Several threads fork at once, and so does a signal handler that interrupts
 * operations, sums, alloc and free, while CPUs of the domain come and go. Each
 * child adds, allocates, sums, removes CPUs, destroys its slab and exits with
 * 0; an alarm ends a child that hangs. Under TSan, whose malloc() may hang in
 * the child of a process with threads, a child only adds and sums.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cpuslab/atomic.h>
#include <cpuslab/counter.h>
#include <cpuslab/cpumask.h>
#include <cpuslab/read.h>
#include <cpuslab/stack.h>

#include "torture/torture.h"

#define FORK_LIMIT 6u
#define FORK_TIMER_NS 3000000
#define FORK_CHILD_SECONDS 20u
#define FORK_BUSY 3 /* exit status: a mutex was lost */

static struct cpuslab_domain *fork_domain;
static struct cpuslab_slab *fork_slab;
static struct cpuslab_counter fork_counter;
static uint64_t fork_done;  /* W any: certainly added */
static uint64_t fork_begun; /* W any: possibly added */

static uint64_t fork_busy, fork_plain, fork_nested, fork_steps;
/* A child of the handler continues where it was interrupted, then works. */
static __thread volatile sig_atomic_t fork_may, fork_in_handler;
static __thread volatile sig_atomic_t fork_child; /* of the handler */

static const struct cpuslab_type fork_type = {
	.name = "child",
	.size = 64,
	.counters = 2,
	.flags = CPUSLAB_TYPE_DISCARD,
};

static void fork_add(uint64_t value)
{
	cpuslab_fetch_add_u64(&fork_begun, value);
	cpuslab_counter_add(&fork_counter, value);
	cpuslab_fetch_add_u64(&fork_done, value);
}

/* ---- the child --------------------------------------------------------- */

static void child_objects(void)
{
	struct cpuslab_percpu handles[40];
	int i;

	for (i = 0; i < 40; i++) {
		TORTURE_OK(cpuslab_alloc(fork_slab, &fork_type, &handles[i]));
		TORTURE_CHECK(cpuslab_sum(&handles[i], 8) == 0);
		TORTURE_OK(cpuslab_add(&handles[i], 8, 7));
		TORTURE_CHECK(cpuslab_sum(&handles[i], 8) == 7);
	}
	while (i--)
		TORTURE_OK(i % 2 ? cpuslab_free(fork_slab, &handles[i]) :
				   cpuslab_free_rcu(fork_slab, &handles[i]));
}

/*
 * Every block is freed and none is left half released. But in a child that was
 * forked inside a read section, grace periods that began before do not end.
 */
static void child_cpus(uint64_t sum)
{
	struct cpuslab_stats stats;
	bool settled;
	uint32_t cpu;

	TORTURE_OK(cpuslab_domain_check(fork_domain));
	for (cpu = 0; cpu < FORK_LIMIT; cpu++) {
		TORTURE_OK(cpuslab_domain_add_complete(fork_domain, cpu));
		TORTURE_OK(cpuslab_domain_remove(fork_domain, cpu));
		TORTURE_CHECK(cpuslab_counter_sum(&fork_counter) == sum);
	}
	cpuslab_domain_trim(fork_domain, CPUSLAB_TRIM_QUIESCENT);
	settled = torture_settle(fork_slab);
	TORTURE_CHECK(settled || fork_in_handler);
	TORTURE_CHECK(cpuslab_counter_sum(&fork_counter) == sum);
	TORTURE_OK(cpuslab_slab_check(fork_slab));
	cpuslab_stats_get(fork_slab, &stats);
	TORTURE_CHECK(stats.in_use == 0 || !settled);
	TORTURE_OK(cpuslab_domain_resync(fork_domain));
	cpuslab_counter_add(&fork_counter, 1);
	TORTURE_CHECK(cpuslab_counter_sum(&fork_counter) == sum + 1);
}

/* Calls that need a mutex which another thread held are refused. */
static void child_run_busy(void)
{
	const int busy = -CPUSLAB_EBUSY;
	struct cpuslab_percpu handle;
	int err = cpuslab_alloc(fork_slab, &fork_type, &handle);

	TORTURE_CHECK(!err || err == busy);
	if (!err)
		TORTURE_OK(cpuslab_free(fork_slab, &handle));
	err = cpuslab_domain_add_complete(fork_domain, 0);
	TORTURE_CHECK(!err || err == busy);
	err = cpuslab_domain_remove(fork_domain, 0);
	TORTURE_CHECK(!err || err == busy);
	_exit(FORK_BUSY);
}

static bool child_is_busy(void)
{
	return cpuslab_domain_check(fork_domain) == -CPUSLAB_EBUSY ||
	       cpuslab_slab_trim(fork_slab, 0) != CPUSLAB_OK;
}

static void child_run(void)
{
	uint64_t sum = cpuslab_counter_sum(&fork_counter);
	struct cpuslab_slab *slab;

	TORTURE_CHECK(sum >= fork_done && sum <= fork_begun);
	cpuslab_counter_add(&fork_counter, 5);
	TORTURE_CHECK(cpuslab_counter_sum(&fork_counter) == sum + 5);
	if (torture_is_under(TORTURE_TSAN))
		_exit(0);
	if (child_is_busy())
		child_run_busy();
	child_objects();
	child_cpus(sum + 5);
	TORTURE_OK(cpuslab_slab_create(&slab, fork_domain, NULL));
	cpuslab_slab_destroy(slab);
	cpuslab_counter_fini(&fork_counter);
	torture_quiet(); /* objects of the parent's threads are live */
	cpuslab_slab_destroy(fork_slab);
	cpuslab_domain_destroy(fork_domain);
	_exit(0);
}

/* No handler: TSan delays one until the thread that hangs goes on. */
static void child_begin(void)
{
	signal(SIGALRM, SIG_DFL);
	alarm(FORK_CHILD_SECONDS);
}

/* ---- the parent -------------------------------------------------------- */

static void fork_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		TORTURE_CHECK(errno == EINTR);
	TORTURE_CHECK(!WIFSIGNALED(status) || WTERMSIG(status) != SIGALRM);
	TORTURE_CHECK(WIFEXITED(status));
	TORTURE_CHECK(!WEXITSTATUS(status) || WEXITSTATUS(status) == FORK_BUSY);
	if (WEXITSTATUS(status))
		cpuslab_fetch_add_u64(&fork_busy, 1);
}

static void fork_handler(int signal)
{
	pid_t pid;

	(void)signal;
	if (!fork_may)
		return;
	fork_may = 0;
	pid = fork();
	TORTURE_CHECK(pid >= 0);
	if (!pid) {
		child_begin();
		fork_in_handler = 1;
	}
	fork_child = pid;
}

/*
 * What a handler may interrupt and fork: nothing here calls malloc(). Its child
 * is awaited later, because the interrupted thread may hold a mutex.
 */
static void fork_interrupted(uint64_t *random)
{
	const struct cpuslab_cpumask *set;
	struct cpuslab_percpu handle;
	int err;

	fork_may = 1;
	switch (torture_below(random, 16)) {
	case 0:
		/* Seldom: other forks wait for a holder that forks. */
		err = cpuslab_alloc(fork_slab, &fork_type, &handle);
		if (!err)
			err = cpuslab_free(fork_slab, &handle);
		TORTURE_CHECK(!err || fork_in_handler);
		break;
	case 2:
	case 3:
		cpuslab_counter_sum(&fork_counter);
		break;
	case 4:
	case 5:
		set = cpuslab_cpumask_get(fork_domain);
		TORTURE_CHECK(cpuslab_cpumask_count(set) <= FORK_LIMIT);
		cpuslab_cpumask_put(set);
		break;
	default:
		fork_add(torture_below(random, 9));
		break;
	}
	fork_may = 0;
	if (fork_in_handler)
		child_run();
	if (!fork_child)
		return;
	fork_wait((pid_t)fork_child);
	fork_child = 0;
	cpuslab_fetch_add_u64(&fork_nested, 1);
}

static void *fork_worker(void *arg)
{
	uint64_t random = torture_stream((uintptr_t)arg);
	struct torture_timer timer;

	torture_timer_start(&timer, FORK_TIMER_NS);
	while (torture_running())
		fork_interrupted(&random);
	torture_timer_stop(&timer);
	return NULL;
}

static void *fork_forker(void *arg)
{
	uint64_t random = torture_stream((uintptr_t)arg);
	pid_t pid;

	while (torture_running()) {
		fork_add(1 + torture_below(&random, 5));
		pid = fork();
		TORTURE_CHECK(pid >= 0);
		if (!pid) {
			child_begin();
			child_run();
		}
		fork_wait(pid);
		cpuslab_fetch_add_u64(&fork_plain, 1);
		torture_migrate(&random);
	}
	return NULL;
}

static void *fork_storm(void *arg)
{
	uint64_t random = torture_stream((uintptr_t)arg);

	while (torture_running()) {
		torture_storm_step(fork_domain, FORK_LIMIT, &random);
		cpuslab_slab_trim(fork_slab, 0);
		fork_steps++;
	}
	return NULL;
}

/* Trims a slab while others fork, so a fork meets a release half done. */
static void *fork_trimmer(void *arg)
{
	struct timespec nap = { 0, 50000 };

	while (torture_running()) {
		cpuslab_slab_trim(fork_slab, 0);
		nanosleep(&nap, NULL);
	}
	return arg;
}

/* Enough objects that the handler's alloc finds room without malloc(). */
static void fork_setup(void)
{
	struct cpuslab_percpu handles[200];
	int i;

	torture_fake_limit(FORK_LIMIT);
	torture_handler(fork_handler);
	TORTURE_OK(cpuslab_domain_create(&fork_domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&fork_slab, fork_domain, NULL));
	TORTURE_OK(cpuslab_counter_init(&fork_counter, fork_slab));
	for (i = 0; i < 200; i++)
		TORTURE_OK(cpuslab_alloc(fork_slab, &fork_type, &handles[i]));
	while (i--)
		TORTURE_OK(cpuslab_free(fork_slab, &handles[i]));
}

int main(int argc, char **argv)
{
	void *(*run[])(void *) = { fork_forker, fork_forker, fork_worker,
				   fork_worker, fork_storm,  fork_trimmer };
	const uintptr_t count = sizeof(run) / sizeof(run[0]);
	pthread_t threads[sizeof(run) / sizeof(run[0])];
	uintptr_t i;

	torture_begin(argc, argv, "Everything works in a forked child.");
	torture_skip_under(TORTURE_VALGRIND | TORTURE_EMULATOR);
	fork_setup();
	for (i = 0; i < count; i++)
		TORTURE_OK(pthread_create(&threads[i], NULL, run[i],
					  (void *)(i + 1)));
	while (i--)
		TORTURE_OK(pthread_join(threads[i], NULL));
	TORTURE_CHECK(fork_done == fork_begun);
	TORTURE_CHECK(cpuslab_counter_sum(&fork_counter) == fork_done);
	TORTURE_CHECK(torture_settle(fork_slab));
	TORTURE_OK(cpuslab_slab_check(fork_slab));
	cpuslab_counter_fini(&fork_counter);
	cpuslab_slab_destroy(fork_slab);
	cpuslab_domain_destroy(fork_domain);
	TORTURE_CHECK(fork_busy < fork_plain + fork_nested ||
		      torture_is_under(TORTURE_TSAN));
	printf("  %llu forks, %llu in handlers, %llu busy, %llu domain calls\n",
	       (unsigned long long)fork_plain, (unsigned long long)fork_nested,
	       (unsigned long long)fork_busy, (unsigned long long)fork_steps);
	return torture_end();
}
