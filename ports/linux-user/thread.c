/* SPDX-License-Identifier: MIT */
/*
 * thread.c - keep the program's signal handlers away from code and threads of
 * the library.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <signal.h>

#include "private.h"

void cpuslab__signals_block(sigset_t *before)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, before);
}

int cpuslab__thread_create(pthread_t *thread, const pthread_attr_t *attr,
			   void *(*run)(void *arg), void *arg)
{
	sigset_t before;
	int err;

	/* The thread inherits the mask. */
	cpuslab__signals_block(&before);
	err = pthread_create(thread, attr, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err ? -CPUSLAB_EAGAIN : CPUSLAB_OK;
}
