/* SPDX-License-Identifier: MIT */
/*
 * fork.c - a forked child finds everything usable; the program installs no
 * handler of its own.
 *
 * A program that calls urcu_bp_before_fork() and its companions itself would
 * do so twice, which hangs: it says cpuslab_linux_fork_is_handled().
 */
#include <pthread.h>

#include <cpuslab/linux.h>

#include "linux.h"

static bool fork_handled_elsewhere;

void cpuslab_linux_fork_is_handled(void)
{
	fork_handled_elsewhere = true;
}

static void fork_prepare(void)
{
	if (!fork_handled_elsewhere)
		cpuslab__rcu_fork_rest();
	cpuslab__mutex_fork_prepare();
	if (!fork_handled_elsewhere)
		cpuslab__rcu_fork_prepare();
}

static void fork_parent(void)
{
	if (!fork_handled_elsewhere)
		cpuslab__rcu_fork_parent();
	cpuslab__mutex_fork_done();
	if (!fork_handled_elsewhere)
		cpuslab__rcu_fork_work(false);
}

static void fork_child(void)
{
	if (!fork_handled_elsewhere)
		cpuslab__rcu_fork_child();
	cpuslab__mutex_fork_done();
	if (!fork_handled_elsewhere)
		cpuslab__rcu_fork_work(true);
}

void cpuslab__fork_init(void)
{
	pthread_atfork(fork_prepare, fork_parent, fork_child);
}
