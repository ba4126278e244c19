/* SPDX-License-Identifier: MIT */
/*
 * dpc_barrier.c - a round of DPCs, one on each processor: the fence, and the
 * grace period. All are queued before the first is waited for. Since Windows
 * Vista a processor may not be interrupted for a DPC that another one queues,
 * so DPCs that have not run after 1, 2, 4 ... ms are queued again.
 */
#include "kernel_private.h"

#define BARRIER_TIMEOUT_MS 512u

struct nt_round {
	uint32_t first, end; /* processors */
	bool single;         /* uses the spare record */
	uint32_t left;       /* DPCs that have not run, and one; W any */
	KEVENT done;         /* none is left */
};

/* One round at a time: it uses the DPCs of records. */
static KEVENT barrier_free;

/* ---- one round at a time ------------------------------------------------- */

void cpuslab__nt_barrier_init(void)
{
	KeInitializeEvent(&barrier_free, SynchronizationEvent, TRUE);
}

static bool barrier_wait(PKEVENT event, uint32_t milliseconds)
{
	LARGE_INTEGER timeout;

	timeout.QuadPart = (int64_t)milliseconds * -10000;
	return KeWaitForSingleObject(event, Executive, KernelMode, FALSE,
				     &timeout) == STATUS_SUCCESS;
}

static bool barrier_lock(void)
{
	KeEnterCriticalRegion();
	/* A round that fails takes somewhat longer than the timeout. */
	if (barrier_wait(&barrier_free, 2 * BARRIER_TIMEOUT_MS))
		return true;
	KeLeaveCriticalRegion();
	return false;
}

static void barrier_unlock(void)
{
	KeSetEvent(&barrier_free, IO_NO_INCREMENT, FALSE);
	KeLeaveCriticalRegion();
}

/* ---- a round ------------------------------------------------------------- */

static void round_leave(struct nt_round *round, uint32_t count)
{
	/* After the event the round's memory may be used for something else. */
	if (cpuslab_fetch_add_u32(&round->left, 0 - count) == count)
		KeSetEvent(&round->done, IO_NO_INCREMENT, FALSE);
}

VOID NTAPI cpuslab__nt_barrier_dpc(PKDPC dpc, PVOID unused, PVOID round,
				   PVOID unused_too)
{
	(void)dpc;
	(void)unused;
	(void)unused_too;
	round_leave(round, 1);
}

static struct nt_record *round_record(const struct nt_round *round,
				      uint32_t cpu)
{
	return round->single ? cpuslab__nt_spare : cpuslab__nt_record(cpu);
}

static int round_queue_one(struct nt_round *round, uint32_t cpu)
{
	struct nt_record *record = round_record(round, cpu);
	PROCESSOR_NUMBER number;

	/* No operation can be in progress on a processor that is not active. */
	if (!record || !cpuslab_kernel_cpu_active(cpu) ||
	    !cpuslab__nt_cpu_number(cpu, &number))
		return CPUSLAB_OK;
	if (!NT_SUCCESS(KeSetTargetProcessorDpcEx(&record->dpc, &number)))
		return -CPUSLAB_EAGAIN;
	cpuslab_fetch_add_u32(&round->left, 1);
	KeInsertQueueDpc(&record->dpc, round, NULL);
	return CPUSLAB_OK;
}

static int round_queue(struct nt_round *round)
{
	uint32_t cpu;
	int err = CPUSLAB_OK;

	for (cpu = round->first; cpu < round->end; cpu++)
		if (round_queue_one(round, cpu))
			err = -CPUSLAB_EAGAIN;
	return err;
}

/* Queue again, or only remove, what has not begun. How many were removed. */
static uint32_t round_requeue(struct nt_round *round, bool again)
{
	uint32_t cpu, removed = 0;

	for (cpu = round->first; cpu < round->end; cpu++) {
		struct nt_record *record = round_record(round, cpu);

		if (!record || !KeRemoveQueueDpc(&record->dpc))
			continue;
		if (again)
			KeInsertQueueDpc(&record->dpc, round, NULL);
		else
			removed++;
	}
	return removed;
}

/* Returns when no DPC is left. How many had to be removed. */
static uint32_t round_wait(struct nt_round *round)
{
	uint32_t removed, ms;

	round_leave(round, 1);
	for (ms = 1; ms < BARRIER_TIMEOUT_MS; ms *= 2) {
		if (barrier_wait(&round->done, ms))
			return 0;
		round_requeue(round, true);
	}
	removed = round_requeue(round, false);
	if (removed)
		round_leave(round, removed);
	/* Those that are left have begun. */
	KeWaitForSingleObject(&round->done, Executive, KernelMode, FALSE, NULL);
	return removed;
}

static int round_run(struct nt_round *round)
{
	int err;

	if (!barrier_lock())
		return -CPUSLAB_EAGAIN;
	round->left = 1;
	KeInitializeEvent(&round->done, NotificationEvent, FALSE);
	/* A processor that is not active yet sees what the caller stored. */
	cpuslab_fence();
	err = round_queue(round);
	if (round_wait(round))
		err = -CPUSLAB_EAGAIN;
	barrier_unlock();
	return err;
}

/* ---- for the port -------------------------------------------------------- */

int cpuslab__nt_barrier(uint32_t cpu)
{
	struct nt_round round = { .first = cpu,
				  .end = cpu + 1,
				  .single = true };

	return round_run(&round);
}

static int barrier_unrecorded(void)
{
	uint32_t cpu;
	int err = CPUSLAB_OK;

	for (cpu = 0; cpu < cpuslab__nt_limit && !err; cpu++)
		if (!cpuslab__nt_record(cpu) && cpuslab_kernel_cpu_active(cpu))
			err = cpuslab__nt_barrier(cpu);
	return err;
}

int cpuslab__nt_barrier_all(void)
{
	struct nt_round round = { .end = cpuslab__nt_limit };
	int err;

	/* First, because a Complete may make a record meanwhile. */
	cpuslab_fence();
	err = barrier_unrecorded();
	return err ? err : round_run(&round);
}
