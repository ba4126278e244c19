/* SPDX-License-Identifier: MIT */
/*
 * worker.c - the system thread that runs callbacks after their grace periods,
 * where they may wait.
 */
#include "kernel_private.h"

/* Public only in ntifs.h, which includes more than a driver may want. */
NTSYSAPI NTSTATUS NTAPI ZwWaitForSingleObject(HANDLE handle, BOOLEAN alertable,
					      PLARGE_INTEGER timeout);

static KEVENT worker_work;
static uint32_t worker_stop; /* W fini */
static PVOID worker_thread;  /* the thread's object */

static KSTART_ROUTINE worker_run;

static VOID NTAPI worker_run(PVOID unused)
{
	(void)unused;
	do {
		KeWaitForSingleObject(&worker_work, Executive, KernelMode,
				      FALSE, NULL);
		cpuslab__nt_rcu_run_batch();
		while (cpuslab__nt_rcu_has_work()) {
			cpuslab__nt_rcu_pause();
			cpuslab__nt_rcu_run_batch();
		}
	} while (!cpuslab_load_acquire_u32(&worker_stop));
	PsTerminateSystemThread(STATUS_SUCCESS);
}

int cpuslab__nt_worker_init(void)
{
	HANDLE handle;
	NTSTATUS status;

	KeInitializeEvent(&worker_work, SynchronizationEvent, FALSE);
	cpuslab_store_relaxed_u32(&worker_stop, 0);
	status = PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL,
				      NULL, worker_run, NULL);
	if (!NT_SUCCESS(status))
		return -CPUSLAB_EAGAIN;
	status = ObReferenceObjectByHandle(handle, THREAD_ALL_ACCESS, NULL,
					   KernelMode, &worker_thread, NULL);
	if (!NT_SUCCESS(status)) {
		/* It ends by itself; the handle is enough to wait for that. */
		cpuslab_store_release_u32(&worker_stop, 1);
		cpuslab__nt_worker_wake();
		ZwWaitForSingleObject(handle, FALSE, NULL);
	}
	ZwClose(handle);
	return NT_SUCCESS(status) ? CPUSLAB_OK : -CPUSLAB_EAGAIN;
}

void cpuslab__nt_worker_fini(void)
{
	cpuslab_store_release_u32(&worker_stop, 1);
	cpuslab__nt_worker_wake();
	KeWaitForSingleObject(worker_thread, Executive, KernelMode, FALSE,
			      NULL);
	ObDereferenceObject(worker_thread);
	worker_thread = NULL;
}

void cpuslab__nt_worker_wake(void)
{
	KeSetEvent(&worker_work, IO_NO_INCREMENT, FALSE);
}
