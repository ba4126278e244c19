/* SPDX-License-Identifier: MIT */
/*
 * wdf.h - the part of the framework's interface that the KMDF sample uses, as
 * its reference has it, for a syntax check without the WDK. Structures have the
 * members that are used.
 */
#ifndef TESTS_WINDOWS_WDF_H
#define TESTS_WINDOWS_WDF_H

#include <ntddk.h>

#define WDF_HANDLE(name) typedef struct name##__ *name

typedef PVOID WDFOBJECT;
WDF_HANDLE(WDFDRIVER);
WDF_HANDLE(WDFDEVICE);
WDF_HANDLE(WDFQUEUE);
WDF_HANDLE(WDFREQUEST);
WDF_HANDLE(WDFIORESLIST);
WDF_HANDLE(WDFIORESREQLIST);
WDF_HANDLE(WDFCMRESLIST);
typedef struct WDFDEVICE_INIT *PWDFDEVICE_INIT;

#define WDF_NO_HANDLE NULL
#define WDF_NO_OBJECT_ATTRIBUTES NULL

/* ---- objects and their contexts ------------------------------------------ */

typedef VOID NTAPI EVT_WDF_OBJECT_CONTEXT_CLEANUP(WDFOBJECT object);

typedef struct {
	EVT_WDF_OBJECT_CONTEXT_CLEANUP *EvtCleanupCallback;
	size_t ContextBytes;
} WDF_OBJECT_ATTRIBUTES, *PWDF_OBJECT_ATTRIBUTES;

PVOID WdfObjectGetContext(WDFOBJECT object, size_t bytes);

#define WDF_DECLARE_CONTEXT_TYPE_WITH_NAME(type, function)                     \
	static inline type *function(WDFOBJECT object)                         \
	{                                                                      \
		return WdfObjectGetContext(object, sizeof(type));              \
	}
#define WDF_OBJECT_ATTRIBUTES_INIT_CONTEXT_TYPE(attributes, type)              \
	((attributes)->ContextBytes = sizeof(type))

/* ---- the driver ---------------------------------------------------------- */

typedef NTSTATUS NTAPI EVT_WDF_DRIVER_DEVICE_ADD(WDFDRIVER driver,
						 PWDFDEVICE_INIT init);
typedef VOID NTAPI EVT_WDF_DRIVER_UNLOAD(WDFDRIVER driver);

typedef struct {
	EVT_WDF_DRIVER_DEVICE_ADD *EvtDriverDeviceAdd;
	EVT_WDF_DRIVER_UNLOAD *EvtDriverUnload;
} WDF_DRIVER_CONFIG, *PWDF_DRIVER_CONFIG;

VOID WDF_DRIVER_CONFIG_INIT(PWDF_DRIVER_CONFIG config,
			    EVT_WDF_DRIVER_DEVICE_ADD *add);
NTSTATUS WdfDriverCreate(PDRIVER_OBJECT driver, PCUNICODE_STRING path,
			 PWDF_OBJECT_ATTRIBUTES attributes,
			 PWDF_DRIVER_CONFIG config, WDFDRIVER *object);
PDRIVER_OBJECT WdfDriverWdmGetDriverObject(WDFDRIVER driver);

/* ---- the device ---------------------------------------------------------- */

typedef NTSTATUS NTAPI EVT_WDF_DEVICE_PREPARE_HARDWARE(WDFDEVICE device,
						       WDFCMRESLIST raw,
						       WDFCMRESLIST translated);
typedef NTSTATUS NTAPI EVT_WDF_DEVICE_RELEASE_HARDWARE(WDFDEVICE device,
						       WDFCMRESLIST translated);
typedef NTSTATUS NTAPI EVT_WDF_DEVICE_FILTER_RESOURCE_REQUIREMENTS(
	WDFDEVICE device, WDFIORESREQLIST list);
typedef NTSTATUS NTAPI EVT_WDF_DEVICE_REMOVE_ADDED_RESOURCES(
	WDFDEVICE device, WDFCMRESLIST raw, WDFCMRESLIST translated);

typedef struct {
	EVT_WDF_DEVICE_PREPARE_HARDWARE *EvtDevicePrepareHardware;
	EVT_WDF_DEVICE_RELEASE_HARDWARE *EvtDeviceReleaseHardware;
} WDF_PNPPOWER_EVENT_CALLBACKS, *PWDF_PNPPOWER_EVENT_CALLBACKS;

typedef struct {
	EVT_WDF_DEVICE_FILTER_RESOURCE_REQUIREMENTS
	*EvtDeviceFilterAddResourceRequirements;
	EVT_WDF_DEVICE_REMOVE_ADDED_RESOURCES *EvtDeviceRemoveAddedResources;
} WDF_FDO_EVENT_CALLBACKS, *PWDF_FDO_EVENT_CALLBACKS;

VOID WDF_PNPPOWER_EVENT_CALLBACKS_INIT(PWDF_PNPPOWER_EVENT_CALLBACKS events);
VOID WDF_FDO_EVENT_CALLBACKS_INIT(PWDF_FDO_EVENT_CALLBACKS events);
VOID WdfDeviceInitSetPnpPowerEventCallbacks(
	PWDFDEVICE_INIT init, PWDF_PNPPOWER_EVENT_CALLBACKS events);
VOID WdfFdoInitSetEventCallbacks(PWDFDEVICE_INIT init,
				 PWDF_FDO_EVENT_CALLBACKS events);
NTSTATUS WdfDeviceInitAssignSDDLString(PWDFDEVICE_INIT init,
				       PCUNICODE_STRING descriptor);
NTSTATUS WdfDeviceInitAssignName(PWDFDEVICE_INIT init, PCUNICODE_STRING name);
NTSTATUS WdfDeviceCreate(PWDFDEVICE_INIT *init,
			 PWDF_OBJECT_ATTRIBUTES attributes, WDFDEVICE *device);
NTSTATUS WdfDeviceCreateSymbolicLink(WDFDEVICE device, PCUNICODE_STRING link);

/* ---- queues and requests ------------------------------------------------- */

typedef VOID NTAPI EVT_WDF_IO_QUEUE_IO_DEVICE_CONTROL(WDFQUEUE queue,
						      WDFREQUEST request,
						      size_t output_bytes,
						      size_t input_bytes,
						      ULONG code);
typedef enum {
	WdfIoQueueDispatchParallel = 2
} WDF_IO_QUEUE_DISPATCH_TYPE;

typedef struct {
	EVT_WDF_IO_QUEUE_IO_DEVICE_CONTROL *EvtIoDeviceControl;
} WDF_IO_QUEUE_CONFIG, *PWDF_IO_QUEUE_CONFIG;

VOID WDF_IO_QUEUE_CONFIG_INIT_DEFAULT_QUEUE(PWDF_IO_QUEUE_CONFIG config,
					    WDF_IO_QUEUE_DISPATCH_TYPE type);
NTSTATUS WdfIoQueueCreate(WDFDEVICE device, PWDF_IO_QUEUE_CONFIG config,
			  PWDF_OBJECT_ATTRIBUTES attributes, WDFQUEUE *queue);
WDFDEVICE WdfIoQueueGetDevice(WDFQUEUE queue);
NTSTATUS WdfRequestRetrieveInputBuffer(WDFREQUEST request, size_t minimum,
				       PVOID *buffer, size_t *bytes);
NTSTATUS WdfRequestRetrieveOutputBuffer(WDFREQUEST request, size_t minimum,
					PVOID *buffer, size_t *bytes);
VOID WdfRequestCompleteWithInformation(WDFREQUEST request, NTSTATUS status,
				       ULONG_PTR information);

/* ---- resources ----------------------------------------------------------- */

ULONG WdfIoResourceRequirementsListGetCount(WDFIORESREQLIST lists);
WDFIORESLIST WdfIoResourceRequirementsListGetIoResList(WDFIORESREQLIST lists,
						       ULONG i);
ULONG WdfIoResourceListGetCount(WDFIORESLIST list);
PIO_RESOURCE_DESCRIPTOR WdfIoResourceListGetDescriptor(WDFIORESLIST list,
						       ULONG i);
VOID WdfIoResourceListUpdateDescriptor(WDFIORESLIST list,
				       PIO_RESOURCE_DESCRIPTOR descriptor,
				       ULONG i);
ULONG WdfCmResourceListGetCount(WDFCMRESLIST list);
PCM_PARTIAL_RESOURCE_DESCRIPTOR
WdfCmResourceListGetDescriptor(WDFCMRESLIST list, ULONG i);

#endif /* TESTS_WINDOWS_WDF_H */
