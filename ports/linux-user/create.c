/* SPDX-License-Identifier: MIT */
/*
 * create.c - may the calling thread allocate, or is it perhaps in a signal
 * handler, which may have interrupted malloc()?
 *
 * While a handler runs, its signal is blocked. (With SA_NODEFER it is not, and
 * with SA_RESETHAND it has no handler any more: default.h says so.) Many
 * programs block signals in their threads that have no handler, and read them
 * with sigwait() or a signalfd.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "private.h"

#define CREATE_SIGNALS 65

/* Such a handler often uses SA_RESETHAND. */
static bool create_in_fault(const sigset_t *blocked)
{
	sigset_t allowed = *blocked;
	int sig;

	cpuslab__signals_allow_faults(&allowed);
	for (sig = 1; sig < CREATE_SIGNALS; sig++)
		if (sigismember(&allowed, sig) != sigismember(blocked, sig))
			return true;
	return false;
}

static bool create_in_handler(void)
{
	struct sigaction action;
	sigset_t blocked;
	int sig;

	if (pthread_sigmask(SIG_BLOCK, NULL, &blocked) ||
	    create_in_fault(&blocked))
		return true;
	for (sig = 1; sig < CREATE_SIGNALS; sig++)
		if (sigismember(&blocked, sig) == 1 &&
		    !sigaction(sig, NULL, &action) &&
		    action.sa_handler != SIG_DFL &&
		    action.sa_handler != SIG_IGN)
			return true;
	return false;
}

/*
 * A handler may leave an operation by siglongjmp(), but not malloc() or a list,
 * so there is none meanwhile. The library is initialised before that, because
 * its threads have the signal mask of the program.
 */
void cpuslab_port_create(cpuslab_port_create_try *attempt,
			 const struct cpuslab_percpu *handle)
{
	int cancel = cpuslab__cancel_disable();
	bool may_create = !cpuslab__thread.held && !create_in_handler();
	sigset_t before;

	if (may_create)
		cpuslab__linux_init();
	cpuslab__signals_block(&before);
	attempt(handle, may_create);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	cpuslab__cancel_restore(cancel);
}

/* Nor may it leave the mutex, which keeps the thread from being cancelled. */
bool cpuslab_port_admit(cpuslab_port_admit_try *attempt,
			struct cpuslab_slab *slab, uint32_t cpu)
{
	sigset_t before;
	bool live;

	cpuslab__signals_block(&before);
	live = attempt(slab, cpu);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return live;
}
