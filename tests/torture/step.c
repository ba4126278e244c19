/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "step.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "private.h"

#if defined(__x86_64__) && !defined(CPUSLAB__TSAN)

#define STEP_TRAP_FLAG 0x100

static void (*volatile step_handler)(void);

/* The flag is cleared while this runs; the return sets it again. */
static void step_trap(int signal, siginfo_t *info, void *context)
{
	greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
	void (*handler)(void) = step_handler;

	(void)signal;
	(void)info;
	if (handler)
		handler();
	if (step_handler)
		registers[REG_EFL] |= STEP_TRAP_FLAG;
	else
		registers[REG_EFL] &= ~STEP_TRAP_FLAG;
}

bool step_possible(void)
{
	return !getenv("CPUSLAB_VALGRIND");
}

void step_begin(void (*handler)(void))
{
	struct sigaction action;

	if (!step_possible())
		return;
	memset(&action, 0, sizeof(action));
	action.sa_sigaction = step_trap;
	action.sa_flags = SA_SIGINFO;
	sigaction(SIGTRAP, &action, NULL);
	step_handler = handler;
	raise(SIGTRAP);
}

void step_end(void)
{
	step_handler = NULL;
}

#else

bool step_possible(void)
{
	return false;
}

void step_begin(void (*handler)(void))
{
	(void)handler;
}

void step_end(void)
{
}

#endif
