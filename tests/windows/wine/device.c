/* SPDX-License-Identifier: MIT */
#include "device.h"

static void (*device_run)(struct control *control);

static NTSTATUS NTAPI device_complete(PDEVICE_OBJECT device, PIRP irp)
{
	(void)device;
	irp->IoStatus.Status = STATUS_SUCCESS;
	irp->IoStatus.Information = 0;
	IoCompleteRequest(irp, IO_NO_INCREMENT);
	return STATUS_SUCCESS;
}

static NTSTATUS NTAPI device_control(PDEVICE_OBJECT device, PIRP irp)
{
	PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
	NTSTATUS status = STATUS_INVALID_PARAMETER;

	(void)device;
	irp->IoStatus.Information = 0;
	if (stack->Parameters.DeviceIoControl.IoControlCode == CONTROL_CODE &&
	    stack->Parameters.DeviceIoControl.InputBufferLength ==
		    sizeof(struct control) &&
	    stack->Parameters.DeviceIoControl.OutputBufferLength ==
		    sizeof(struct control)) {
		device_run(irp->AssociatedIrp.SystemBuffer);
		irp->IoStatus.Information = sizeof(struct control);
		status = STATUS_SUCCESS;
	}
	irp->IoStatus.Status = status;
	IoCompleteRequest(irp, IO_NO_INCREMENT);
	return status;
}

NTSTATUS device_create(PDRIVER_OBJECT driver, PCWSTR path, PCWSTR link,
		       void (*run)(struct control *control))
{
	UNICODE_STRING device_path, device_link;
	PDEVICE_OBJECT device;
	NTSTATUS status;

	device_run = run;
	RtlInitUnicodeString(&device_path, path);
	RtlInitUnicodeString(&device_link, link);
	status = IoCreateDevice(driver, 0, &device_path, FILE_DEVICE_UNKNOWN, 0,
				FALSE, &device);
	if (!NT_SUCCESS(status))
		return status;
	status = IoCreateSymbolicLink(&device_link, &device_path);
	if (!NT_SUCCESS(status)) {
		IoDeleteDevice(device);
		return status;
	}
	driver->MajorFunction[IRP_MJ_CREATE] = device_complete;
	driver->MajorFunction[IRP_MJ_CLOSE] = device_complete;
	driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = device_control;
	return STATUS_SUCCESS;
}

void device_delete(PDRIVER_OBJECT driver, PCWSTR link)
{
	UNICODE_STRING device_link;

	RtlInitUnicodeString(&device_link, link);
	IoDeleteSymbolicLink(&device_link);
	IoDeleteDevice(driver->DeviceObject);
}
