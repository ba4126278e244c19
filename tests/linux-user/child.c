/* SPDX-License-Identifier: MIT */
/*
 * child.c - children that are forked inside a read section, by the reader or by
 * a signal handler that interrupts it: everything works there, and can be
 * destroyed.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cpuslab/cpuslab.h>
#include <cpuslab/port.h>

#include "torture/step.h"
#include "torture/torture.h"

#define CHILD_ABSENT 5u /* a CPU that does not exist */
#define CHILD_NAP_US 200u
#define CHILD_BATCH_US 4000u /* longer than the RCU thread gathers callbacks */
#define CHILD_ADDS 100u

static struct cpuslab_domain *domain;
static struct cpuslab_slab *slab;
static struct cpuslab_counter counter;
static struct cpuslab_counter child_freed[2];

static void child_begin(void)
{
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
	TORTURE_OK(cpuslab_counter_init(&counter, slab));
	TORTURE_OK(cpuslab_counter_init(&child_freed[0], slab));
	TORTURE_OK(cpuslab_counter_init(&child_freed[1], slab));
	cpuslab_counter_add(&counter, 7);
}

static void child_end(void)
{
	cpuslab_counter_fini(&child_freed[1]);
	cpuslab_counter_fini(&child_freed[0]);
	cpuslab_counter_fini(&counter);
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
}

/* Adds, sums, and a CPU that is added and removed. */
static void child_works(void)
{
	uint64_t i;

	for (i = 0; i < CHILD_ADDS; i++) {
		cpuslab_counter_add(&counter, 1);
		TORTURE_CHECK(cpuslab_counter_sum(&counter) == 8 + i);
	}
	TORTURE_OK(cpuslab_domain_add_complete(domain, CHILD_ABSENT));
	TORTURE_OK(cpuslab_domain_remove(domain, CHILD_ABSENT));
	TORTURE_OK(cpuslab_slab_check(slab));
	TORTURE_CHECK(cpuslab_counter_sum(&counter) == 7 + CHILD_ADDS);
}

/* The second free comes while the batch of the first is in progress. */
static void child_destroys(void)
{
	TORTURE_OK(cpuslab_free_rcu(slab, &child_freed[0].handle));
	TORTURE_OK(cpuslab_free_rcu(slab, &child_freed[1].handle));
	cpuslab_counter_fini(&counter);
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
}

static void child_lives(void)
{
	child_works();
	child_destroys();
	_exit(0);
}

static void child_forked_at_depth(uint32_t depth)
{
	uint32_t i;
	pid_t pid;

	child_begin();
	for (i = 0; i < depth; i++)
		cpuslab_read_enter();
	pid = fork();
	for (i = 0; i < depth; i++)
		cpuslab_read_exit();
	if (!pid)
		child_lives();
	TORTURE_OK(torture_await(pid));
	TORTURE_CHECK(cpuslab_counter_sum(&counter) == 7);
	child_end();
}

static void test_child_of_a_read_section(void)
{
	child_forked_at_depth(1);
	child_forked_at_depth(3);
}

/* ---- the child waits for the section ------------------------------------- */

static uint32_t child_called;

static void child_callback(struct cpuslab_rcu *rcu)
{
	(void)rcu;
	__atomic_store_n(&child_called, 1, __ATOMIC_RELEASE);
}

static void *child_barrier(void *arg)
{
	TORTURE_OK(cpuslab_port_rcu_barrier());
	return arg;
}

static void child_leaves_late(void)
{
	struct cpuslab_rcu rcu;
	pthread_t thread;

	cpuslab_port_call_rcu(&rcu, child_callback);
	TORTURE_IS(cpuslab_port_rcu_barrier(), -CPUSLAB_EBUSY);
	TORTURE_OK(pthread_create(&thread, NULL, child_barrier, NULL));
	usleep(20 * CHILD_BATCH_US);
	TORTURE_CHECK(!__atomic_load_n(&child_called, __ATOMIC_ACQUIRE));
	cpuslab_read_exit();
	TORTURE_OK(pthread_join(thread, NULL));
	TORTURE_CHECK(__atomic_load_n(&child_called, __ATOMIC_ACQUIRE));
	_exit(0);
}

static void test_child_waits_for_the_section_that_it_was_forked_in(void)
{
	pid_t pid;

	child_begin();
	cpuslab_read_enter();
	pid = fork();
	if (!pid)
		child_leaves_late();
	cpuslab_read_exit();
	TORTURE_OK(torture_await(pid));
	child_end();
}

/* ---- another thread's section -------------------------------------------- */

static uint32_t child_reads;

static void *child_reader(void *arg)
{
	cpuslab_read_enter();
	__atomic_store_n(&child_reads, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&child_reads, __ATOMIC_ACQUIRE) == 1)
		usleep(CHILD_NAP_US);
	cpuslab_read_exit();
	return arg;
}

static void test_child_of_a_process_with_a_reader(void)
{
	pthread_t thread;
	pid_t pid;

	child_begin();
	TORTURE_OK(pthread_create(&thread, NULL, child_reader, NULL));
	while (!__atomic_load_n(&child_reads, __ATOMIC_ACQUIRE))
		usleep(CHILD_NAP_US);
	pid = fork();
	if (!pid)
		child_lives();
	TORTURE_OK(torture_await(pid));
	__atomic_store_n(&child_reads, 2, __ATOMIC_RELEASE);
	TORTURE_OK(pthread_join(thread, NULL));
	child_end();
}

/* ---- a reader of a child whose fork handlers did not run ----------------- */

/* It reads before the child calls anything else. */
static void child_waits_for_its_reader(void)
{
	pthread_t reader, waits;
	struct cpuslab_rcu rcu;

	child_reads = child_called = 0;
	TORTURE_OK(pthread_create(&reader, NULL, child_reader, NULL));
	while (!__atomic_load_n(&child_reads, __ATOMIC_ACQUIRE))
		usleep(CHILD_NAP_US);
	cpuslab_port_call_rcu(&rcu, child_callback);
	TORTURE_OK(pthread_create(&waits, NULL, child_barrier, NULL));
	usleep(20 * CHILD_BATCH_US);
	TORTURE_CHECK(!__atomic_load_n(&child_called, __ATOMIC_ACQUIRE));
	__atomic_store_n(&child_reads, 2, __ATOMIC_RELEASE);
	TORTURE_OK(pthread_join(reader, NULL));
	TORTURE_OK(pthread_join(waits, NULL));
	TORTURE_CHECK(__atomic_load_n(&child_called, __ATOMIC_ACQUIRE));
	_exit(0);
}

static void test_child_of_a_clone_waits_for_its_reader(void)
{
	pid_t pid;

	child_begin();
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (!pid)
		child_waits_for_its_reader();
	TORTURE_OK(torture_await(pid));
	child_end();
}

/* ---- a handler over the wait for a reader -------------------------------- */

static volatile pid_t child_over_wait;

static void child_fork_handler(int signal)
{
	(void)signal;
	__atomic_store_n(&child_over_wait, fork(), __ATOMIC_RELEASE);
}

/*
 * Before the RCU thread, which gathers callbacks, this one waits. In the child
 * the reader does not exist, and the wait ends.
 */
static void *child_waits_for_reader(void *arg)
{
	TORTURE_OK(cpuslab_free_rcu(slab, &child_freed[1].handle));
	TORTURE_OK(cpuslab_port_rcu_barrier());
	if (!__atomic_load_n(&child_over_wait, __ATOMIC_ACQUIRE))
		_exit(0);
	return arg;
}

static void test_child_of_a_wait_for_a_reader(void)
{
	pthread_t reader, thread;

	child_begin();
	child_reads = 0;
	signal(SIGUSR1, child_fork_handler);
	TORTURE_OK(pthread_create(&reader, NULL, child_reader, NULL));
	while (!__atomic_load_n(&child_reads, __ATOMIC_ACQUIRE))
		usleep(CHILD_NAP_US);
	__atomic_store_n(&child_over_wait, -1, __ATOMIC_RELEASE);
	TORTURE_OK(pthread_create(&thread, NULL, child_waits_for_reader, NULL));
	usleep(20 * CHILD_BATCH_US);
	TORTURE_OK(pthread_kill(thread, SIGUSR1));
	while (__atomic_load_n(&child_over_wait, __ATOMIC_ACQUIRE) < 0)
		usleep(CHILD_NAP_US);
	TORTURE_OK(torture_await(child_over_wait));
	__atomic_store_n(&child_reads, 2, __ATOMIC_RELEASE);
	TORTURE_OK(pthread_join(reader, NULL));
	TORTURE_OK(pthread_join(thread, NULL));
	cpuslab_counter_fini(&child_freed[0]);
	cpuslab_counter_fini(&counter);
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
}

static void test_grandchild_of_a_read_section(void)
{
	pid_t pid;

	child_begin();
	cpuslab_read_enter();
	pid = fork();
	if (!pid) {
		/* In the section: the child's own child inherits it again. */
		pid = fork();
		cpuslab_read_exit();
		if (pid)
			TORTURE_OK(torture_await(pid));
		child_lives();
	}
	cpuslab_read_exit();
	TORTURE_OK(torture_await(pid));
	child_end();
}

/* ---- forked by a handler that interrupts a sum -------------------------- */

static uint32_t child_skip; /* handler calls until it forks */
static pid_t child_pid;     /* 0 in the child */

static void child_forks(void)
{
	if (child_skip--)
		return;
	step_end();
	usleep(CHILD_BATCH_US);
	child_pid = fork();
}

/*
 * Fork at instruction @nth of a sum while the RCU thread waits for the end of
 * the sum. False if the sum has fewer instructions.
 */
static bool child_forked_at(uint32_t nth)
{
	struct cpuslab_counter freed;
	uint64_t sum;

	TORTURE_OK(cpuslab_counter_init(&freed, slab));
	TORTURE_OK(cpuslab_free_rcu(slab, &freed.handle));
	child_skip = nth;
	child_pid = -1;
	step_begin(child_forks);
	sum = cpuslab_counter_sum(&counter);
	step_end();
	TORTURE_CHECK(sum == 7);
	if (!child_pid)
		child_lives();
	if (child_pid > 0)
		TORTURE_OK(torture_await(child_pid));
	return child_pid > 0;
}

static void test_child_of_a_handler_at_every_instruction_of_a_sum(void)
{
	/* ASan makes forks slow, and more instructions. */
	const uint32_t stride = torture_is_under(TORTURE_SANITIZER) ? 29 : 1;
	uint32_t nth = (uint32_t)(torture_seed % stride);

	child_begin();
	TORTURE_CHECK(cpuslab_counter_sum(&counter) == 7);
	while (child_forked_at(nth))
		nth += stride;
	TORTURE_CHECK(!step_possible() || nth > 20);
	child_end();
}

int main(int argc, char **argv)
{
	torture_begin(argc, argv, "Children forked inside a read section.");
	torture_fake_limit(8);
	test_child_of_a_read_section();
	test_child_waits_for_the_section_that_it_was_forked_in();
	test_grandchild_of_a_read_section();
	/* QEMU aborts in some children of a process with threads. */
	if (!torture_is_under(TORTURE_EMULATOR)) {
		test_child_of_a_process_with_a_reader();
		test_child_of_a_clone_waits_for_its_reader();
		test_child_of_a_wait_for_a_reader();
	}
	test_child_of_a_handler_at_every_instruction_of_a_sum();
	return torture_end();
}
