/* SPDX-License-Identifier: MIT */
/*
 * spawn.c - a system thread, and its end.
 *
 * A handle of the kernel's: it is made in whatever process calls a driver, and
 * must not appear in that one's table. Whoever has it can await the end, so
 * that the thread's object is not needed.
 */
#include "kernel_private.h"

/* Public only in ntifs.h, which includes more than a driver may want. */
NTSYSAPI NTSTATUS NTAPI ZwWaitForSingleObject(HANDLE handle, BOOLEAN alertable,
					      PLARGE_INTEGER timeout);

int cpuslab__nt_spawn(PKSTART_ROUTINE run, void *arg, HANDLE *thread)
{
	OBJECT_ATTRIBUTES attributes;

	InitializeObjectAttributes(&attributes, NULL, OBJ_KERNEL_HANDLE, NULL,
				   NULL);
	return NT_SUCCESS(PsCreateSystemThread(thread, THREAD_ALL_ACCESS,
					       &attributes, NULL, NULL, run,
					       arg)) ?
		       CPUSLAB_OK :
		       -CPUSLAB_EAGAIN;
}

void cpuslab__nt_join(HANDLE thread)
{
	ZwWaitForSingleObject(thread, FALSE, NULL);
	ZwClose(thread);
}
