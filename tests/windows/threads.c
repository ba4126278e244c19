/* SPDX-License-Identifier: MIT */
/*
 * threads.c - what the tests' drivers share: threads, time, text.
 */
#include "tester.h"

void tester_text(struct control *control, const char *text)
{
	uint32_t i;

	for (i = 0; text[i] && i < CONTROL_TEXT - 1; i++)
		control->text[i] = text[i];
	control->text[i] = 0;
}

void tester_sleep(void)
{
	LARGE_INTEGER time;

	time.QuadPart = -10000;
	KeDelayExecutionThread(KernelMode, FALSE, &time);
}

/* Public only in ntifs.h. */
NTSYSAPI NTSTATUS NTAPI ZwWaitForSingleObject(HANDLE handle, BOOLEAN alertable,
					      PLARGE_INTEGER timeout);

int tester_spawn(PKSTART_ROUTINE run, void *arg, HANDLE *thread)
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

void tester_join(HANDLE thread)
{
	ZwWaitForSingleObject(thread, FALSE, NULL);
	ZwClose(thread);
}
