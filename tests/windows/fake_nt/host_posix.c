/* SPDX-License-Identifier: MIT */
/*
 * host_posix.c - the system on Linux: threads, memory, and the kernel functions
 * that it only checks.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "host.h"

uint64_t host_self(void)
{
	return (uint64_t)pthread_self();
}

void host_yield(void)
{
	sched_yield();
}

void host_sleep(uint32_t milliseconds)
{
	usleep(milliseconds * 1000);
}

uint64_t host_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void *host_alloc(size_t bytes, size_t align)
{
	void *memory;

	if (posix_memalign(&memory, align, bytes ? bytes : align))
		abort();
	return memory;
}

void host_free(void *memory)
{
	free(memory);
}

void host_log(const char *line)
{
	fprintf(stderr, "system: %s\n", line);
}

void host_stop(const char *line)
{
	fprintf(stderr, "bug check: %s\n", line);
	abort();
}

/* ---- threads ------------------------------------------------------------- */

struct host_thread {
	pthread_t thread;
	uint32_t holds; /* its handle, its object */
	void (*run)(void *arg);
	PKSTART_ROUTINE routine;
	void *arg;
};

static void *host_run(void *arg)
{
	struct host_thread *thread = arg;

	if (thread->run)
		thread->run(thread->arg);
	else
		thread->routine(thread->arg);
	return NULL;
}

static struct host_thread *host_create(void (*run)(void *arg),
				       PKSTART_ROUTINE routine, void *arg)
{
	struct host_thread *thread = host_alloc(sizeof(*thread), 16);

	thread->run = run;
	thread->routine = routine;
	thread->arg = arg;
	thread->holds = 1;
	if (pthread_create(&thread->thread, NULL, host_run, thread))
		abort();
	return thread;
}

void *host_spawn(void (*run)(void *arg), void *arg)
{
	return host_create(run, NULL, arg);
}

void host_join(void *thread)
{
	pthread_join(((struct host_thread *)thread)->thread, NULL);
	host_free(thread);
}

NTSTATUS host_PsCreateSystemThread(HANDLE *handle, ULONG access,
				   POBJECT_ATTRIBUTES attributes,
				   HANDLE process, PVOID client,
				   PKSTART_ROUTINE routine, PVOID context)
{
	(void)access;
	(void)attributes;
	(void)process;
	(void)client;
	*handle = host_create(NULL, routine, context);
	return STATUS_SUCCESS;
}

NTSTATUS host_PsTerminateSystemThread(NTSTATUS status)
{
	(void)status;
	pthread_exit(NULL);
}

HANDLE PsGetCurrentThreadId(VOID)
{
	return (HANDLE)pthread_self();
}

/* A thread's object is its handle. */
NTSTATUS ObReferenceObjectByHandle(HANDLE handle, ACCESS_MASK access,
				   PVOID type, KPROCESSOR_MODE mode,
				   PVOID *object, PVOID information)
{
	(void)access;
	(void)type;
	(void)mode;
	(void)information;
	cpuslab_fetch_add_u32(&((struct host_thread *)handle)->holds, 1);
	*object = (PVOID)((uintptr_t)handle | 1);
	return STATUS_SUCCESS;
}

static void host_let_go(struct host_thread *thread)
{
	if (cpuslab_fetch_add_u32(&thread->holds, (uint32_t)-1) == 1)
		host_free(thread);
}

VOID ObDereferenceObject(PVOID object)
{
	host_let_go((PVOID)((uintptr_t)object & ~(uintptr_t)1));
}

NTSTATUS host_ZwClose(HANDLE handle)
{
	host_let_go(handle);
	return STATUS_SUCCESS;
}

/* Called once, by the handle or by the object. */
NTSTATUS host_ZwWaitForSingleObject(HANDLE handle, BOOLEAN alertable,
				    PLARGE_INTEGER timeout)
{
	(void)alertable;
	(void)timeout;
	pthread_join(((struct host_thread *)handle)->thread, NULL);
	return STATUS_SUCCESS;
}

/* ---- events -------------------------------------------------------------- */

static pthread_mutex_t event_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t event_set = PTHREAD_COND_INITIALIZER;

VOID host_KeInitializeEvent(PKEVENT event, EVENT_TYPE type, BOOLEAN state)
{
	pthread_mutex_lock(&event_mutex);
	event->type = (uint32_t)type;
	event->state = state;
	pthread_mutex_unlock(&event_mutex);
}

LONG host_KeSetEvent(PKEVENT event, LONG increment, BOOLEAN wait)
{
	LONG before;

	(void)increment;
	(void)wait;
	pthread_mutex_lock(&event_mutex);
	before = (LONG)event->state;
	event->state = 1;
	pthread_cond_broadcast(&event_set);
	pthread_mutex_unlock(&event_mutex);
	return before;
}

static NTSTATUS event_wait(PKEVENT event, PLARGE_INTEGER timeout)
{
	struct timespec end = { 0, 0 };
	int late = 0;

	if (timeout) {
		uint64_t ns;

		clock_gettime(CLOCK_REALTIME, &end);
		ns = (uint64_t)end.tv_nsec + (uint64_t)-timeout->QuadPart * 100;
		end.tv_sec += (time_t)(ns / 1000000000);
		end.tv_nsec = (long)(ns % 1000000000);
	}
	pthread_mutex_lock(&event_mutex);
	while (!event->state && !late)
		late = timeout ? pthread_cond_timedwait(&event_set,
							&event_mutex, &end) :
				 pthread_cond_wait(&event_set, &event_mutex);
	late = !event->state;
	if (!late && event->type == SynchronizationEvent)
		event->state = 0;
	pthread_mutex_unlock(&event_mutex);
	return late ? STATUS_TIMEOUT : STATUS_SUCCESS;
}

NTSTATUS host_KeWaitForSingleObject(PVOID object, KWAIT_REASON reason,
				    KPROCESSOR_MODE mode, BOOLEAN alertable,
				    PLARGE_INTEGER timeout)
{
	struct host_thread *thread;

	(void)reason;
	(void)mode;
	(void)alertable;
	if (!((uintptr_t)object & 1))
		return event_wait(object, timeout);
	thread = (struct host_thread *)((uintptr_t)object & ~(uintptr_t)1);
	pthread_join(thread->thread, NULL);
	return STATUS_SUCCESS;
}

/* ---- the rest ------------------------------------------------------------ */

void host_format(char *line, size_t bytes, const char *format, va_list args)
{
	vsnprintf(line, bytes, format, args);
}

ULONG host_DbgPrint(PCSTR format, ...)
{
	va_list args;

	if (!getenv("SYSTEM_VERBOSE"))
		return 0;
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	return 0;
}
