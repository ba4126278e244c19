/* SPDX-License-Identifier: MIT */
/*
 * dpc_barrier.c - a DPC that has run on a processor: the fence for one
 * processor, and for all of them the grace period.
 */
#include "kernel_private.h"

#define DPC_BARRIER_TIMEOUT_MS 500

struct dpc_barrier {
	KDPC dpc;
	KEVENT done;
};

static KDEFERRED_ROUTINE dpc_barrier_dpc;

static VOID NTAPI dpc_barrier_dpc(PKDPC dpc, PVOID context, PVOID unused,
				  PVOID unused_too)
{
	struct dpc_barrier *barrier = context;

	(void)dpc;
	(void)unused;
	(void)unused_too;
	KeSetEvent(&barrier->done, IO_NO_INCREMENT, FALSE);
}

static bool dpc_barrier_wait(struct dpc_barrier *barrier, int64_t milliseconds)
{
	LARGE_INTEGER timeout;

	timeout.QuadPart = milliseconds * -10000;
	return KeWaitForSingleObject(&barrier->done, Executive, KernelMode,
				     FALSE, milliseconds ? &timeout : NULL) ==
	       STATUS_SUCCESS;
}

int cpuslab__nt_dpc_barrier(uint32_t cpu)
{
	PROCESSOR_NUMBER number;
	struct dpc_barrier barrier;

	/* No operation can be in progress on a processor that is not active. */
	cpuslab_fence();
	if (!cpuslab_kernel_cpu_active(cpu) ||
	    !cpuslab__nt_cpu_number(cpu, &number))
		return CPUSLAB_OK;
	KeInitializeEvent(&barrier.done, NotificationEvent, FALSE);
	KeInitializeDpc(&barrier.dpc, dpc_barrier_dpc, &barrier);
	KeSetImportanceDpc(&barrier.dpc, HighImportance);
	if (!NT_SUCCESS(KeSetTargetProcessorDpcEx(&barrier.dpc, &number)))
		return -CPUSLAB_EAGAIN;
	KeInsertQueueDpc(&barrier.dpc, NULL, NULL);
	if (dpc_barrier_wait(&barrier, DPC_BARRIER_TIMEOUT_MS))
		return CPUSLAB_OK;
	if (KeRemoveQueueDpc(&barrier.dpc))
		return -CPUSLAB_EAGAIN;
	dpc_barrier_wait(&barrier, 0); /* it has begun */
	return CPUSLAB_OK;
}

void cpuslab__nt_dpc_barrier_all(void)
{
	uint32_t cpu;

	for (cpu = 0; cpu < cpuslab__nt_limit; cpu++)
		while (cpuslab__nt_dpc_barrier(cpu))
			continue;
}
