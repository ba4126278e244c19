/* SPDX-License-Identifier: MIT */
/*
 * thread.c - threads and events, and what a thread of the library does not
 * inherit from the thread that happens to create it.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cpuslab/port_thread.h>
#include <cpuslab/port/thread.h>

#include "discover.h"
#include "private.h"

#define THREAD_STACK_MAX ((size_t)1 << 26) /* bytes to try */

/* ---- signals ------------------------------------------------------------ */

/*
 * Those that a thread causes itself. While one is blocked, the kernel kills the
 * process instead of calling its handler.
 */
static const int thread_faults[] = {
	SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS,
};

void cpuslab__signals_allow_faults(sigset_t *signals)
{
	size_t i;

	for (i = 0; i < sizeof(thread_faults) / sizeof(thread_faults[0]); i++)
		sigdelset(signals, thread_faults[i]);
}

void cpuslab__signals_asynchronous(sigset_t *signals)
{
	sigfillset(signals);
	cpuslab__signals_allow_faults(signals);
}

void cpuslab__signals_program(sigset_t *signals)
{
	pthread_sigmask(SIG_SETMASK, NULL, signals);
	cpuslab__signals_allow_faults(signals);
}

void cpuslab__signals_block(sigset_t *before)
{
	sigset_t signals;

	cpuslab__signals_asynchronous(&signals);
	pthread_sigmask(SIG_BLOCK, &signals, before);
}

/* ---- threads of the library --------------------------------------------- */

struct thread_start {
	struct cpuslab__thread_config config;
	sigset_t signals;
	void *(*run)(void *arg);
	void *arg;
	bool spreads; /* the masks differ, and process is right */
	struct cpuslab__mask process;
	struct cpuslab__mask creator;
};

/*
 * The creator may be a real-time thread, or have a nice value of its own. What
 * the system refuses to change stays as the creator has it. A process may have
 * been real-time before it installed a filter, but threads have nice values of
 * their own only if it has called setpriority() itself.
 */
static void thread_schedule(void)
{
	struct sched_param param;
	int policy, nice;

	if (!pthread_getschedparam(pthread_self(), &policy, &param) &&
	    policy != SCHED_OTHER && !cpuslab__calls_are_filtered()) {
		param.sched_priority = 0;
		pthread_setschedparam(pthread_self(), SCHED_OTHER, &param);
	}
	nice = getpriority(PRIO_PROCESS, (id_t)getpid());
	if (nice != getpriority(PRIO_PROCESS, 0))
		setpriority(PRIO_PROCESS, 0, nice);
}

/* Signals are blocked until here. */
static void *thread_begin(void *arg)
{
	struct thread_start *start = arg;
	void *(*run)(void *arg) = start->run;
	void *run_arg = start->arg;

	thread_schedule();
	if (start->spreads)
		sched_setaffinity(0, sizeof(start->process),
				  (const cpu_set_t *)&start->process);
	pthread_setname_np(pthread_self(), start->config.name);
	pthread_sigmask(SIG_SETMASK, &start->signals, NULL);
	free(start);
	return run(run_arg);
}

/* If both may use the same there is no call, which a filter may forbid. */
static bool thread_spreads(struct thread_start *start)
{
	return start->config.spreads &&
	       cpuslab__affinity_get(0, &start->creator) &&
	       cpuslab__discover_process(&start->process) >= 0 &&
	       memcmp(&start->process, &start->creator,
		      sizeof(start->process)) != 0;
}

static int thread_create(pthread_t *thread, size_t stack,
			 struct thread_start *start)
{
	pthread_attr_t attr;
	int err;

	pthread_attr_init(&attr);
	err = stack ? pthread_attr_setstacksize(&attr, stack) : 0;
	if (!err)
		err = pthread_create(thread, &attr, thread_begin, start);
	pthread_attr_destroy(&attr);
	return err;
}

int cpuslab__thread_create(pthread_t *thread,
			   const struct cpuslab__thread_config *config,
			   void *(*run)(void *arg), void *arg)
{
	struct thread_start *start = calloc(1, sizeof(*start));
	size_t stack = config->stack ? cpuslab__stack_size(config->stack) : 0;
	sigset_t before;
	int err;

	if (!start)
		return -CPUSLAB_EAGAIN;
	start->config = *config;
	start->run = run;
	start->arg = arg;
	start->spreads = thread_spreads(start);
	if (config->signals)
		start->signals = *config->signals;
	else
		cpuslab__signals_asynchronous(&start->signals);
	cpuslab__signals_block(&before);
	err = thread_create(thread, stack, start);
	/* The program's thread-local storage did not fit. */
	while (err == EINVAL && stack < THREAD_STACK_MAX) {
		stack = stack ? 2 * stack : cpuslab__stack_size(0);
		err = thread_create(thread, stack, start);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!err)
		return CPUSLAB_OK;
	free(start);
	return -CPUSLAB_EAGAIN;
}

/* ---- the port's -------------------------------------------------------- */

int cpuslab_port_event_init(struct cpuslab_port_event *event)
{
	sem_init(&event->semaphore, 0, 0);
	return CPUSLAB_OK;
}

void cpuslab_port_event_fini(struct cpuslab_port_event *event)
{
	sem_destroy(&event->semaphore);
}

void cpuslab_port_event_set(struct cpuslab_port_event *event)
{
	sem_post(&event->semaphore);
}

void cpuslab_port_event_wait(struct cpuslab_port_event *event)
{
	while (sem_wait(&event->semaphore))
		continue;
}

CPUSLAB_STATIC_ASSERT(
	sizeof(sigset_t) <= sizeof(((struct cpuslab_port_thread *)0)->signals),
	"a signal set fits");

static void *thread_run(void *arg)
{
	struct cpuslab_port_thread *thread = arg;

	cpuslab_binding_init(&thread->binding);
	cpuslab_port_event_set(&thread->begun);
	thread->run(thread->arg);
	cpuslab_binding_fini(&thread->binding);
	return NULL;
}

int cpuslab_port_thread_start(struct cpuslab_port_thread *thread,
			      const struct cpuslab_port_thread *like,
			      uint32_t cpu, void (*run)(void *arg), void *arg)
{
	sigset_t signals;
	struct cpuslab__thread_config config = { .signals = &signals };
	int err;

	thread->run = run;
	thread->arg = arg;
	cpuslab_port_event_init(&thread->begun);
	if (like)
		memcpy(&signals, like->signals, sizeof(signals));
	else
		cpuslab__signals_program(&signals);
	memcpy(thread->signals, &signals, sizeof(signals));
	snprintf(config.name, sizeof(config.name), "cpuslab/%u",
		 cpu % 10000000u);
	err = cpuslab__thread_create(&thread->thread, &config, thread_run,
				     thread);
	if (err) {
		cpuslab_port_event_fini(&thread->begun);
		return err;
	}
	cpuslab_port_event_wait(&thread->begun);
	return CPUSLAB_OK;
}

void cpuslab_port_thread_join(struct cpuslab_port_thread *thread)
{
	pthread_join(thread->thread, NULL);
	cpuslab_port_event_fini(&thread->begun);
}

/* A refused CPU that the process may use later is bound by a resync. */
bool cpuslab_port_thread_bind(struct cpuslab_port_thread *thread, uint32_t cpu)
{
	(void)cpuslab_binding_set(&thread->binding, cpu);
	return true;
}

void cpuslab_port_thread_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("isb");
#endif
}
