/* SPDX-License-Identifier: MIT */
/*
 * bus.c - the bus below the sample's device: it adds the device, sends what PnP
 * sends down the device's stack, as real IRPs, and answers them below.
 */
#define NT_PROCESSOR_GROUPS

#include "bus.h"

#include "../fake_nt/system.h"

#define BUS_NAME L"\\Driver\\cpuslab-sample"

NTSYSAPI NTSTATUS NTAPI ZwQuerySecurityObject(HANDLE handle, ULONG information,
					      PVOID descriptor, ULONG bytes,
					      PULONG needed);
NTKERNELAPI NTSTATUS NTAPI
ObReferenceObjectByName(PUNICODE_STRING name, ULONG attributes,
			PVOID access_state, ACCESS_MASK access, PVOID type,
			KPROCESSOR_MODE mode, PVOID context, PVOID *object);
extern __declspec(dllimport) PVOID *IoDriverObjectType;

/* A list of requirements with room, and u.Interrupt as Windows defines it. */
struct bus_interrupt {
	ULONG minimum, maximum;
	USHORT policy, group;
	ULONG priority;
	KAFFINITY targets;
};

union bus_list {
	IO_RESOURCE_REQUIREMENTS_LIST list;
	uint64_t room[64];
};

static PDRIVER_OBJECT bus_driver; /* W driver entry */
static PDEVICE_OBJECT bus_device; /* W add, remove */

/* The request in progress; W the sender, below: the bus. */
static struct {
	struct control control; /* as it was asked for */
	uint32_t phase;         /* BUS_* */
	PIRP held;
	NTSTATUS seen; /* the status with which the bus got it */
	NTSTATUS status;
	ULONG_PTR information;
	bool pending; /* when it was completed */
	union bus_list requirements;
	CM_RESOURCE_LIST assigned;
} bus_request;

/* ---- below --------------------------------------------------------------- */

static NTSTATUS bus_complete(PIRP irp)
{
	NTSTATUS status = (NTSTATUS)bus_request.control.arg[BUS_STATUS];

	/* One that it does not know keeps its status. */
	if (status != STATUS_NOT_SUPPORTED)
		irp->IoStatus.Status = status;
	status = irp->IoStatus.Status;
	IoCompleteRequest(irp, IO_NO_INCREMENT);
	return status;
}

static NTSTATUS NTAPI bus_dispatch(PDEVICE_OBJECT device, PIRP irp)
{
	if (device != bus_device) {
		system_violation("a request for another device");
		return STATUS_INVALID_DEVICE_REQUEST;
	}
	system_check_irql(PASSIVE_LEVEL, "a PnP request above PASSIVE_LEVEL");
	bus_request.seen = irp->IoStatus.Status;
	if (!bus_request.control.arg[BUS_HOLDS]) {
		cpuslab_store_release_u32(&bus_request.phase, BUS_HAS_IT);
		return bus_complete(irp);
	}
	IoMarkIrpPending(irp);
	bus_request.held = irp;
	cpuslab_store_release_u32(&bus_request.phase, BUS_HAS_IT);
	return STATUS_PENDING;
}

/* ---- lists of resources -------------------------------------------------- */

static struct bus_interrupt *bus_interrupt(IO_RESOURCE_DESCRIPTOR *one)
{
	return (struct bus_interrupt *)(void *)&one->u;
}

/* Append one to @list. */
static void bus_require(IO_RESOURCE_LIST *list, UCHAR type, UCHAR option,
			USHORT flags)
{
	IO_RESOURCE_DESCRIPTOR *one = &list->Descriptors[list->Count++];

	one->Type = type;
	one->Option = option;
	one->Flags = flags;
	memset(&one->u, 0x5a, sizeof(one->u));
}

static IO_RESOURCE_LIST *bus_next(IO_RESOURCE_LIST *list)
{
	return (IO_RESOURCE_LIST *)&list->Descriptors[list->Count];
}

/* Memory and a line; or messages, for the second of which there is another. */
static void bus_require_all(IO_RESOURCE_LIST *list, bool messages)
{
	const USHORT message = CM_RESOURCE_INTERRUPT_MESSAGE |
			       CM_RESOURCE_INTERRUPT_LATCHED;
	const UCHAR type = CmResourceTypeInterrupt;

	list->Count = 0;
	bus_require(list, CmResourceTypeMemory, 0, 0);
	if (messages) {
		bus_require(list, type, 0, message);
		bus_require(list, type, IO_RESOURCE_PREFERRED, message);
		bus_require(list, type, IO_RESOURCE_ALTERNATIVE, message);
		bus_require(list, type, 0, message);
	}
	bus_require(list, type, messages ? IO_RESOURCE_ALTERNATIVE : 0,
		    CM_RESOURCE_INTERRUPT_LEVEL_SENSITIVE);
}

static void bus_lists(uint32_t kind)
{
	IO_RESOURCE_REQUIREMENTS_LIST *list = &bus_request.requirements.list;

	memset(list, 0, sizeof(bus_request.requirements));
	list->AlternativeLists = kind == BUS_TWO_LISTS ? 2 : 1;
	bus_require_all(list->List, kind != BUS_LINE);
	if (kind == BUS_TWO_LISTS)
		bus_require_all(bus_next(list->List), false);
	list->ListSize = sizeof(bus_request.requirements);
}

/* What was requested, one struct bus_requested for each interrupt. */
static void bus_read_lists(struct control *control)
{
	IO_RESOURCE_LIST *list = bus_request.requirements.list.List;
	struct bus_requested *to =
		(struct bus_requested *)(void *)control->text;
	uint32_t i, j;

	for (i = 0; i < bus_request.requirements.list.AlternativeLists; i++) {
		for (j = 0; j < list->Count; j++) {
			IO_RESOURCE_DESCRIPTOR *one = &list->Descriptors[j];
			struct bus_interrupt *interrupt = bus_interrupt(one);

			if (one->Type != CmResourceTypeInterrupt)
				continue;
			to->targets = interrupt->targets;
			to->group = interrupt->group;
			to->policy = interrupt->policy;
			to++->others = interrupt->minimum == 0x5a5a5a5a &&
				       interrupt->maximum == 0x5a5a5a5a &&
				       interrupt->priority == 0x5a5a5a5a;
		}
		list = bus_next(list);
	}
}

/* An interrupt on the processors of @mask, for a start. */
static CM_RESOURCE_LIST *bus_assign(uint32_t mask)
{
	CM_PARTIAL_RESOURCE_LIST *list =
		&bus_request.assigned.List[0].PartialResourceList;

	if (!mask)
		return NULL;
	bus_request.assigned.Count = 1;
	list->Count = 1;
	list->PartialDescriptors[0].Type = CmResourceTypeInterrupt;
	list->PartialDescriptors[0].u.Interrupt.Group = 0;
	list->PartialDescriptors[0].u.Interrupt.Affinity = mask;
	return &bus_request.assigned;
}

/* ---- the sender ---------------------------------------------------------- */

static NTSTATUS NTAPI bus_done(PDEVICE_OBJECT device, PIRP irp, PVOID event)
{
	(void)device;
	bus_request.pending = irp->PendingReturned;
	KeSetEvent(event, IO_NO_INCREMENT, FALSE);
	return STATUS_MORE_PROCESSING_REQUIRED;
}

static void bus_parameters(PIRP irp, PIO_STACK_LOCATION stack)
{
	const uint32_t *arg = bus_request.control.arg;

	stack->MajorFunction = (UCHAR)arg[BUS_MAJOR];
	stack->MinorFunction = (UCHAR)arg[BUS_MINOR];
	irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
	if (arg[BUS_MAJOR] != IRP_MJ_PNP)
		return;
	if (arg[BUS_MINOR] == IRP_MN_START_DEVICE)
		stack->Parameters.StartDevice.AllocatedResourcesTranslated =
			bus_assign(arg[BUS_ASSIGNED]);
	if (arg[BUS_MINOR] != IRP_MN_FILTER_RESOURCE_REQUIREMENTS ||
	    arg[BUS_LISTS] == BUS_NO_LIST)
		return;
	bus_lists(arg[BUS_LISTS]);
	stack->Parameters.FilterResourceRequirements.IoResourceRequirementList =
		&bus_request.requirements.list;
	if (arg[BUS_LISTS] != BUS_IN_PARAMETERS)
		irp->IoStatus.Information =
			(ULONG_PTR)&bus_request.requirements.list;
}

static void bus_run(void *arg)
{
	PDEVICE_OBJECT top = IoGetAttachedDeviceReference(bus_device);
	PIRP irp = IoAllocateIrp(top->StackSize, FALSE);
	NTSTATUS status;
	KEVENT done;

	(void)arg;
	system_thread_begin();
	KeInitializeEvent(&done, NotificationEvent, FALSE);
	bus_parameters(irp, IoGetNextIrpStackLocation(irp));
	IoSetCompletionRoutine(irp, bus_done, &done, TRUE, TRUE, TRUE);
	status = IoCallDriver(top, irp);
	KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
	if ((status == STATUS_PENDING) != bus_request.pending)
		system_violation("pending, but not marked so");
	if (status != STATUS_PENDING && status != irp->IoStatus.Status)
		system_violation("another status than the request's");
	bus_request.status = irp->IoStatus.Status;
	bus_request.information = irp->IoStatus.Information;
	IoFreeIrp(irp);
	ObDereferenceObject(top);
	cpuslab_store_release_u32(&bus_request.phase, BUS_SENT);
}

/* ---- the driver above ---------------------------------------------------- */

static NTSTATUS bus_find(PDRIVER_OBJECT *driver)
{
	UNICODE_STRING name = RTL_CONSTANT_STRING(BUS_NAME);

	return ObReferenceObjectByName(&name, OBJ_CASE_INSENSITIVE, NULL, 0,
				       *IoDriverObjectType, KernelMode, NULL,
				       (PVOID *)driver);
}

static void bus_remove(struct control *control)
{
	PDEVICE_OBJECT top = IoGetAttachedDeviceReference(bus_device);

	control->result[0] = top == bus_device; /* nothing is attached */
	ObDereferenceObject(top);
	IoDeleteDevice(bus_device);
	bus_device = NULL;
}

static NTSTATUS bus_add(struct control *control)
{
	PDRIVER_OBJECT driver;
	PDEVICE_OBJECT top;
	NTSTATUS status = bus_find(&driver);

	if (!NT_SUCCESS(status))
		return status;
	status = IoCreateDevice(bus_driver, 0, NULL, FILE_DEVICE_BUS_EXTENDER,
				0, FALSE, &bus_device);
	if (!NT_SUCCESS(status))
		return status;
	bus_device->Flags |= DO_POWER_PAGABLE;
	bus_device->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
	status = driver->DriverExtension->AddDevice(driver, bus_device);
	ObDereferenceObject(driver);
	if (!NT_SUCCESS(status)) {
		bus_remove(control);
		return status;
	}
	top = IoGetAttachedDeviceReference(bus_device);
	control->result[0] = top->Flags;
	control->result[1] = (uint64_t)(top->StackSize - bus_device->StackSize);
	ObDereferenceObject(top);
	return status;
}

/* The descriptor of the driver's first device, into the text. */
static NTSTATUS bus_security(struct control *control)
{
	PDRIVER_OBJECT driver;
	HANDLE handle;
	ULONG needed;
	NTSTATUS status = bus_find(&driver);

	if (!NT_SUCCESS(status))
		return status;
	status = ObOpenObjectByPointer(driver->DeviceObject, OBJ_KERNEL_HANDLE,
				       NULL, READ_CONTROL, NULL, KernelMode,
				       &handle);
	if (NT_SUCCESS(status)) {
		status = ZwQuerySecurityObject(handle,
					       DACL_SECURITY_INFORMATION,
					       control->text, CONTROL_TEXT,
					       &needed);
		ZwClose(handle);
	}
	ObDereferenceObject(driver);
	return status;
}

/* ---- control ------------------------------------------------------------- */

static void bus_read(struct control *control)
{
	control->result[0] = cpuslab_load_acquire_u32(&bus_request.phase);
	control->result[1] = (uint32_t)bus_request.seen;
	control->result[2] = bus_request.information != 0;
	control->result[3] = bus_request.information ==
			     (ULONG_PTR)&bus_request.requirements.list;
	control->status = bus_request.status;
	bus_read_lists(control);
}

void bus_init(PDRIVER_OBJECT driver)
{
	bus_driver = driver;
	driver->MajorFunction[IRP_MJ_PNP] = bus_dispatch;
	driver->MajorFunction[IRP_MJ_POWER] = bus_dispatch;
	driver->MajorFunction[IRP_MJ_SYSTEM_CONTROL] = bus_dispatch;
}

bool bus_control(struct control *control)
{
	switch (control->command) {
	case BUS_ADD:
		control->status = bus_add(control);
		return true;
	case BUS_SEND:
		memset(&bus_request, 0, sizeof(bus_request));
		bus_request.control = *control;
		system_background(bus_run, NULL);
		return true;
	case BUS_ANSWER:
		bus_complete(bus_request.held);
		return true;
	case BUS_READ:
		bus_read(control);
		return true;
	case BUS_REMOVE:
		bus_remove(control);
		return true;
	case BUS_SECURITY:
		control->status = bus_security(control);
		return true;
	default:
		return false;
	}
}
