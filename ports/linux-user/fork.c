/* SPDX-License-Identifier: MIT */
/*
 * fork.c - keep everything usable in a forked child, without handlers in the
 * program.
 *
 * A program that calls urcu_bp_before_fork() and its companions itself would
 * call them twice, which hangs; it must call cpuslab_linux_fork_is_handled().
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <signal.h>

#include <cpuslab/fork.h>

#include "private.h"

static bool fork_handled_elsewhere;

void cpuslab_linux_fork_is_handled(void)
{
	fork_handled_elsewhere = true;
}

/* No signal handler may run, and perhaps fork, between the fork handlers. */
static __thread sigset_t fork_signals
	__attribute__((tls_model("initial-exec")));

static void fork_prepare(void)
{
	cpuslab__signals_block(&fork_signals);
	cpuslab__rcu_fork_rest();
	cpuslab__mutex_fork_prepare();
	cpuslab__binding_fork_prepare();
	if (!fork_handled_elsewhere)
		cpuslab__rcu_fork_prepare();
}

static void fork_done(void)
{
	cpuslab__mutex_fork_done();
	cpuslab__rcu_fork_done();
	pthread_sigmask(SIG_SETMASK, &fork_signals, NULL);
}

static void fork_parent(void)
{
	if (!fork_handled_elsewhere)
		cpuslab__rcu_fork_parent();
	cpuslab__binding_fork_parent();
	fork_done();
}

static void fork_child(void)
{
	cpuslab__process_fork_child();
	if (!fork_handled_elsewhere)
		cpuslab__rcu_fork_child();
	cpuslab__rcu_thread_fork_child();
	cpuslab__binding_fork_child();
	fork_done();
}

void cpuslab__fork_init(void)
{
	pthread_atfork(fork_prepare, fork_parent, fork_child);
}
