/* SPDX-License-Identifier: MIT */
#include "user_private.h"

#include <cpuslab/port_thread.h>
#include <cpuslab/port/thread.h>

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

static DWORD WINAPI thread_run(void *arg)
{
	struct cpuslab_port_thread *thread = arg;

	thread->run(thread->arg);
	return 0;
}

int cpuslab_port_thread_start(struct cpuslab_port_thread *thread,
			      const struct cpuslab_port_thread *like,
			      uint32_t cpu, void (*run)(void *arg), void *arg)
{
	(void)like;
	(void)cpu;
	thread->run = run;
	thread->arg = arg;
	thread->handle = CreateThread(NULL, 0, thread_run, thread, 0, NULL);
	return thread->handle ? CPUSLAB_OK : -CPUSLAB_EAGAIN;
}

void cpuslab_port_thread_join(struct cpuslab_port_thread *thread)
{
	WaitForSingleObject(thread->handle, INFINITE);
	CloseHandle(thread->handle);
}

/* CPUSLAB_NO_CPU, which has no group, leaves the thread where it is. */
void cpuslab_port_thread_bind(struct cpuslab_port_thread *thread, uint32_t cpu)
{
	GROUP_AFFINITY there;
	uint32_t group, number;

	if (cpuslab_group_from_cpu(cpuslab__win_groups(), cpu, &group, &number))
		return;
	memset(&there, 0, sizeof(there));
	there.Group = (WORD)group;
	there.Mask = (KAFFINITY)1 << number;
	SetThreadGroupAffinity(thread->handle, &there, NULL);
}

void cpuslab_port_thread_pause(void)
{
	YieldProcessor();
}
