/* SPDX-License-Identifier: MIT */
/*
 * dpc_barrier.c - a DPC that has run on a processor: the fence for one
 * processor, and for all of them the grace period.
 */
#include "kernel_private.h"

#define VISIT_TIMEOUT_MS 500

struct visit {
	KDPC dpc;
	KEVENT done;
};

static KDEFERRED_ROUTINE visit_dpc;

static VOID NTAPI visit_dpc(PKDPC dpc, PVOID context, PVOID unused,
			    PVOID unused_too)
{
	struct visit *visit = context;

	(void)dpc;
	(void)unused;
	(void)unused_too;
	KeSetEvent(&visit->done, IO_NO_INCREMENT, FALSE);
}

static bool visit_wait(struct visit *visit, int64_t milliseconds)
{
	LARGE_INTEGER timeout;

	timeout.QuadPart = milliseconds * -10000;
	return KeWaitForSingleObject(&visit->done, Executive, KernelMode, FALSE,
				     milliseconds ? &timeout : NULL) ==
	       STATUS_SUCCESS;
}

int cpuslab__nt_visit(uint32_t cpu)
{
	PROCESSOR_NUMBER number;
	struct visit visit;

	/* No operation can be in progress on a processor that is not active. */
	cpuslab_fence();
	if (!cpuslab_kernel_cpu_active(cpu) ||
	    !cpuslab__nt_cpu_number(cpu, &number))
		return CPUSLAB_OK;
	KeInitializeEvent(&visit.done, NotificationEvent, FALSE);
	KeInitializeDpc(&visit.dpc, visit_dpc, &visit);
	KeSetImportanceDpc(&visit.dpc, HighImportance);
	if (!NT_SUCCESS(KeSetTargetProcessorDpcEx(&visit.dpc, &number)))
		return -CPUSLAB_EAGAIN;
	KeInsertQueueDpc(&visit.dpc, NULL, NULL);
	if (visit_wait(&visit, VISIT_TIMEOUT_MS))
		return CPUSLAB_OK;
	if (KeRemoveQueueDpc(&visit.dpc))
		return -CPUSLAB_EAGAIN;
	visit_wait(&visit, 0); /* it has begun */
	return CPUSLAB_OK;
}

void cpuslab__nt_visit_all(void)
{
	uint32_t cpu;

	for (cpu = 0; cpu < cpuslab__nt_limit; cpu++)
		while (cpuslab__nt_visit(cpu))
			continue;
}
