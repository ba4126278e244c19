/* SPDX-License-Identifier: MIT */
/*
 * host_nt.c - the system inside Wine, whose kernel functions do the work.
 */
#include "host.h"

#define HOST_TAG 0x74736f48u /* Host */

NTSYSAPI NTSTATUS NTAPI ZwYieldExecution(VOID);

/* Before each piece of memory that host_alloc() returns. */
struct host_piece {
	void *raw; /* what the pool returned */
};

uint64_t host_self(void)
{
	return (uint64_t)(uintptr_t)PsGetCurrentThreadId();
}

void host_yield(void)
{
	ZwYieldExecution();
}

void host_sleep(uint32_t milliseconds)
{
	LARGE_INTEGER time;

	time.QuadPart = (int64_t)milliseconds * -10000;
	KeDelayExecutionThread(KernelMode, FALSE, &time);
}

/* The shared page at its user-mode address: Wine runs drivers in a process. */
uint64_t host_clock(void)
{
	return *(volatile uint64_t *)(uintptr_t)(0x7ffe0000 + 8) / 10000;
}

/* Pool is not aligned to pages here. */
void *host_alloc(size_t bytes, size_t align)
{
	char *raw = ExAllocatePoolWithTag(
		NonPagedPool, bytes + align + sizeof(struct host_piece),
		HOST_TAG);
	uintptr_t memory;

	if (!raw)
		host_stop("no memory for the system");
	memory = (uintptr_t)raw + sizeof(struct host_piece) + align - 1;
	memory &= ~(uintptr_t)(align - 1);
	((struct host_piece *)memory)[-1].raw = raw;
	return (void *)memory;
}

void host_free(void *memory)
{
	ExFreePoolWithTag(((struct host_piece *)memory)[-1].raw, HOST_TAG);
}

/* ---- threads ------------------------------------------------------------- */

struct host_thread {
	void (*run)(void *arg);
	void *arg;
	PVOID object;
};

static VOID NTAPI host_run(PVOID arg)
{
	struct host_thread *thread = arg;

	thread->run(thread->arg);
	PsTerminateSystemThread(STATUS_SUCCESS);
}

void *host_spawn(void (*run)(void *arg), void *arg)
{
	struct host_thread *thread = host_alloc(sizeof(*thread), 16);
	HANDLE handle;

	thread->run = run;
	thread->arg = arg;
	if (!NT_SUCCESS(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL,
					     NULL, NULL, host_run, thread)) ||
	    !NT_SUCCESS(ObReferenceObjectByHandle(handle, THREAD_ALL_ACCESS,
						  NULL, KernelMode,
						  &thread->object, NULL)))
		host_stop("no thread for the system");
	ZwClose(handle);
	return thread;
}

void host_join(void *arg)
{
	struct host_thread *thread = arg;

	KeWaitForSingleObject(thread->object, Executive, KernelMode, FALSE,
			      NULL);
	ObDereferenceObject(thread->object);
	host_free(thread);
}

/* ---- words --------------------------------------------------------------- */

int __cdecl _vsnprintf(char *line, size_t bytes, const char *format,
		       va_list args);

void host_format(char *line, size_t bytes, const char *format, va_list args)
{
	_vsnprintf(line, bytes, format, args);
	line[bytes - 1] = 0;
}

void host_log(const char *line)
{
	DbgPrint("system: %s\n", line);
}

void host_stop(const char *line)
{
	DbgPrint("bug check: %s\n", line);
	for (;;)
		*(volatile int *)0 = 0;
}
