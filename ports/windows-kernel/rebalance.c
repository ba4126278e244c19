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
	return STATUS_SUCCESS;
}

void cpuslab_rebalance_fini(struct cpuslab_rebalance *rebalance)
{
	/*
	 * Both wait for calls that take the lock, so it must not be held here.
	 */
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
