/* SPDX-License-Identifier: MIT */
/*
 * driver.c - the sample as a KMDF driver.
 *
 * Written from the documentation; only its syntax is checked in this project.
 *
 *	DriverEntry, EvtDriverUnload      begin and end with cpuslab
 *	EvtDriverDeviceAdd                register for changes of processors
 *	EvtDeviceFilterAddResource..      request new processors
 *	EvtDevicePrepareHardware          use what PnP assigned; steer
 *	EvtDeviceReleaseHardware          the resources are taken away
 *	EvtCleanupCallback of the device  unregister
 *
 * At a stop for a rebalance the framework asks nobody, and holds requests in
 * its queues, so nothing is to be done for the query and its cancellation.
 */
#define NT_PROCESSOR_GROUPS /* resources name their group */

#include <ntddk.h>
#include <wdf.h>
#include <wdmsec.h>

#include <cpuslab/kernel.h>
#include <cpuslab/rebalance.h>

#include "../requests.h"
#include "../statistics.h"

/* The framework's macros need a name of one word. */
typedef struct kmdf_device {
	struct cpuslab_rebalance rebalance;
	uint32_t registered; /* is rebalance? */
	uint32_t steered;
	KAFFINITY interrupt; /* what PnP assigned */
	USHORT group;
	KAFFINITY threads; /* processors of that group where its work may run */
} KMDF_DEVICE;

WDF_DECLARE_CONTEXT_TYPE_WITH_NAME(KMDF_DEVICE, kmdf_device_of)

DRIVER_INITIALIZE DriverEntry;
static EVT_WDF_DRIVER_DEVICE_ADD kmdf_device_add;
static EVT_WDF_DRIVER_UNLOAD kmdf_unload;
static EVT_WDF_DEVICE_PREPARE_HARDWARE kmdf_prepare;
static EVT_WDF_DEVICE_RELEASE_HARDWARE kmdf_release;
static EVT_WDF_DEVICE_FILTER_RESOURCE_REQUIREMENTS kmdf_filter;
static EVT_WDF_DEVICE_REMOVE_ADDED_RESOURCES kmdf_added;
static EVT_WDF_OBJECT_CONTEXT_CLEANUP kmdf_cleanup;
static EVT_WDF_IO_QUEUE_IO_DEVICE_CONTROL kmdf_control;

/* ---- requests of programs ------------------------------------------------ */

static NTSTATUS kmdf_count(WDFREQUEST request)
{
	uint64_t *count, left;
	NTSTATUS status = WdfRequestRetrieveInputBuffer(request, sizeof(*count),
							(PVOID *)&count, NULL);

	if (!NT_SUCCESS(status))
		return status;
	left = *count;
	if (left > SAMPLE_MAX_COUNT)
		return STATUS_INVALID_PARAMETER;
	while (left--)
		sample_event();
	return STATUS_SUCCESS;
}

static NTSTATUS kmdf_read(WDFREQUEST request, const KMDF_DEVICE *device,
			  ULONG_PTR *bytes)
{
	struct sample_report *report;
	NTSTATUS status = WdfRequestRetrieveOutputBuffer(
		request, sizeof(*report), (PVOID *)&report, NULL);

	if (!NT_SUCCESS(status))
		return status;
	sample_statistics(report);
	report->steered = cpuslab_load_relaxed_u32(&device->steered);
	report->interrupt = device->interrupt;
	*bytes = sizeof(*report);
	return STATUS_SUCCESS;
}

static VOID NTAPI kmdf_control(WDFQUEUE queue, WDFREQUEST request,
			       size_t output_bytes, size_t input_bytes,
			       ULONG code)
{
	NTSTATUS status = STATUS_INVALID_DEVICE_REQUEST;
	ULONG_PTR bytes = 0;

	UNREFERENCED_PARAMETER(output_bytes);
	UNREFERENCED_PARAMETER(input_bytes);
	if (code == SAMPLE_COUNT)
		status = kmdf_count(request);
	if (code == SAMPLE_READ)
		status = kmdf_read(request,
				   kmdf_device_of(WdfIoQueueGetDevice(queue)),
				   &bytes);
	WdfRequestCompleteWithInformation(request, status, bytes);
}

/* ---- resources and steering ---------------------------------------------- */

/* As pnp_steer() of the WDM sample: move threads, DPCs and queues here. */
static void kmdf_steer(struct cpuslab_rebalance *rebalance)
{
	KMDF_DEVICE *device = rebalance->arg;
	const struct cpuslab_cpumask *set = cpuslab_cpumask_get(sample_domain);

	device->threads = cpuslab_rebalance_mask(set, device->group);
	cpuslab_cpumask_put(set);
	cpuslab_fetch_add_u32(&device->steered, 1);
}

static const struct cpuslab_rebalance_ops kmdf_rebalance_ops = {
	.steer = kmdf_steer,
};

/* A descriptor that the list returns is not written; a copy replaces it. */
static void kmdf_request(struct sample_requests *requests, WDFIORESLIST list,
			 ULONG i)
{
	IO_RESOURCE_DESCRIPTOR one = *WdfIoResourceListGetDescriptor(list, i);

	sample_requests_add(requests, &one);
	WdfIoResourceListUpdateDescriptor(list, &one, i);
}

static NTSTATUS NTAPI kmdf_filter(WDFDEVICE object, WDFIORESREQLIST all)
{
	const KMDF_DEVICE *device = kmdf_device_of(object);
	ULONG lists = WdfIoResourceRequirementsListGetCount(all), i, j;

	for (i = 0; i < lists; i++) {
		WDFIORESLIST list =
			WdfIoResourceRequirementsListGetIoResList(all, i);
		ULONG count = WdfIoResourceListGetCount(list);
		struct sample_requests requests;

		sample_requests_init(&requests, sample_domain, device->group);
		for (j = 0; j < count; j++)
			kmdf_request(&requests, list, j);
	}
	return STATUS_SUCCESS;
}

/* The framework demands it of a driver that filters; none were added. */
static NTSTATUS NTAPI kmdf_added(WDFDEVICE object, WDFCMRESLIST raw,
				 WDFCMRESLIST translated)
{
	UNREFERENCED_PARAMETER(object);
	UNREFERENCED_PARAMETER(raw);
	UNREFERENCED_PARAMETER(translated);
	return STATUS_SUCCESS;
}

/*
 * A real device creates its interrupt here (WdfInterruptCreate() with
 * InterruptRaw and InterruptTranslated); the framework connects it to the
 * processors that PnP assigned.
 */
static NTSTATUS NTAPI kmdf_prepare(WDFDEVICE object, WDFCMRESLIST raw,
				   WDFCMRESLIST translated)
{
	KMDF_DEVICE *device = kmdf_device_of(object);
	ULONG count = WdfCmResourceListGetCount(translated), i;

	UNREFERENCED_PARAMETER(raw);
	for (i = 0; i < count; i++) {
		const CM_PARTIAL_RESOURCE_DESCRIPTOR *one =
			WdfCmResourceListGetDescriptor(translated, i);

		if (one->Type != CmResourceTypeInterrupt)
			continue;
		device->interrupt = one->u.Interrupt.Affinity;
		device->group = one->u.Interrupt.Group;
	}
	cpuslab_rebalance_pnp(&device->rebalance, IRP_MN_START_DEVICE);
	return STATUS_SUCCESS;
}

static NTSTATUS NTAPI kmdf_release(WDFDEVICE object, WDFCMRESLIST translated)
{
	UNREFERENCED_PARAMETER(translated);
	cpuslab_rebalance_pnp(&kmdf_device_of(object)->rebalance,
			      IRP_MN_STOP_DEVICE);
	return STATUS_SUCCESS;
}

/* ---- the device ---------------------------------------------------------- */

static VOID NTAPI kmdf_cleanup(WDFOBJECT object)
{
	KMDF_DEVICE *device = kmdf_device_of(object);

	if (device->registered)
		cpuslab_rebalance_fini(&device->rebalance);
}

static void kmdf_device_events(PWDFDEVICE_INIT init)
{
	WDF_PNPPOWER_EVENT_CALLBACKS power;
	WDF_FDO_EVENT_CALLBACKS fdo;

	WDF_PNPPOWER_EVENT_CALLBACKS_INIT(&power);
	power.EvtDevicePrepareHardware = kmdf_prepare;
	power.EvtDeviceReleaseHardware = kmdf_release;
	WdfDeviceInitSetPnpPowerEventCallbacks(init, &power);
	WDF_FDO_EVENT_CALLBACKS_INIT(&fdo);
	fdo.EvtDeviceFilterAddResourceRequirements = kmdf_filter;
	fdo.EvtDeviceRemoveAddedResources = kmdf_added;
	WdfFdoInitSetEventCallbacks(init, &fdo);
}

/* The name of the console program, for the system and administrators. */
static NTSTATUS kmdf_device_name(PWDFDEVICE_INIT init)
{
	UNICODE_STRING path;
	NTSTATUS status = WdfDeviceInitAssignSDDLString(
		init, &SDDL_DEVOBJ_SYS_ALL_ADM_ALL);

	RtlInitUnicodeString(&path, L"\\Device\\" SAMPLE_NAME);
	return NT_SUCCESS(status) ? WdfDeviceInitAssignName(init, &path) :
				    status;
}

static NTSTATUS kmdf_device_open(WDFDEVICE object)
{
	WDF_IO_QUEUE_CONFIG queue;
	UNICODE_STRING link;
	NTSTATUS status;

	WDF_IO_QUEUE_CONFIG_INIT_DEFAULT_QUEUE(&queue,
					       WdfIoQueueDispatchParallel);
	queue.EvtIoDeviceControl = kmdf_control;
	status = WdfIoQueueCreate(object, &queue, WDF_NO_OBJECT_ATTRIBUTES,
				  WDF_NO_HANDLE);
	if (!NT_SUCCESS(status))
		return status;
	RtlInitUnicodeString(&link, L"\\DosDevices\\" SAMPLE_NAME);
	return WdfDeviceCreateSymbolicLink(object, &link);
}

static NTSTATUS NTAPI kmdf_device_add(WDFDRIVER driver, PWDFDEVICE_INIT init)
{
	WDF_OBJECT_ATTRIBUTES attributes;
	KMDF_DEVICE *device;
	WDFDEVICE object;
	NTSTATUS status = kmdf_device_name(init);

	if (!NT_SUCCESS(status))
		return status;
	kmdf_device_events(init);
	WDF_OBJECT_ATTRIBUTES_INIT_CONTEXT_TYPE(&attributes, KMDF_DEVICE);
	attributes.EvtCleanupCallback = kmdf_cleanup;
	status = WdfDeviceCreate(&init, &attributes, &object);
	if (!NT_SUCCESS(status))
		return status;
	device = kmdf_device_of(object); /* zeroed */
	device->rebalance.ops = &kmdf_rebalance_ops;
	device->rebalance.domain = sample_domain;
	device->rebalance.arg = device;
	status = cpuslab_rebalance_init(&device->rebalance,
					WdfDriverWdmGetDriverObject(driver));
	if (!NT_SUCCESS(status))
		return status;
	device->registered = 1;
	return kmdf_device_open(object);
}

/* ---- the driver ---------------------------------------------------------- */

static VOID NTAPI kmdf_unload(WDFDRIVER driver)
{
	UNREFERENCED_PARAMETER(driver);
	sample_stop();
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path)
{
	WDF_DRIVER_CONFIG config;
	NTSTATUS status = cpuslab_kernel_status(sample_start());

	if (!NT_SUCCESS(status))
		return status;
	WDF_DRIVER_CONFIG_INIT(&config, kmdf_device_add);
	config.EvtDriverUnload = kmdf_unload;
	status = WdfDriverCreate(driver, path, WDF_NO_OBJECT_ATTRIBUTES,
				 &config, WDF_NO_HANDLE);
	/* Without a framework's driver there is no unload either. */
	if (!NT_SUCCESS(status))
		sample_stop();
	return status;
}
