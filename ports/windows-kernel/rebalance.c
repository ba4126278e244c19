/* SPDX-License-Identifier: MIT */
#include "kernel_private.h"

#include <cpuslab/rebalance.h>

/* GUID_DEVICE_PROCESSOR, as poclass.h defines it. */
static const GUID rebalance_class = {
	0x97fadb10,
	0x4e33,
	0x40ae,
	{ 0x35, 0x9c, 0x8b, 0xef, 0x02, 0x9d, 0xbd, 0xd0 },
};

/* ---- one call at a time ------------------------------------------------- */

static void rebalance_lock(struct cpuslab_rebalance *rebalance)
{
	KeEnterCriticalRegion();
	KeWaitForSingleObject(&rebalance->lock, Executive, KernelMode, FALSE,
			      NULL);
}

static void rebalance_unlock(struct cpuslab_rebalance *rebalance)
{
	KeSetEvent(&rebalance->lock, IO_NO_INCREMENT, FALSE);
	KeLeaveCriticalRegion();
}

static void rebalance_steer(struct cpuslab_rebalance *rebalance)
{
	cpuslab_fetch_add_u64(&rebalance->steered, 1);
	if (rebalance->ops->steer)
		rebalance->ops->steer(rebalance);
}

/* ---- a processor is online ---------------------------------------------- */

static void rebalance_follow(struct cpuslab_rebalance *rebalance)
{
	rebalance_lock(rebalance);
	/*
	 * Without resources nothing can be steered yet; the start will do it.
	 */
	if (rebalance->state != CPUSLAB_REBALANCE_STOPPED)
		rebalance_steer(rebalance);
	rebalance_unlock(rebalance);
}

static DRIVER_NOTIFICATION_CALLBACK_ROUTINE rebalance_notice;

/* Asynchronous: threads may have run on the new processor for a long time. */
static NTSTATUS NTAPI rebalance_notice(PVOID structure, PVOID context)
{
	(void)structure;
	rebalance_follow(context);
	return STATUS_SUCCESS;
}

static void rebalance_complete(struct cpuslab_client *client, uint32_t cpu)
{
	(void)cpu;
	rebalance_follow(client->arg);
}

static const struct cpuslab_client_ops rebalance_client_ops = {
	.complete = rebalance_complete,
	.repair = rebalance_complete,
};

/* ---- the available processors change ------------------------------------- */

/*
 * Newer systems notify a driver when the processors that system threads may use
 * become more or fewer. None is removed: it stays online, and the domain keeps
 * its block; only work is steered again.
 *
 * The reference of wdm.h: PsRegisterSystemAvailableCpusChangeNotification and
 * PsUnregisterAvailableCpusChangeNotification are called at PASSIVE_LEVEL. The
 * callback PS_AVAILABLE_CPUS_CHANGE_CALLBACK runs at up to DISPATCH_LEVEL, so a
 * work item does the steering. Its description has a second parameter, a
 * sequence number, that its syntax lacks; one that takes the context only is
 * right for both. Whether unregistering waits for a call in progress is not
 * stated.
 */
typedef VOID NTAPI rebalance_available_callback(PVOID context);
typedef NTSTATUS(NTAPI *rebalance_register_fn)(
	rebalance_available_callback *callback, PVOID context,
	PULONG64 observed, PVOID *registration);
typedef VOID(NTAPI *rebalance_unregister_fn)(PVOID registration);

static rebalance_available_callback rebalance_available;
static IO_WORKITEM_ROUTINE_EX rebalance_work;

static PVOID rebalance_lookup(PCWSTR name)
{
	UNICODE_STRING string;

	RtlInitUnicodeString(&string, name);
	return MmGetSystemRoutineAddress(&string);
}

/* False: it was unregistered, and the work item may be freed. */
static bool rebalance_enter(struct cpuslab_rebalance *rebalance)
{
	uint32_t calls = cpuslab_load_relaxed_u32(&rebalance->calls);

	while (calls)
		if (cpuslab_cas_u32(&rebalance->calls, &calls, calls + 1))
			return true;
	return false;
}

/* The last call sets the event, after which fini frees what it used. */
static void rebalance_leave(struct cpuslab_rebalance *rebalance)
{
	if (cpuslab_fetch_add_u32(&rebalance->calls, (uint32_t)-1) == 1)
		KeSetEvent(&rebalance->done, IO_NO_INCREMENT, FALSE);
}

static VOID NTAPI rebalance_work(PVOID driver, PVOID context, PIO_WORKITEM work)
{
	struct cpuslab_rebalance *rebalance = context;

	(void)driver;
	(void)work;
	/* A change from here on queues it again. */
	cpuslab_exchange_u32(&rebalance->queued, 0);
	rebalance_follow(rebalance);
	rebalance_leave(rebalance);
}

static VOID NTAPI rebalance_available(PVOID context)
{
	struct cpuslab_rebalance *rebalance = context;

	if (!rebalance_enter(rebalance))
		return;
	if (cpuslab_exchange_u32(&rebalance->queued, 1))
		rebalance_leave(rebalance);
	else
		IoQueueWorkItemEx(rebalance->work, rebalance_work,
				  DelayedWorkQueue, rebalance);
}

/* Without it, the domain and the notice are sufficient. */
static void rebalance_available_init(struct cpuslab_rebalance *rebalance,
				     PDRIVER_OBJECT driver)
{
	rebalance_register_fn enter = (rebalance_register_fn)rebalance_lookup(
		L"PsRegisterSystemAvailableCpusChangeNotification");

	rebalance->available = NULL;
	rebalance->queued = 0;
	rebalance->calls = 1; /* the registration */
	KeInitializeEvent(&rebalance->done, NotificationEvent, FALSE);
	rebalance->unregister = rebalance_lookup(
		L"PsUnregisterAvailableCpusChangeNotification");
	if (!enter || !rebalance->unregister)
		return;
	/* It takes a driver's object for IoQueueWorkItemEx(). */
	rebalance->work = IoAllocateWorkItem((PVOID)driver);
	if (!rebalance->work)
		return;
	if (NT_SUCCESS(enter(rebalance_available, rebalance, NULL,
			     &rebalance->available)))
		return;
	rebalance->available = NULL;
	IoFreeWorkItem(rebalance->work);
}

static void rebalance_available_fini(struct cpuslab_rebalance *rebalance)
{
	if (!rebalance->available)
		return;
	((rebalance_unregister_fn)rebalance->unregister)(rebalance->available);
	rebalance->available = NULL;
	rebalance_leave(rebalance);
	KeWaitForSingleObject(&rebalance->done, Executive, KernelMode, FALSE,
			      NULL);
	IoFreeWorkItem(rebalance->work);
}

/* ---- init and fini ------------------------------------------------------- */

NTSTATUS cpuslab_rebalance_init(struct cpuslab_rebalance *rebalance,
				PDRIVER_OBJECT driver)
{
	GUID class = rebalance_class;
	int err;

	rebalance->notice = NULL;
	rebalance->state = CPUSLAB_REBALANCE_STOPPED;
	rebalance->steered = 0;
	KeInitializeEvent(&rebalance->lock, SynchronizationEvent, TRUE);
	rebalance->client.ops = &rebalance_client_ops;
	rebalance->client.name = "rebalance";
	rebalance->client.arg = rebalance;
	rebalance->client.order = 0;
	err = cpuslab_client_init(&rebalance->client, rebalance->domain);
	if (err)
		return cpuslab_kernel_status(err);
	if (!NT_SUCCESS(IoRegisterPlugPlayNotification(
		    EventCategoryDeviceInterfaceChange, 0, &class, driver,
		    rebalance_notice, rebalance, &rebalance->notice)))
		rebalance->notice = NULL;
	rebalance_available_init(rebalance, driver);
	return STATUS_SUCCESS;
}

void cpuslab_rebalance_fini(struct cpuslab_rebalance *rebalance)
{
	/*
	 * All three wait for calls that take the lock, so it must not be held
	 * here.
	 */
	rebalance_available_fini(rebalance);
	if (rebalance->notice)
		IoUnregisterPlugPlayNotificationEx(rebalance->notice);
	rebalance->notice = NULL;
	cpuslab_client_fini(&rebalance->client);
}

/* ---- stop and start ------------------------------------------------------ */

static void rebalance_hold(struct cpuslab_rebalance *rebalance, uint32_t state)
{
	/* Without resources no request is in progress. */
	if (rebalance->state == CPUSLAB_REBALANCE_STOPPED)
		return;
	if (rebalance->state == CPUSLAB_REBALANCE_RUNNING &&
	    rebalance->ops->hold)
		rebalance->ops->hold(rebalance);
	cpuslab_store_release_u32(&rebalance->state, state);
}

static void rebalance_resume(struct cpuslab_rebalance *rebalance)
{
	if (rebalance->ops->resume)
		rebalance->ops->resume(rebalance);
	cpuslab_store_release_u32(&rebalance->state, CPUSLAB_REBALANCE_RUNNING);
}

static void rebalance_start(struct cpuslab_rebalance *rebalance)
{
	if (rebalance->state == CPUSLAB_REBALANCE_STOPPED)
		rebalance_steer(rebalance);
	if (rebalance->state != CPUSLAB_REBALANCE_RUNNING)
		rebalance_resume(rebalance);
}

static bool rebalance_minor(struct cpuslab_rebalance *rebalance, UCHAR minor)
{
	switch (minor) {
	case IRP_MN_QUERY_STOP_DEVICE:
		rebalance_hold(rebalance, CPUSLAB_REBALANCE_HELD);
		return true;
	case IRP_MN_STOP_DEVICE:
		rebalance_hold(rebalance, CPUSLAB_REBALANCE_STOPPED);
		return true;
	case IRP_MN_CANCEL_STOP_DEVICE:
		if (rebalance->state == CPUSLAB_REBALANCE_HELD)
			rebalance_resume(rebalance);
		return true;
	case IRP_MN_START_DEVICE:
		rebalance_start(rebalance);
		return true;
	default:
		return false;
	}
}

bool cpuslab_rebalance_pnp(struct cpuslab_rebalance *rebalance, UCHAR minor)
{
	bool known;

	rebalance_lock(rebalance);
	known = rebalance_minor(rebalance, minor);
	rebalance_unlock(rebalance);
	return known;
}

/* ---- masks and shares ---------------------------------------------------- */

KAFFINITY cpuslab_rebalance_mask(const struct cpuslab_cpumask *set,
				 USHORT group)
{
	PROCESSOR_NUMBER number;
	KAFFINITY mask = 0;
	uint32_t cpu;

	for (cpu = cpuslab_cpumask_next(set, 0); cpu != CPUSLAB_NO_CPU;
	     cpu = cpuslab_cpumask_next(set, cpu + 1))
		if (cpuslab__nt_cpu_number(cpu, &number) &&
		    number.Group == group)
			mask |= (KAFFINITY)1 << number.Number;
	return mask;
}

USHORT cpuslab_rebalance_next_group(const struct cpuslab_cpumask *set,
				    USHORT group)
{
	uint32_t above = UINT32_MAX, first = UINT32_MAX, cpu;
	PROCESSOR_NUMBER number;

	for (cpu = cpuslab_cpumask_next(set, 0); cpu != CPUSLAB_NO_CPU;
	     cpu = cpuslab_cpumask_next(set, cpu + 1)) {
		if (!cpuslab__nt_cpu_number(cpu, &number))
			continue;
		if (number.Group > group && number.Group < above)
			above = number.Group;
		if (number.Group < first)
			first = number.Group;
	}
	if (above != UINT32_MAX)
		return (USHORT)above;
	return first != UINT32_MAX ? (USHORT)first : group;
}

uint32_t cpuslab_rebalance_share(const struct cpuslab_cpumask *set,
				 uint32_t key)
{
	uint32_t count = cpuslab_cpumask_count(set);
	uint32_t cpu = cpuslab_cpumask_next(set, 0), position;

	if (!count)
		return CPUSLAB_NO_CPU;
	/* Multiplied by 2^32 / phi, neighbouring keys lie far apart. */
	position = (uint32_t)(((uint64_t)(key * 2654435769u) * count) >> 32);
	while (position--)
		cpu = cpuslab_cpumask_next(set, cpu + 1);
	return cpu;
}
