/* SPDX-License-Identifier: MIT */
/*
 * rcu_thread.c - the system thread that runs callbacks after their grace
 * periods, where they may wait.
 */
#include "kernel_private.h"

static KEVENT worker_work;
static uint32_t worker_stop; /* W fini */
static HANDLE worker_thread;

static KSTART_ROUTINE worker_run;

static VOID NTAPI worker_run(PVOID unused)
{
	(void)unused;
	do {
		KeWaitForSingleObject(&worker_work, Executive, KernelMode,
				      FALSE, NULL);
		cpuslab_port_rcu_barrier();
	} while (!cpuslab_load_acquire_u32(&worker_stop));
	PsTerminateSystemThread(STATUS_SUCCESS);
}

int cpuslab__nt_worker_init(void)
{
	KeInitializeEvent(&worker_work, SynchronizationEvent, FALSE);
	cpuslab_store_relaxed_u32(&worker_stop, 0);
	return cpuslab__nt_spawn(worker_run, NULL, &worker_thread);
}

void cpuslab__nt_worker_fini(void)
{
	cpuslab_store_release_u32(&worker_stop, 1);
	cpuslab__nt_worker_wake();
	cpuslab__nt_join(worker_thread);
}

void cpuslab__nt_worker_wake(void)
{
	KeSetEvent(&worker_work, IO_NO_INCREMENT, FALSE);
}
