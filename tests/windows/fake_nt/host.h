/* SPDX-License-Identifier: MIT */
/*
 * host.h - what the simulated system runs on: threads and memory of Linux
 * (host_posix.c) or of Wine (host_nt.c).
 */
#ifndef TESTS_WINDOWS_HOST_H
#define TESTS_WINDOWS_HOST_H

#include <stdarg.h>

#define SHIM_ALL_VERSIONS /* the functions of all versions of Windows */
#include <ntddk.h>

#include <cpuslab/atomic.h>

/* The identity of the caller; not 0. */
uint64_t host_self(void);
void host_yield(void);
void host_sleep(uint32_t milliseconds);
/* Milliseconds of a clock. */
uint64_t host_clock(void);

void *host_alloc(size_t bytes, size_t align);
void host_free(void *memory);

/* Run @run(@arg) in a thread of its own, whose end host_join() awaits. */
void *host_spawn(void (*run)(void *arg), void *arg);
void host_join(void *thread);

void host_log(const char *line);
void host_format(char *line, size_t bytes, const char *format, va_list args);
/* Called when the driver under test ends the system. */
void host_stop(const char *line) __attribute__((noreturn));

/*
 * Kernel functions that the system checks and then lets happen, and their names
 * here: in Wine the system is between the driver and the real functions.
 */
#ifdef SYSTEM_IN_WINE
#define SYSTEM(name) system_##name
#define HOST(name) name
NTSYSAPI NTSTATUS NTAPI ZwWaitForSingleObject(HANDLE handle, BOOLEAN alertable,
					      PLARGE_INTEGER timeout);
NTKERNELAPI NTSTATUS NTAPI ObOpenObjectByPointer(
	PVOID object, ULONG attributes, PACCESS_STATE state, ACCESS_MASK access,
	POBJECT_TYPE type, KPROCESSOR_MODE mode, PHANDLE handle);
#else
#define SYSTEM(name) name
#define HOST(name) host_##name
VOID host_KeInitializeEvent(PKEVENT event, EVENT_TYPE type, BOOLEAN state);
LONG host_KeSetEvent(PKEVENT event, LONG increment, BOOLEAN wait);
NTSTATUS host_KeWaitForSingleObject(PVOID object, KWAIT_REASON reason,
				    KPROCESSOR_MODE mode, BOOLEAN alertable,
				    PLARGE_INTEGER timeout);
NTSTATUS host_PsCreateSystemThread(HANDLE *handle, ULONG access,
				   POBJECT_ATTRIBUTES attributes,
				   HANDLE process, PVOID client,
				   PKSTART_ROUTINE routine, PVOID context);
NTSTATUS host_PsTerminateSystemThread(NTSTATUS status);
NTSTATUS host_ZwWaitForSingleObject(HANDLE handle, BOOLEAN alertable,
				    PLARGE_INTEGER timeout);
NTSTATUS host_ZwClose(HANDLE handle);
ULONG host_DbgPrint(PCSTR format, ...);
#endif

/* A lock of the system's own; never held across a call of a driver. */
static inline void host_lock(uint32_t *lock)
{
	uint32_t free = 0;

	while (!cpuslab_cas_u32(lock, &free, 1)) {
		free = 0;
		host_yield();
	}
}

static inline void host_unlock(uint32_t *lock)
{
	cpuslab_store_release_u32(lock, 0);
}

#endif /* TESTS_WINDOWS_HOST_H */
