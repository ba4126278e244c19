/* SPDX-License-Identifier: MIT */
/*
 * thread.c - system threads and events.
 *
 * The handle of a thread is the kernel's: it is made in any process that calls
 * a driver, and must not appear in the table of that process. The end can be
 * awaited through it, so that the thread's object is not needed.
 */
#include "kernel_private.h"

#include <cpuslab/port_thread.h>
#include <cpuslab/port/thread.h>

/*
 * Public only in ntifs.h, which includes more than a driver may want; also in
 * the tests' own headers.
 * NOLINTNEXTLINE(readability-redundant-declaration) */
NTSYSAPI NTSTATUS NTAPI ZwWaitForSingleObject(HANDLE handle, BOOLEAN alertable,
					      PLARGE_INTEGER timeout);

CPUSLAB_STATIC_ASSERT(sizeof(KEVENT) <= sizeof(struct cpuslab_port_event),
		      "an event fits");

static PKEVENT thread_event(struct cpuslab_port_event *event)
{
	return (PKEVENT)event->event;
}

int cpuslab_port_event_init(struct cpuslab_port_event *event)
{
	KeInitializeEvent(thread_event(event), SynchronizationEvent, FALSE);
	return CPUSLAB_OK;
}

void cpuslab_port_event_fini(struct cpuslab_port_event *event)
{
	(void)event;
}

void cpuslab_port_event_set(struct cpuslab_port_event *event)
{
	KeSetEvent(thread_event(event), IO_NO_INCREMENT, FALSE);
}

void cpuslab_port_event_wait(struct cpuslab_port_event *event)
{
	KeWaitForSingleObject(thread_event(event), Executive, KernelMode, FALSE,
			      NULL);
}

static KSTART_ROUTINE thread_run;

static VOID NTAPI thread_run(PVOID arg)
{
	struct cpuslab_port_thread *thread = arg;

	thread->run(thread->arg);
	PsTerminateSystemThread(STATUS_SUCCESS);
}

int cpuslab_port_thread_start(struct cpuslab_port_thread *thread,
			      const struct cpuslab_port_thread *like,
			      uint32_t cpu, void (*run)(void *arg), void *arg)
{
	OBJECT_ATTRIBUTES attributes;

	(void)like;
	(void)cpu;
	thread->run = run;
	thread->arg = arg;
	InitializeObjectAttributes(&attributes, NULL, OBJ_KERNEL_HANDLE, NULL,
				   NULL);
	return NT_SUCCESS(PsCreateSystemThread(
		       &thread->handle, THREAD_ALL_ACCESS, &attributes, NULL,
		       NULL, thread_run, thread)) ?
		       CPUSLAB_OK :
		       -CPUSLAB_EAGAIN;
}

void cpuslab_port_thread_join(struct cpuslab_port_thread *thread)
{
	ZwWaitForSingleObject(thread->handle, FALSE, NULL);
	ZwClose(thread->handle);
}

/* What the system refuses leaves the affinity as it was, without an error. */
bool cpuslab_port_thread_bind(struct cpuslab_port_thread *thread, uint32_t cpu)
{
	PROCESSOR_NUMBER number;
	GROUP_AFFINITY there;

	(void)thread;
	if (!cpuslab_kernel_cpu_active(cpu) ||
	    !cpuslab__nt_cpu_number(cpu, &number))
		return false;
	memset(&there, 0, sizeof(there));
	there.Group = number.Group;
	there.Mask = (KAFFINITY)1 << number.Number;
	KeSetSystemGroupAffinityThread(&there, NULL);
	return cpuslab__nt_cpu() == cpu;
}

void cpuslab_port_thread_pause(void)
{
	YieldProcessor();
}
