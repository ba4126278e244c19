/* SPDX-License-Identifier: MIT */
/*
 * dpcs.c - DPCs run at once, or stay queued where a processor is stuck.
 */
#include "system.h"

#define DPCS_MAX 64u
#define DPCS_LATE_MS 20

enum {
	DPC_FREE, /* the entry is free */
	DPC_QUEUED,
	DPC_BEGUN, /* too late to remove it: its routine is about to run */
};

struct dpcs_entry {
	PKDPC dpc;
	uint32_t state; /* DPC_* */
	void *thread;   /* runs it late; NULL: none */
};

static uint32_t dpcs_lock;
static struct dpcs_entry dpcs_entries[DPCS_MAX];
static uint32_t dpcs_late;      /* removed DPCs have begun */
static uint32_t dpcs_unflushed; /* queued since the last flush */

/* With the lock held. */
static struct dpcs_entry *dpcs_find(const KDPC *dpc)
{
	uint32_t i;

	for (i = 0; i < DPCS_MAX; i++)
		if (dpcs_entries[i].state != DPC_FREE &&
		    dpcs_entries[i].dpc == dpc)
			return &dpcs_entries[i];
	return NULL;
}

/* As soon as no other thread is at DISPATCH_LEVEL on its processor. */
static void dpc_run(PKDPC dpc)
{
	struct system_thread *self = system_self();
	struct system_thread saved = *self;
	uint32_t cpu = dpc->Number - 1u;

	host_lock(&system_state.cpus[cpu].owner);
	/* An interrupt may come during it, but ends before it begins. */
	host_lock(&system_state.cpus[cpu].interrupt);
	host_unlock(&system_state.cpus[cpu].interrupt);
	self->irql = DISPATCH_LEVEL;
	self->cpu = cpu;
	dpc->DeferredRoutine(dpc, dpc->DeferredContext, NULL, NULL);
	self->irql = saved.irql;
	self->cpu = saved.cpu;
	host_unlock(&system_state.cpus[cpu].owner);
}

static void dpc_keep(PKDPC dpc)
{
	uint32_t i;

	host_lock(&dpcs_lock);
	for (i = 0; i < DPCS_MAX; i++)
		if (dpcs_entries[i].state == DPC_FREE &&
		    !dpcs_entries[i].thread)
			break;
	if (i < DPCS_MAX) {
		dpcs_entries[i].dpc = dpc;
		dpcs_entries[i].state = DPC_QUEUED;
	}
	host_unlock(&dpcs_lock);
	if (i == DPCS_MAX)
		host_stop("too many DPCs are queued");
}

/* ---- what scripts do ----------------------------------------------------- */

static void dpcs_join(void)
{
	uint32_t i;

	for (i = 0; i < DPCS_MAX; i++) {
		if (dpcs_entries[i].thread)
			host_join(dpcs_entries[i].thread);
		dpcs_entries[i].thread = NULL;
	}
}

static PKDPC dpcs_take(void)
{
	PKDPC dpc = NULL;
	uint32_t i;

	host_lock(&dpcs_lock);
	for (i = 0; i < DPCS_MAX && !dpc; i++)
		if (dpcs_entries[i].state == DPC_QUEUED) {
			dpc = dpcs_entries[i].dpc;
			dpcs_entries[i].state = DPC_FREE;
		}
	host_unlock(&dpcs_lock);
	return dpc;
}

void system_stuck(uint32_t cpu, uint32_t late)
{
	PKDPC dpc;

	cpuslab_store_release_u32(&dpcs_late, late);
	cpuslab_store_release_u32(&system_state.stuck, cpu);
	if (cpu != SYSTEM_NONE)
		return;
	while ((dpc = dpcs_take()) != NULL)
		dpc_run(dpc);
	dpcs_join();
}

void system_dpcs_reset(void)
{
	uint32_t i;

	dpcs_join();
	for (i = 0; i < DPCS_MAX; i++)
		if (dpcs_entries[i].state != DPC_FREE)
			system_violation("an earlier driver left a DPC");
	memset(dpcs_entries, 0, sizeof(dpcs_entries));
	dpcs_late = 0;
	dpcs_unflushed = 0;
}

void system_dpcs_read(struct control *control)
{
	control->result[RESULT_UNFLUSHED] =
		cpuslab_load_acquire_u32(&dpcs_unflushed);
}

/* ---- what drivers call --------------------------------------------------- */

VOID SYSTEM(KeInitializeDpc)(PKDPC dpc, PKDEFERRED_ROUTINE routine,
			     PVOID context)
{
	bool queued;

	host_lock(&dpcs_lock);
	queued = dpcs_find(dpc) != NULL;
	host_unlock(&dpcs_lock);
	if (queued)
		system_violation("a DPC that is queued is initialised again");
	memset(dpc, 0, sizeof(*dpc));
	dpc->DeferredRoutine = routine;
	dpc->DeferredContext = context;
}

VOID SYSTEM(KeSetImportanceDpc)(PKDPC dpc, KDPC_IMPORTANCE importance)
{
	(void)dpc;
	(void)importance;
}

NTSTATUS SYSTEM(KeSetTargetProcessorDpcEx)(PKDPC dpc, PPROCESSOR_NUMBER number)
{
	uint32_t cpu = system_index(number);

	if (cpu >= system_state.limit || !system_cpu_is_active(cpu))
		return STATUS_INVALID_PARAMETER;
	dpc->Number = (USHORT)(cpu + 1);
	return STATUS_SUCCESS;
}

BOOLEAN SYSTEM(KeInsertQueueDpc)(PKDPC dpc, PVOID argument1, PVOID argument2)
{
	uint32_t cpu = dpc->Number - 1u;

	(void)argument1;
	(void)argument2;
	system_check_irql(APC_LEVEL, "this system queues no DPC at "
				     "DISPATCH_LEVEL");
	if (cpu >= system_state.limit) {
		system_violation("a DPC without a processor");
		return FALSE;
	}
	cpuslab_fetch_add_u32(&dpcs_unflushed, 1);
	if (cpuslab_load_acquire_u32(&system_state.stuck) == cpu)
		dpc_keep(dpc);
	else
		dpc_run(dpc);
	return TRUE;
}

static void dpc_late(void *arg)
{
	struct dpcs_entry *entry = arg;
	PKDPC dpc = entry->dpc;

	system_thread_begin();
	host_sleep(DPCS_LATE_MS);
	/*
	 * Before it runs, because a thread that it wakes may reuse its memory.
	 */
	host_lock(&dpcs_lock);
	entry->state = DPC_FREE;
	host_unlock(&dpcs_lock);
	dpc_run(dpc);
}

BOOLEAN SYSTEM(KeRemoveQueueDpc)(PKDPC dpc)
{
	bool late = cpuslab_load_acquire_u32(&dpcs_late) != 0;
	struct dpcs_entry *entry;

	host_lock(&dpcs_lock);
	entry = dpcs_find(dpc);
	if (entry && entry->state != DPC_QUEUED)
		entry = NULL;
	if (entry)
		entry->state = late ? DPC_BEGUN : DPC_FREE;
	host_unlock(&dpcs_lock);
	if (!entry || !late)
		return entry != NULL;
	entry->thread = host_spawn(dpc_late, entry);
	return FALSE;
}

VOID SYSTEM(KeFlushQueuedDpcs)(VOID)
{
	system_check_irql(PASSIVE_LEVEL, "DPCs are flushed above "
					 "PASSIVE_LEVEL");
	cpuslab_store_release_u32(&dpcs_unflushed, 0);
}
