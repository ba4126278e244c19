/* SPDX-License-Identifier: MIT */
/*
 * driver.c - the sample as a WDM driver: its entry, its control device, its
 * requests.
 */
#include "driver.h"

#include <wdmsec.h>

DRIVER_INITIALIZE DriverEntry;

static PDEVICE_OBJECT sample_control_device; /* NULL: none */

/* ---- requests ------------------------------------------------------------ */

static NTSTATUS sample_request(const IO_STACK_LOCATION *stack, void *buffer,
			       ULONG_PTR *bytes)
{
	struct sample_report *report = buffer;
	uint64_t count;

	switch (stack->Parameters.DeviceIoControl.IoControlCode) {
	case SAMPLE_COUNT:
		if (stack->Parameters.DeviceIoControl.InputBufferLength <
		    sizeof(count))
			return STATUS_BUFFER_TOO_SMALL;
		count = *(const uint64_t *)buffer;
		if (count > SAMPLE_MAX_COUNT)
			return STATUS_INVALID_PARAMETER;
		while (count--)
			sample_event();
		return STATUS_SUCCESS;
	case SAMPLE_READ:
		if (stack->Parameters.DeviceIoControl.OutputBufferLength <
		    sizeof(struct sample_report))
			return STATUS_BUFFER_TOO_SMALL;
		sample_statistics(report);
		report->steered = sample_steered();
		report->interrupt = sample_interrupt();
		*bytes = sizeof(*report);
		return STATUS_SUCCESS;
	default:
		return STATUS_INVALID_DEVICE_REQUEST;
	}
}

static NTSTATUS NTAPI sample_control(PDEVICE_OBJECT device, PIRP irp)
{
	NTSTATUS status = STATUS_INVALID_DEVICE_REQUEST;

	irp->IoStatus.Information = 0;
	if (device == sample_control_device)
		status = sample_request(IoGetCurrentIrpStackLocation(irp),
					irp->AssociatedIrp.SystemBuffer,
					&irp->IoStatus.Information);
	irp->IoStatus.Status = status;
	IoCompleteRequest(irp, IO_NO_INCREMENT);
	return status;
}

static NTSTATUS NTAPI sample_complete(PDEVICE_OBJECT device, PIRP irp)
{
	(void)device;
	irp->IoStatus.Status = STATUS_SUCCESS;
	irp->IoStatus.Information = 0;
	IoCompleteRequest(irp, IO_NO_INCREMENT);
	return STATUS_SUCCESS;
}

/* ---- load and unload ----------------------------------------------------- */

NTSTATUS sample_control_create(PDRIVER_OBJECT driver)
{
	UNICODE_STRING path, link;
	NTSTATUS status;

	if (sample_control_device)
		return STATUS_SUCCESS;
	RtlInitUnicodeString(&path, L"\\Device\\" SAMPLE_NAME);
	RtlInitUnicodeString(&link, L"\\DosDevices\\" SAMPLE_NAME);
	/* The system and administrators only. */
	status = IoCreateDeviceSecure(driver, 0, &path, FILE_DEVICE_UNKNOWN,
				      FILE_DEVICE_SECURE_OPEN, FALSE,
				      &SDDL_DEVOBJ_SYS_ALL_ADM_ALL, NULL,
				      &sample_control_device);
	if (!NT_SUCCESS(status))
		return status;
	status = IoCreateSymbolicLink(&link, &path);
	if (!NT_SUCCESS(status)) {
		IoDeleteDevice(sample_control_device);
		sample_control_device = NULL;
		return status;
	}
	/* The system does this after DriverEntry only, not after AddDevice. */
	sample_control_device->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
	return STATUS_SUCCESS;
}

void sample_control_delete(void)
{
	UNICODE_STRING link;

	if (!sample_control_device)
		return;
	RtlInitUnicodeString(&link, L"\\DosDevices\\" SAMPLE_NAME);
	IoDeleteSymbolicLink(&link);
	IoDeleteDevice(sample_control_device);
	sample_control_device = NULL;
}

static VOID NTAPI sample_unload(PDRIVER_OBJECT driver)
{
	(void)driver;
	sample_control_delete();
	sample_stop();
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path)
{
	NTSTATUS status = cpuslab_kernel_status(sample_start());

	(void)path;
	if (!NT_SUCCESS(status))
		return status;
	driver->MajorFunction[IRP_MJ_CREATE] = sample_complete;
	driver->MajorFunction[IRP_MJ_CLOSE] = sample_complete;
	driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = sample_control;
	driver->MajorFunction[IRP_MJ_PNP] = sample_pnp;
	driver->MajorFunction[IRP_MJ_POWER] = sample_power;
	driver->MajorFunction[IRP_MJ_SYSTEM_CONTROL] = sample_system_control;
	driver->DriverExtension->AddDevice = sample_add_device;
	/* Last, since from here on a program may open it. */
	status = sample_control_create(driver);
	if (!NT_SUCCESS(status)) {
		sample_stop();
		return status;
	}
	driver->DriverUnload = sample_unload;
	return STATUS_SUCCESS;
}
