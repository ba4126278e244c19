/* SPDX-License-Identifier: MIT */
/*
 * thread.c - each thread is a pool of one thread. The end of a thread needs the
 * loader's lock, the end of what a pool runs does not. So a DLL may wait for
 * its threads in DllMain, and be unloaded then: none runs its code any more.
 */
#include "user_private.h"

#include <cpuslab/port_thread.h>
#include <cpuslab/port/thread.h>

#define THREAD_BEGINS_MS 10000

int cpuslab_port_event_init(struct cpuslab_port_event *event)
{
	event->handle = CreateEventW(NULL, FALSE, FALSE, NULL);
	return event->handle ? CPUSLAB_OK : -CPUSLAB_EAGAIN;
}

void cpuslab_port_event_fini(struct cpuslab_port_event *event)
{
	CloseHandle(event->handle);
}

void cpuslab_port_event_set(struct cpuslab_port_event *event)
{
	SetEvent(event->handle);
}

void cpuslab_port_event_wait(struct cpuslab_port_event *event)
{
	WaitForSingleObject(event->handle, INFINITE);
}

/* ---- threads ------------------------------------------------------------- */

enum {
	THREAD_NEW,
	THREAD_BEGUN,
	THREAD_GIVEN_UP, /* it was too late */
};

static void CALLBACK thread_run(PTP_CALLBACK_INSTANCE instance, void *arg,
				PTP_WORK work)
{
	struct cpuslab_port_thread *thread = arg;
	HANDLE process = GetCurrentProcess();

	(void)instance;
	(void)work;
	if (!DuplicateHandle(process, GetCurrentThread(), process,
			     &thread->handle, 0, FALSE, DUPLICATE_SAME_ACCESS))
		thread->handle = NULL; /* it cannot be bound */
	if (cpuslab_exchange_u32(&thread->state, THREAD_BEGUN) != THREAD_NEW)
		return;
	SetEvent(thread->begun);
	thread->run(thread->arg);
}

/* Wait until what was submitted has returned, or cancel it. */
static void thread_end(struct cpuslab_port_thread *thread)
{
	WaitForThreadpoolWorkCallbacks(thread->work, TRUE);
	CloseThreadpoolWork(thread->work);
	CloseThreadpool(thread->pool);
	if (thread->handle)
		CloseHandle(thread->handle);
}

static int thread_create(struct cpuslab_port_thread *thread)
{
	TP_CALLBACK_ENVIRON environment;

	thread->pool = CreateThreadpool(NULL);
	if (!thread->pool)
		return -CPUSLAB_EAGAIN;
	SetThreadpoolThreadMaximum(thread->pool, 1);
	InitializeThreadpoolEnvironment(&environment);
	SetThreadpoolCallbackPool(&environment, thread->pool);
	SetThreadpoolCallbackRunsLong(&environment);
	if (SetThreadpoolThreadMinimum(thread->pool, 1))
		thread->work =
			CreateThreadpoolWork(thread_run, thread, &environment);
	DestroyThreadpoolEnvironment(&environment);
	if (thread->work)
		return CPUSLAB_OK;
	CloseThreadpool(thread->pool);
	return -CPUSLAB_EAGAIN;
}

/*
 * A thread needs the loader's lock before it can begin. So the caller must not
 * hold it, and is refused after a while if it does.
 */
static int thread_submit(struct cpuslab_port_thread *thread)
{
	DWORD late;

	SubmitThreadpoolWork(thread->work);
	late = WaitForSingleObject(thread->begun, THREAD_BEGINS_MS);
	if (late && cpuslab_exchange_u32(&thread->state, THREAD_GIVEN_UP) ==
			    THREAD_NEW) {
		thread_end(thread);
		return -CPUSLAB_EAGAIN;
	}
	return CPUSLAB_OK;
}

int cpuslab_port_thread_start(struct cpuslab_port_thread *thread,
			      const struct cpuslab_port_thread *like,
			      uint32_t cpu, void (*run)(void *arg), void *arg)
{
	int err;

	(void)like;
	(void)cpu;
	memset(thread, 0, sizeof(*thread));
	thread->run = run;
	thread->arg = arg;
	thread->begun = CreateEventW(NULL, FALSE, FALSE, NULL);
	if (!thread->begun)
		return -CPUSLAB_EAGAIN;
	err = thread_create(thread);
	if (!err)
		err = thread_submit(thread);
	CloseHandle(thread->begun);
	return err;
}

void cpuslab_port_thread_join(struct cpuslab_port_thread *thread)
{
	thread_end(thread);
}

/*
 * CPUSLAB_NO_CPU, which has no group, leaves the thread where it is. A
 * processor that is not active yet, or not this process's, is refused.
 */
bool cpuslab_port_thread_bind(struct cpuslab_port_thread *thread, uint32_t cpu)
{
	GROUP_AFFINITY there;
	uint32_t group, number;

	if (cpuslab_group_from_cpu(cpuslab__win_groups(), cpu, &group, &number))
		return true;
	memset(&there, 0, sizeof(there));
	there.Group = (WORD)group;
	there.Mask = (KAFFINITY)1 << number;
	return thread->handle &&
	       SetThreadGroupAffinity(thread->handle, &there, NULL);
}

void cpuslab_port_thread_pause(void)
{
	YieldProcessor();
}
