/* SPDX-License-Identifier: MIT */
/*
 * exit.c - a program ends while threads wait in the library, or its own code
 * runs in the library's thread: none of that keeps it from ending.
 *
 * Each test is a child. One that hangs is killed after a while, and fails.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cpuslab/cpuslab.h>
#include <cpuslab/port.h>

#include "torture/torture.h"

#define EXIT_NAP_US 50000u /* longer than callbacks are gathered */
#define EXIT_SIGNAL_NS 100000000

static struct cpuslab_rcu exit_first, exit_later;
static uint32_t exit_called; /* W exit_stays() */

static void exit_returns(struct cpuslab_rcu *rcu)
{
	(void)rcu;
}

static void exit_stays(struct cpuslab_rcu *rcu)
{
	(void)rcu;
	__atomic_store_n(&exit_called, 1, __ATOMIC_RELEASE);
	for (;;)
		pause();
}

static void exit_ends(struct cpuslab_rcu *rcu)
{
	(void)rcu;
	exit(0);
}

static void *exit_barrier(void *arg)
{
	cpuslab_port_rcu_barrier();
	return arg;
}

static void *exit_wait(void *arg)
{
	cpuslab_port_rcu_wait();
	return arg;
}

/* Another thread waits for the section, and the library's has work. */
static void exit_inside(void *(*wait)(void *arg))
{
	pthread_t thread;

	cpuslab_read_enter();
	TORTURE_OK(pthread_create(&thread, NULL, wait, NULL));
	usleep(EXIT_NAP_US);
	cpuslab_port_call_rcu(&exit_later, exit_returns);
	usleep(EXIT_NAP_US);
	exit(0);
}

static void exit_while_a_barrier_waits(void)
{
	cpuslab_port_call_rcu(&exit_first, exit_returns);
	exit_inside(exit_barrier);
}

static void exit_while_a_thread_waits(void)
{
	exit_inside(exit_wait);
}

static void exit_handler(int signal)
{
	(void)signal;
}

static void exit_while_a_callback_runs(void)
{
	struct torture_timer timer;

	torture_handler(exit_handler);
	cpuslab_port_call_rcu(&exit_first, exit_stays);
	while (!__atomic_load_n(&exit_called, __ATOMIC_ACQUIRE))
		usleep(EXIT_NAP_US);
	torture_timer_start(&timer, EXIT_SIGNAL_NS);
	exit(0);
}

static void exit_in_a_callback(void)
{
	cpuslab_port_call_rcu(&exit_first, exit_ends);
	for (;;)
		pause();
}

static void exit_test(void (*run)(void))
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		run();
	TORTURE_OK(torture_await(pid));
}

int main(int argc, char **argv)
{
	struct cpuslab_domain *domain;

	torture_begin(argc, argv, "The end of a program.");
	/* They do something at the end of a program, or serialise threads. */
	torture_skip_under(TORTURE_SANITIZER | TORTURE_TSAN | TORTURE_VALGRIND);
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	exit_test(exit_while_a_barrier_waits);
	exit_test(exit_while_a_thread_waits);
	exit_test(exit_while_a_callback_runs);
	exit_test(exit_in_a_callback);
	cpuslab_domain_destroy(domain);
	return torture_end();
}
