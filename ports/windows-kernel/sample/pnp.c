/* SPDX-License-Identifier: MIT */
/*
 * pnp.c - a device that uses new processors: it supports being stopped and
 * started for a rebalance, and steers its work to the processors that are
 * online.
 */
#define NT_PROCESSOR_GROUPS /* resources name their group */

#include "driver.h"
#include "requests.h"

#define PNP_TAG 0x706e5043u /* CPnp */

struct sample_device {
	PDEVICE_OBJECT below;
	IO_REMOVE_LOCK lock; /* requests in progress */
	struct cpuslab_rebalance rebalance;
	KAFFINITY interrupt; /* what PnP assigned: ProcessorEnableMask */
	USHORT group;
	KAFFINITY threads; /* processors of that group where its work may run */
};

static uint32_t pnp_steered;  /* W any */
static uint32_t pnp_devices;  /* W add, remove */
static uint64_t pnp_assigned; /* W start: the last device's interrupt */

uint32_t sample_steered(void)
{
	return cpuslab_load_relaxed_u32(&pnp_steered);
}

uint64_t sample_interrupt(void)
{
	return cpuslab_load_relaxed_u64(&pnp_assigned);
}

/* ---- what a rebalance means here ----------------------------------------- */

/*
 * A real device queues new requests from here on, waits for those in progress,
 * and disconnects its interrupt on IRP_MN_STOP_DEVICE. Here, in resume and in
 * steer, only operations, sums and snapshots of cpuslab are allowed.
 */
static void pnp_hold(struct cpuslab_rebalance *rebalance)
{
	(void)rebalance;
}

static void pnp_resume(struct cpuslab_rebalance *rebalance)
{
	(void)rebalance;
}

/*
 * A real device moves its threads and DPCs here, and writes
 * cpuslab_rebalance_share() of each entry into its table for receive-side
 * scaling. Its interrupts go where PnP put them: see pnp_resources().
 */
static void pnp_steer(struct cpuslab_rebalance *rebalance)
{
	struct sample_device *device = rebalance->arg;
	const struct cpuslab_cpumask *set = cpuslab_cpumask_get(sample_domain);

	device->threads = cpuslab_rebalance_mask(set, device->group);
	cpuslab_cpumask_put(set);
	cpuslab_fetch_add_u32(&pnp_steered, 1);
}

static const struct cpuslab_rebalance_ops pnp_rebalance_ops = {
	.hold = pnp_hold,
	.resume = pnp_resume,
	.steer = pnp_steer,
};

/* ---- the device ---------------------------------------------------------- */

NTSTATUS NTAPI sample_add_device(PDRIVER_OBJECT driver, PDEVICE_OBJECT physical)
{
	struct sample_device *device;
	PDEVICE_OBJECT created;
	NTSTATUS status;

	status = IoCreateDevice(driver, sizeof(*device), NULL,
				FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN,
				FALSE, &created);
	if (!NT_SUCCESS(status))
		return status;
	device = created->DeviceExtension;
	memset(device, 0, sizeof(*device));
	IoInitializeRemoveLock(&device->lock, PNP_TAG, 0, 0);
	device->below = IoAttachDeviceToDeviceStack(created, physical);
	if (!device->below) {
		IoDeleteDevice(created);
		return STATUS_NO_SUCH_DEVICE;
	}
	device->rebalance.ops = &pnp_rebalance_ops;
	device->rebalance.domain = sample_domain;
	device->rebalance.arg = device;
	/* The device is not steered before its first start. */
	status = cpuslab_rebalance_init(&device->rebalance, driver);
	if (!NT_SUCCESS(status)) {
		IoDetachDevice(device->below);
		IoDeleteDevice(created);
		return status;
	}
	cpuslab_fetch_add_u32(&pnp_devices, 1);
	sample_control_create(driver);
	created->Flags |= device->below->Flags & DO_POWER_PAGABLE;
	created->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
	return STATUS_SUCCESS;
}

/* ---- requests ------------------------------------------------------------ */

static NTSTATUS NTAPI pnp_below_done(PDEVICE_OBJECT device, PIRP irp,
				     PVOID context)
{
	(void)device;
	(void)irp;
	KeSetEvent(context, IO_NO_INCREMENT, FALSE);
	return STATUS_MORE_PROCESSING_REQUIRED;
}

/* Send it down and wait until it comes back. */
static NTSTATUS pnp_below(struct sample_device *device, PIRP irp)
{
	NTSTATUS status;
	KEVENT done;

	KeInitializeEvent(&done, NotificationEvent, FALSE);
	IoCopyCurrentIrpStackLocationToNext(irp);
	IoSetCompletionRoutine(irp, pnp_below_done, &done, TRUE, TRUE, TRUE);
	status = IoCallDriver(device->below, irp);
	if (status == STATUS_PENDING) {
		KeWaitForSingleObject(&done, Executive, KernelMode, FALSE,
				      NULL);
		status = irp->IoStatus.Status;
	}
	return status;
}

static NTSTATUS pnp_forward(struct sample_device *device, PIRP irp)
{
	IoSkipCurrentIrpStackLocation(irp);
	return IoCallDriver(device->below, irp);
}

/*
 * The lock is held while the request is passed on, not until it is completed,
 * since nothing here is accessed afterwards.
 */
static NTSTATUS pnp_pass(struct sample_device *device, PIRP irp)
{
	NTSTATUS status = pnp_forward(device, irp);

	IoReleaseRemoveLock(&device->lock, irp);
	return status;
}

static NTSTATUS pnp_complete(struct sample_device *device, PIRP irp,
			     NTSTATUS status)
{
	irp->IoStatus.Status = status;
	IoCompleteRequest(irp, IO_NO_INCREMENT);
	if (device)
		IoReleaseRemoveLock(&device->lock, irp);
	return status;
}

/* The interrupt uses exactly the processors that PnP assigned. */
static void pnp_resources(struct sample_device *device,
			  const CM_RESOURCE_LIST *list)
{
	const CM_PARTIAL_RESOURCE_LIST *part;
	ULONG i;

	if (!list || !list->Count)
		return;
	part = &list->List[0].PartialResourceList;
	for (i = 0; i < part->Count; i++) {
		const CM_PARTIAL_RESOURCE_DESCRIPTOR *one =
			&part->PartialDescriptors[i];

		if (one->Type != CmResourceTypeInterrupt)
			continue;
		device->interrupt = one->u.Interrupt.Affinity;
		device->group = one->u.Interrupt.Group;
	}
	cpuslab_store_relaxed_u64(&pnp_assigned, device->interrupt);
}

/* ---- which processors PnP shall assign ----------------------------------- */

/* For all interrupts, in place. Each list is complete in itself. */
static void pnp_request_all(const struct sample_device *device,
			    IO_RESOURCE_REQUIREMENTS_LIST *all)
{
	IO_RESOURCE_LIST *list = all->List;
	ULONG i, j;

	for (i = 0; i < all->AlternativeLists; i++) {
		struct sample_requests requests;

		sample_requests_init(&requests, sample_domain, device->group);
		for (j = 0; j < list->Count; j++)
			sample_requests_add(&requests, &list->Descriptors[j]);
		list = (IO_RESOURCE_LIST *)&list->Descriptors[list->Count];
	}
}

/*
 * The devices below see the request first, and need not handle it. The list is
 * the one of the status block; the parameters have the one that PnP sent.
 */
static NTSTATUS pnp_filter(struct sample_device *device, PIRP irp)
{
	const IO_STACK_LOCATION *stack = IoGetCurrentIrpStackLocation(irp);
	NTSTATUS status = pnp_below(device, irp);
	IO_RESOURCE_REQUIREMENTS_LIST *list =
		(IO_RESOURCE_REQUIREMENTS_LIST *)irp->IoStatus.Information;

	if (!list && status == STATUS_NOT_SUPPORTED)
		list = stack->Parameters.FilterResourceRequirements
			       .IoResourceRequirementList;
	if (!list || (!NT_SUCCESS(status) && status != STATUS_NOT_SUPPORTED))
		return pnp_complete(device, irp, status);
	pnp_request_all(device, list);
	irp->IoStatus.Information = (ULONG_PTR)list;
	return pnp_complete(device, irp, STATUS_SUCCESS);
}

/* ---- start, stop, remove ------------------------------------------------- */

/* The devices below start first; then use the assigned resources. */
static NTSTATUS pnp_start(struct sample_device *device, PIRP irp)
{
	const IO_STACK_LOCATION *stack = IoGetCurrentIrpStackLocation(irp);
	NTSTATUS status = pnp_below(device, irp);

	if (NT_SUCCESS(status)) {
		pnp_resources(device, stack->Parameters.StartDevice
					      .AllocatedResourcesTranslated);
		cpuslab_rebalance_pnp(&device->rebalance, IRP_MN_START_DEVICE);
	}
	return pnp_complete(device, irp, status);
}

/* Like a start, but it cannot fail. */
static NTSTATUS pnp_cancel_stop(struct sample_device *device, PIRP irp)
{
	irp->IoStatus.Status = STATUS_SUCCESS;
	pnp_below(device, irp);
	cpuslab_rebalance_pnp(&device->rebalance, IRP_MN_CANCEL_STOP_DEVICE);
	return pnp_complete(device, irp, STATUS_SUCCESS);
}

static NTSTATUS pnp_remove(PDEVICE_OBJECT object, PIRP irp)
{
	struct sample_device *device = object->DeviceExtension;
	PDEVICE_OBJECT below = device->below;
	NTSTATUS status;

	cpuslab_rebalance_fini(&device->rebalance);
	irp->IoStatus.Status = STATUS_SUCCESS;
	status = pnp_forward(device, irp);
	/* Requests of other threads have then been passed on. */
	IoReleaseRemoveLockAndWait(&device->lock, irp);
	IoDetachDevice(below);
	IoDeleteDevice(object);
	if (cpuslab_fetch_add_u32(&pnp_devices, (uint32_t)-1) == 1)
		sample_control_delete();
	return status;
}

/* Requests that must carry STATUS_SUCCESS when they are passed on. */
static bool pnp_agrees(struct sample_device *device, UCHAR minor)
{
	switch (minor) {
	case IRP_MN_QUERY_REMOVE_DEVICE:
	case IRP_MN_CANCEL_REMOVE_DEVICE:
	case IRP_MN_SURPRISE_REMOVAL:
		/* A real device stops its work in the last of them. */
		return true;
	default:
		/* A stop for a rebalance is never refused. */
		return cpuslab_rebalance_pnp(&device->rebalance, minor);
	}
}

/* Only the control device has no extension, and it gets no such requests. */
NTSTATUS NTAPI sample_pnp(PDEVICE_OBJECT object, PIRP irp)
{
	UCHAR minor = IoGetCurrentIrpStackLocation(irp)->MinorFunction;
	struct sample_device *device = object->DeviceExtension;
	NTSTATUS status;

	if (!device)
		return pnp_complete(NULL, irp, STATUS_INVALID_DEVICE_REQUEST);
	status = IoAcquireRemoveLock(&device->lock, irp);
	if (!NT_SUCCESS(status))
		return pnp_complete(NULL, irp, status);
	if (minor == IRP_MN_REMOVE_DEVICE)
		return pnp_remove(object, irp);
	if (minor == IRP_MN_START_DEVICE)
		return pnp_start(device, irp);
	if (minor == IRP_MN_CANCEL_STOP_DEVICE)
		return pnp_cancel_stop(device, irp);
	if (minor == IRP_MN_FILTER_RESOURCE_REQUIREMENTS)
		return pnp_filter(device, irp);
	if (pnp_agrees(device, minor))
		irp->IoStatus.Status = STATUS_SUCCESS;
	return pnp_pass(device, irp);
}

/* The devices below handle power management requests. */
NTSTATUS NTAPI sample_power(PDEVICE_OBJECT object, PIRP irp)
{
	struct sample_device *device = object->DeviceExtension;
	NTSTATUS status;

	PoStartNextPowerIrp(irp);
	if (!device)
		return pnp_complete(NULL, irp, STATUS_INVALID_DEVICE_REQUEST);
	status = IoAcquireRemoveLock(&device->lock, irp);
	if (!NT_SUCCESS(status))
		return pnp_complete(NULL, irp, status);
	IoSkipCurrentIrpStackLocation(irp);
	status = PoCallDriver(device->below, irp);
	IoReleaseRemoveLock(&device->lock, irp);
	return status;
}

NTSTATUS NTAPI sample_system_control(PDEVICE_OBJECT object, PIRP irp)
{
	struct sample_device *device = object->DeviceExtension;
	NTSTATUS status;

	if (!device)
		return pnp_complete(NULL, irp, STATUS_INVALID_DEVICE_REQUEST);
	status = IoAcquireRemoveLock(&device->lock, irp);
	if (!NT_SUCCESS(status))
		return pnp_complete(NULL, irp, status);
	return pnp_pass(device, irp);
}
