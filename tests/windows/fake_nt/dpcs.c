/* SPDX-License-Identifier: MIT */
/*
 * dpcs.c - DPCs run late, and in the reverse of the order in which they were
 * queued: when some thread waits. Where a processor is stuck they stay queued.
 */
#include "system.h"

#define DPCS_MAX 4096u
#define DPCS_LATE_MS 800 /* longer than a fence waits */
#define DPCS_STACK 4096u

enum {
	DPC_FREE, /* the entry is free */
	DPC_QUEUED,
	DPC_BEGUN, /* too late to remove it: its routine is about to run */
};

struct dpcs_entry {
	PKDPC dpc;
	KDPC queued;    /* as it was then */
	uint32_t state; /* DPC_* */
	bool asleep;    /* its processor was not interrupted for it */
	void *thread;   /* runs it late; NULL: none */
};

static uint32_t dpcs_lock;
static struct dpcs_entry dpcs_entries[DPCS_MAX];
static uint32_t dpcs_end;       /* all entries from here on are free */
static uint32_t dpcs_running;   /* taken from the queue, not yet returned */
static bool dpcs_poked;         /* the next one was queued before */
static uint32_t dpcs_refused;   /* no DPC can be for this processor */
static uint32_t dpcs_late;      /* removed DPCs have begun */
static uint32_t dpcs_unflushed; /* queued since the last flush */
static uint32_t dpcs_rounds;    /* since the mark */

/* With the lock held. */
static struct dpcs_entry *dpcs_find(const KDPC *dpc)
{
	uint32_t i;

	for (i = 0; i < dpcs_end; i++)
		if (dpcs_entries[i].state != DPC_FREE &&
		    dpcs_entries[i].dpc == dpc)
			return &dpcs_entries[i];
	return NULL;
}

bool system_dpcs_in(const void *memory, size_t bytes)
{
	uintptr_t begin = (uintptr_t)memory;
	bool found = false;
	uint32_t i;

	host_lock(&dpcs_lock);
	for (i = 0; i < dpcs_end; i++)
		found |= dpcs_entries[i].state != DPC_FREE &&
			 (uintptr_t)dpcs_entries[i].dpc - begin < bytes;
	host_unlock(&dpcs_lock);
	return found;
}

/* As soon as no other thread is at DISPATCH_LEVEL on its processor. */
static void dpc_run(PKDPC dpc, const KDPC *queued)
{
	struct system_thread *self = system_self();
	struct system_thread saved = *self;
	uint32_t cpu = queued->Number - 1u;

	host_lock(&system_state.cpus[cpu].owner);
	/* An interrupt may come during it, but ends before it begins. */
	host_lock(&system_state.cpus[cpu].interrupt);
	host_unlock(&system_state.cpus[cpu].interrupt);
	self->irql = DISPATCH_LEVEL;
	self->cpu = cpu;
	self->callback = 0;
	queued->DeferredRoutine(dpc, queued->DeferredContext,
				queued->SystemArgument1,
				queued->SystemArgument2);
	if (self->irql != DISPATCH_LEVEL)
		system_violation("a DPC returned at another level");
	self->irql = saved.irql;
	self->cpu = saved.cpu;
	self->callback = saved.callback;
	cpuslab_fetch_add_u32(&system_state.cpus[cpu].dpcs, 1);
	host_unlock(&system_state.cpus[cpu].owner);
}

static void dpc_keep(PKDPC dpc)
{
	uint32_t i;

	for (i = 0; i < DPCS_MAX; i++)
		if (dpcs_entries[i].state == DPC_FREE &&
		    !dpcs_entries[i].thread)
			break;
	if (i == DPCS_MAX)
		host_stop("too many DPCs are queued");
	dpcs_entries[i].dpc = dpc;
	dpcs_entries[i].queued = *dpc;
	dpcs_entries[i].state = DPC_QUEUED;
	dpcs_entries[i].asleep =
		system_state.quirks & QUIRK_LAZY_DPCS &&
		(!dpcs_poked || dpc->Importance < HighImportance);
	dpcs_poked = false;
	if (i >= dpcs_end)
		dpcs_end = i + 1;
}

/* ---- when they run ------------------------------------------------------- */

static void dpcs_join(void)
{
	uint32_t i;

	for (i = 0; i < DPCS_MAX; i++) {
		if (dpcs_entries[i].thread)
			host_join(dpcs_entries[i].thread);
		dpcs_entries[i].thread = NULL;
	}
}

/* The last one that may run, or NULL. It may be queued again from here on. */
static PKDPC dpcs_take(KDPC *queued)
{
	uint32_t stuck = cpuslab_load_acquire_u32(&system_state.stuck), i;
	PKDPC dpc = NULL;

	host_lock(&dpcs_lock);
	for (i = dpcs_end; i > 0 && !dpc; i--) {
		struct dpcs_entry *entry = &dpcs_entries[i - 1];

		if (entry->state != DPC_QUEUED || entry->asleep ||
		    entry->queued.Number - 1u == stuck)
			continue;
		dpc = entry->dpc;
		*queued = entry->queued;
		entry->state = DPC_FREE;
		cpuslab_fetch_add_u32(&dpcs_running, 1);
	}
	while (dpcs_end && dpcs_entries[dpcs_end - 1].state == DPC_FREE)
		dpcs_end--;
	host_unlock(&dpcs_lock);
	return dpc;
}

void system_dpcs_run(void)
{
	bool any = false;
	KDPC queued;
	PKDPC dpc;

	while ((dpc = dpcs_take(&queued)) != NULL) {
		any = true;
		if (dpc->DeferredRoutine != queued.DeferredRoutine ||
		    dpc->DeferredContext != queued.DeferredContext)
			system_violation("a DPC was overwritten while it was "
					 "queued");
		else
			dpc_run(dpc, &queued);
		cpuslab_fetch_add_u32(&dpcs_running, (uint32_t)-1);
	}
	if (any)
		cpuslab_fetch_add_u32(&dpcs_rounds, 1);
}

void system_dpcs_mark(void)
{
	cpuslab_store_release_u32(&dpcs_rounds, 0);
}

static void stuck_ends(void *unused)
{
	(void)unused;
	system_thread_begin();
	host_sleep(DPCS_LATE_MS);
	system_stuck(SYSTEM_NONE, STUCK_QUEUED);
}

void system_stuck(uint32_t cpu, uint32_t how)
{
	cpuslab_store_release_u32(&dpcs_late, how == STUCK_LATE);
	cpuslab_store_release_u32(&dpcs_refused,
				  how == STUCK_REFUSES ? cpu : SYSTEM_NONE);
	cpuslab_store_release_u32(&system_state.stuck, cpu);
	if (how == STUCK_A_WHILE)
		system_background(stuck_ends, NULL);
	if (cpu != SYSTEM_NONE)
		return;
	system_dpcs_run();
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
	dpcs_end = 0;
	dpcs_poked = false;
	dpcs_refused = SYSTEM_NONE;
	dpcs_late = 0;
	dpcs_unflushed = 0;
}

void system_dpcs_read(struct control *control)
{
	control->result[RESULT_ROUNDS] = cpuslab_load_acquire_u32(&dpcs_rounds);
	control->result[RESULT_UNFLUSHED] =
		cpuslab_load_acquire_u32(&dpcs_unflushed);
}

/* ---- what drivers call --------------------------------------------------- */

static void dpc_check(const KDPC *dpc)
{
	bool queued;

	host_lock(&dpcs_lock);
	queued = dpcs_find(dpc) != NULL;
	host_unlock(&dpcs_lock);
	if (queued)
		system_violation("a DPC that is queued is changed");
}

VOID SYSTEM(KeInitializeDpc)(PKDPC dpc, PKDEFERRED_ROUTINE routine,
			     PVOID context)
{
	char here;

	/* The stack grows down, so the caller's variables are above this. */
	if ((uintptr_t)dpc - (uintptr_t)&here < DPCS_STACK)
		system_violation("a DPC on a stack, which is not non-paged "
				 "pool");
	dpc_check(dpc);
	memset(dpc, 0, sizeof(*dpc));
	dpc->DeferredRoutine = routine;
	dpc->DeferredContext = context;
	dpc->Importance = MediumImportance;
}

VOID SYSTEM(KeSetImportanceDpc)(PKDPC dpc, KDPC_IMPORTANCE importance)
{
	dpc->Importance = (UCHAR)importance;
}

NTSTATUS SYSTEM(KeSetTargetProcessorDpcEx)(PKDPC dpc, PPROCESSOR_NUMBER number)
{
	uint32_t cpu = system_index(number);

	dpc_check(dpc);
	if (cpu == cpuslab_load_acquire_u32(&dpcs_refused) ||
	    number->Reserved || cpu >= system_state.limit ||
	    !system_cpu_is_active(cpu))
		return STATUS_INVALID_PARAMETER;
	dpc->Number = (USHORT)(cpu + 1);
	return STATUS_SUCCESS;
}

BOOLEAN SYSTEM(KeInsertQueueDpc)(PKDPC dpc, PVOID argument1, PVOID argument2)
{
	uint32_t cpu = dpc->Number - 1u;
	bool queued;

	if (cpu >= system_state.limit) {
		system_violation("a DPC without a processor");
		return FALSE;
	}
	host_lock(&dpcs_lock);
	queued = dpcs_find(dpc) != NULL;
	if (!queued) {
		dpc->SystemArgument1 = argument1;
		dpc->SystemArgument2 = argument2;
		dpc_keep(dpc);
	}
	host_unlock(&dpcs_lock);
	cpuslab_fetch_add_u32(&dpcs_unflushed, 1);
	return !queued;
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
	dpc_run(dpc, &entry->queued);
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
	dpcs_poked = entry != NULL;
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
	do
		system_dpcs_run();
	while (cpuslab_load_acquire_u32(&dpcs_running));
	cpuslab_store_release_u32(&dpcs_unflushed, 0);
}
